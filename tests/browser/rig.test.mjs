import assert from "node:assert/strict";
import { test } from "node:test";

import { Rig, rotationFromAxisAngle, triangleFrames, vertexNormals } from "../../server/emoga_server/web/rig.js";
import { randomHead, random } from "./helpers.mjs";

const multiply = (m, v) => [0, 1, 2].map((r) => m[3 * r] * v[0] + m[3 * r + 1] * v[1] + m[3 * r + 2] * v[2]);

test("rotations keep length, turn about their axis, and are the identity at zero", () => {
  const m = new Float64Array(9);
  rotationFromAxisAngle([0, 0, 0], 0, m);
  assert.deepEqual([...m], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const r = random(1);
  for (let i = 0; i < 50; i++) {
    const axis = [r() - 0.5, r() - 0.5, r() - 0.5].map((x) => x * 6);
    rotationFromAxisAngle(axis, 0, m);
    multiply(m, axis).forEach((x, k) => assert.ok(Math.abs(x - axis[k]) < 1e-9));
    const v = multiply(m, [1, 2, 3]);
    assert.ok(Math.abs(Math.hypot(...v) - Math.hypot(1, 2, 3)) < 1e-9);
  }
  rotationFromAxisAngle([0, 0, Math.PI / 2], 0, m);
  multiply(m, [1, 0, 0]).forEach((x, k) => assert.ok(Math.abs(x - [0, 1, 0][k]) < 1e-12));
});

test("at rest the rig stands in its template", () => {
  const head = randomHead(2), rig = new Rig(head);
  rig.pose(new Float32Array(head.expressionCount), new Float32Array(head.jointCount * 3), [0, 0, 0]);
  rig.vertices.forEach((x, i) => assert.ok(Math.abs(x - head.template[i]) < 1e-6));
});

test("a root rotation is rigid about the root joint, and translation comes last", () => {
  const head = randomHead(3), rig = new Rig(head);
  const expression = new Float32Array(head.expressionCount).fill(0.3), joints = new Float32Array(head.jointCount * 3);
  rig.pose(expression, joints, [0, 0, 0]);
  const before = Float64Array.from(rig.vertices), root = rig.joints.slice(0, 3);
  joints.set([0.4, -0.7, 0.2]);
  rig.pose(expression, joints, [0.1, 0.2, 0.3]);
  const m = new Float64Array(9);
  rotationFromAxisAngle(joints, 0, m);
  for (let v = 0; v < head.vertexCount; v++) {
    const turned = multiply(m, [0, 1, 2].map((k) => before[3 * v + k] - root[k]));
    turned.forEach((x, k) => assert.ok(Math.abs(x + root[k] + [0.1, 0.2, 0.3][k] - rig.vertices[3 * v + k]) < 1e-5));
  }
});

test("expressions add up and may be changed back", () => {
  const head = randomHead(4), rig = new Rig(head), rest = new Float32Array(head.jointCount * 3);
  const shape = (values) => {
    rig.pose(Float32Array.from(values), rest, [0, 0, 0]);
    return Float64Array.from(rig.vertices);
  };
  const n = head.expressionCount, zero = shape(new Array(n).fill(0));
  const one = shape(Array.from({ length: n }, (_, e) => (e === 1 ? 0.8 : 0)));
  const two = shape(Array.from({ length: n }, (_, e) => (e === 2 ? -0.5 : 0)));
  const both = shape(Array.from({ length: n }, (_, e) => [0, 0.8, -0.5][e] ?? 0));
  both.forEach((x, i) => assert.ok(Math.abs(x - (one[i] + two[i] - zero[i])) < 1e-5));
  shape(new Array(n).fill(0)).forEach((x, i) => assert.equal(x, zero[i]));
});

test("pose correctives follow the rotations of the joints below the root", () => {
  const head = randomHead(5, { correctives: true }), rig = new Rig(head);
  const expression = new Float32Array(head.expressionCount), joints = new Float32Array(head.jointCount * 3);
  joints.set([0, 0.5, 0], 6);
  rig.pose(expression, joints, [0, 0, 0]);
  const with_ = Float64Array.from(rig.vertices);
  const plain = new Rig({ ...head, components: head.components.slice(0, head.expressionCount) });
  plain.pose(expression, joints, [0, 0, 0]);
  assert.ok(with_.some((x, i) => Math.abs(x - plain.vertices[i]) > 1e-4));
});

test("triangle frames are orthonormal and follow the triangle rigidly", () => {
  const vertices = Float32Array.from([0, 0, 0, 2, 0, 0, 0, 0, -1]), frame = new Float32Array(12);
  triangleFrames(vertices, Uint32Array.from([0, 1, 2]), frame);
  assert.deepEqual([...frame.slice(4, 7)], [1, 0, 0]);
  [0, 1, 0].forEach((x, k) => assert.ok(Math.abs(frame[8 + k] - x) < 1e-7));
  assert.ok(Math.abs(frame[3] - 1.5) < 1e-6); // (base 2 + height 1) / 2
  [2 / 3, 0, -1 / 3].forEach((x, k) => assert.ok(Math.abs(frame[k] - x) < 1e-6));
});

test("a degenerate triangle gives finite numbers", () => {
  const frame = new Float32Array(12);
  triangleFrames(new Float32Array(9), Uint32Array.from([0, 1, 2]), frame);
  assert.ok(frame.every(Number.isFinite));
});

test("vertex normals point out of a tetrahedron and have length one", () => {
  const vertices = Float32Array.from([1, 1, 1, -1, -1, 1, -1, 1, -1, 1, -1, -1]);
  const normals = new Float32Array(12);
  vertexNormals(vertices, Uint32Array.from([0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3]), normals);
  const sign = Math.sign(normals[0] + normals[1] + normals[2]);
  for (let v = 0; v < 12; v += 3) {
    assert.ok(Math.abs(Math.hypot(normals[v], normals[v + 1], normals[v + 2]) - 1) < 1e-6);
    const out = normals[v] * vertices[v] + normals[v + 1] * vertices[v + 1] + normals[v + 2] * vertices[v + 2];
    assert.equal(Math.sign(out), sign);
  }
});
