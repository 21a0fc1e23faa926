/** The viewer's own arithmetic against the protocol's golden scenes: frame bytes and blobs in, splats out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { LoadedAvatar } from "../../server/emoga_server/web/avatar.js";
import { decodeFrame, decodeMessage } from "../../server/emoga_server/web/protocol/codec.js";
import { decodeHead, decodeSplats } from "../../server/emoga_server/web/protocol/quantise.js";

const GOLDEN = new URL("../../protocol/golden/", import.meta.url);
const bytes = (name) => new Uint8Array(readFileSync(new URL(name, GOLDEN)));
const close = (actual, expected, tolerance, what) => {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) < tolerance, `${what}[${i}]: ${actual[i]}, expected ${expected[i]}`);
  }
};

for (const scene of JSON.parse(readFileSync(new URL("scenes.json", GOLDEN), "utf8"))) {
  const known = scene.deltas.map((delta, slot) => (delta ? { slot, name: `state${slot}`, delta } : null)).filter(Boolean);
  const info = {
    layout: scene.layout, head_blob: {}, splats_blob: {},
    states: known.map(({ slot, name, delta }) => ({ slot, name, valence: 0, arousal: 0, blob: { sha256: delta.file } })),
  };
  const avatar = new LoadedAvatar(info, decodeHead(bytes(scene.head.file)), decodeSplats(bytes(scene.splats.file)));
  info.states.forEach((state) => avatar.putState(state, bytes(state.blob.sha256)));
  const frame = decodeFrame(decodeMessage(Uint8Array.from(Buffer.from(scene.frame, "hex"))), scene.layout);
  avatar.pose(frame, frame.weights);

  test(`${scene.name}: expression, joints and weights are mixed`, () => {
    close(avatar.expression, scene.pose.expression, 2e-6, "expression");
    close(avatar.joints, scene.pose.joints, 2e-6, "joints");
    close(avatar.weights, scene.pose.weights, 2e-6, "weights");
  });

  test(`${scene.name}: the head is skinned`, () => close(avatar.rig.vertices, scene.vertices, 2e-6, "vertices"));

  test(`${scene.name}: splats sit on their triangles`, () => {
    const { count, means, scales } = avatar.splats, { frames } = avatar.rig;
    for (let i = 0; i < count; i++) {
      const f = frames.subarray(means[4 * i + 3] * 12), [x, y, z] = means.subarray(4 * i, 4 * i + 3);
      const a = f.subarray(4, 7), n = f.subarray(8, 11);
      const c = [a[1] * n[2] - a[2] * n[1], a[2] * n[0] - a[0] * n[2], a[0] * n[1] - a[1] * n[0]];
      close([0, 1, 2].map((k) => f[k] + f[3] * (a[k] * x + n[k] * y + c[k] * z)), scene.world.means.slice(3 * i, 3 * i + 3), 2e-6, "mean");
      close([0, 1, 2].map((k) => scales[4 * i + k] * f[3]), scene.world.scales.slice(3 * i, 3 * i + 3), 2e-6, "scale");
      assert.ok(Math.abs(scales[4 * i + 3] - scene.world.opacities[i]) < 1e-6);
    }
  });

  test(`${scene.name}: colours are blended`, () => {
    const { count, coefficients, colors } = avatar.splats, actual = [];
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < coefficients; k++) for (let c = 0; c < 3; c++) actual.push(colors[12 * i + 4 * c + k]);
    }
    close(actual, scene.world.sh, 1e-5, "sh");
  });
}
