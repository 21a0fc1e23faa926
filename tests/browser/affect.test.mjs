import assert from "node:assert/strict";
import { test } from "node:test";

import { colorOf, placeOf, weightsAt } from "../../server/emoga_server/web/affect.js";
import { LocalMixer } from "../../server/emoga_server/web/mixer.js";
import { random } from "./helpers.mjs";

const FEELINGS = [
  { name: "happy", valence: 0.85, arousal: 0.4 }, { name: "sad", valence: -0.65, arousal: -0.5 },
  { name: "angry", valence: -0.7, arousal: 0.55 }, { name: "fear", valence: -0.45, arousal: 0.85 },
];
const sum = (weights) => Object.values(weights).reduce((a, b) => a + b, 0);

test("a feeling's own place is that feeling alone, the origin is neutral", () => {
  for (const { name, valence, arousal } of FEELINGS) {
    const weights = weightsAt(valence, arousal, FEELINGS);
    assert.equal(weights[name], 1);
    assert.equal(sum(weights), 1);
  }
  assert.equal(sum(weightsAt(0, 0, FEELINGS)), 0);
  assert.deepEqual(weightsAt(0.3, 0.3, []), {});
});

test("weights are never negative, sum to 1 at most, and change without jumps", () => {
  const r = random(5);
  for (let i = 0; i < 400; i++) {
    const v = r() * 2 - 1, a = r() * 2 - 1;
    const here = weightsAt(v, a, FEELINGS), near = weightsAt(v + 1e-3, a - 1e-3, FEELINGS);
    assert.ok(sum(here) <= 1.002);
    for (const name of Object.keys(here)) {
      assert.ok(here[name] >= 0);
      assert.ok(Math.abs(here[name] - near[name]) < 0.03);
    }
  }
});

test("places of mixtures lie between their feelings", () => {
  assert.deepEqual(placeOf({ happy: 1 }, FEELINGS), [0.85, 0.4]);
  assert.deepEqual(placeOf({}, FEELINGS), [0, 0]);
  const [valence, arousal] = placeOf({ happy: 0.5, sad: 0.5 }, FEELINGS);
  assert.ok(Math.abs(valence - 0.1) < 1e-9 && Math.abs(arousal + 0.05) < 1e-9);
});

test("every feeling has a colour", () => {
  for (const feeling of [...FEELINGS, { name: "smug", valence: 0.2, arousal: -0.4 }]) {
    assert.match(colorOf(feeling), /^(#[0-9a-f]{6}|hsl\(\d+ \d+% \d+%\))$/);
  }
});

test("the local mixer moves along the curve and limits the sum", () => {
  const mixer = new LocalMixer();
  mixer.set({ happy: 1 }, { duration: 2, easing: "linear", now: 10 });
  assert.equal(mixer.at("happy", 11), 0.5);
  assert.equal(mixer.at("happy", 99), 1);
  mixer.set({ happy: 0.2 }, { duration: 1, easing: "smoothstep", now: 11 });
  assert.equal(mixer.at("happy", 11), 0.5);
  mixer.set({ happy: 1, sad: 1 }, { duration: 0, easing: "linear", now: 20 });
  const weights = mixer.weights(["happy", null, "sad"], 21);
  assert.deepEqual([...weights], [0.5, 0, 0.5]);
});
