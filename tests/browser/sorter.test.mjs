import assert from "node:assert/strict";
import { test } from "node:test";

import { Rig } from "../../server/emoga_server/web/rig.js";
import { Sorter } from "../../server/emoga_server/web/sorter.js";
import { Splats } from "../../server/emoga_server/web/splats.js";
import { random, randomHead, randomSplats } from "./helpers.mjs";

function depthOf(splats, rig, i, [x, y, z, w]) {
  const [a, b, c, t] = splats.means.subarray(4 * i, 4 * i + 4);
  const f = rig.frames.subarray(12 * t, 12 * t + 12);
  const u = f.subarray(4, 7), n = f.subarray(8, 11);
  const v = [u[1] * n[2] - u[2] * n[1], u[2] * n[0] - u[0] * n[2], u[0] * n[1] - u[1] * n[0]];
  const p = [0, 1, 2].map((k) => f[k] + f[3] * (a * u[k] + b * n[k] + c * v[k]));
  return x * p[0] + y * p[1] + z * p[2] + w;
}

function scene(seed, count) {
  const head = randomHead(seed), rig = new Rig(head);
  rig.pose(new Float32Array(head.expressionCount), new Float32Array(15), [0, 0, 0]);
  const splats = new Splats(randomSplats(seed + 1, head.triangleCount, count));
  return { rig, splats, sorter: new Sorter(splats.means.subarray(0, count * 4), head.triangleCount) };
}

test("the order is a permutation from far to near, up to one step of the depth range", () => {
  const r = random(9);
  for (let seed = 10; seed < 16; seed++) {
    const { rig, splats, sorter } = scene(seed, 700);
    const view = [r() - 0.5, r() - 0.5, r() - 0.5, r()];
    const order = sorter.sort(rig.frames, ...view);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 700 }, (_, i) => i));
    const depths = [...order].map((i) => depthOf(splats, rig, i, view));
    const step = (Math.max(...depths) - Math.min(...depths)) / 65535;
    for (let k = 1; k < depths.length; k++) assert.ok(depths[k] <= depths[k - 1] + step * 1.01 + 1e-7);
  }
});

test("equal depths keep their order, so nothing flickers", () => {
  const { rig, sorter } = scene(20, 300);
  const order = sorter.sort(rig.frames, 0, 0, 0, 1);
  assert.deepEqual([...order], Array.from({ length: 300 }, (_, i) => i));
});

test("the same view sorts the same twice, and a longer order leaves its padding alone", () => {
  const head = randomHead(30), rig = new Rig(head);
  const splats = new Splats(randomSplats(31, head.triangleCount, 100));
  const sorter = new Sorter(splats.means.subarray(0, 400), head.triangleCount, 512);
  const first = [...sorter.sort(rig.frames, 0.1, 0.2, 0.9, 0)];
  assert.deepEqual([...sorter.sort(rig.frames, 0.1, 0.2, 0.9, 0)], first);
  assert.ok(first.slice(100).every((i) => i === 0));
});
