import assert from "node:assert/strict";
import { test } from "node:test";

import { Splats } from "../../server/emoga_server/web/splats.js";
import { randomSplats } from "./helpers.mjs";

const delta = (indices, coefficients, value) => ({
  indices: Uint32Array.from(indices), coefficients, sh: new Float32Array(indices.length * coefficients * 3).fill(value),
});

test("textures hold what the buffers say", () => {
  const buffers = randomSplats(1, 7, 20), splats = new Splats(buffers);
  for (let i = 0; i < 20; i++) {
    assert.equal(splats.means[4 * i + 3], buffers.triangles[i]);
    assert.equal(splats.scales[4 * i + 3], buffers.opacities[i]);
    assert.equal(splats.scales[4 * i + 1], Math.fround(Math.exp(buffers.logScales[3 * i + 1])));
    assert.equal(splats.quaternions[4 * i + 3], buffers.quaternions[4 * i]);
    assert.equal(splats.quaternions[4 * i], buffers.quaternions[4 * i + 1]);
    // green of coefficient 2
    assert.equal(splats.colors[12 * i + 4 + 2], buffers.sh[(4 * i + 2) * 3 + 1]);
  }
});

for (const coefficients of [1, 4]) {
  test(`blending adds weighted deltas and returns exactly to neutral (${coefficients} coefficients)`, () => {
    const splats = new Splats(randomSplats(2, 5, 30, coefficients));
    const neutral = Float32Array.from(splats.colors);
    splats.setDelta("happy", delta([1, 4, 9], coefficients, 0.5));
    splats.setDelta("sad", delta([4], coefficients, -0.25));
    assert.ok(splats.blend(["happy", "sad"], [0.6, 0.4]));
    assert.ok(Math.abs(splats.colors[12 * 4] - (neutral[12 * 4] + 0.3 - 0.1)) < 1e-6);
    assert.ok(Math.abs(splats.colors[12] - (neutral[12] + 0.3)) < 1e-6);
    assert.equal(splats.colors[0], neutral[0]);
    assert.ok(splats.blend(["happy", "sad"], [0, 0]));
    assert.deepEqual(splats.colors, neutral);
  });
}

test("nothing happens while weights stay, and a new delta is seen at once", () => {
  const splats = new Splats(randomSplats(3, 5, 30));
  splats.setDelta("happy", delta([2], 4, 1));
  assert.ok(splats.blend(["happy"], [1]));
  const { version } = splats;
  assert.equal(splats.blend(["happy"], [1]), false);
  assert.equal(splats.version, version);
  splats.setDelta("happy", delta([2], 4, 2));
  assert.ok(splats.blend(["happy"], [1]));
  assert.ok(splats.version > version);
});
