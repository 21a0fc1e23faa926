import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../server/emoga_server/web/clock.js";
import { FrameBuffer, slerpAxisAngle } from "../../server/emoga_server/web/frames.js";
import { random } from "./helpers.mjs";

const frame = (seq, time, value, more = {}) => ({
  seq, time, cut: false, stateRevision: 0, translation: new Float32Array(3).fill(value),
  joints: Float32Array.from([value, 0, 0, 0, value, 0]), expression: new Float32Array(4).fill(value),
  weights: new Float32Array(2).fill(value), ...more,
});

test("slerp meets its ends and turns at a constant rate", () => {
  const r = random(4), out = new Float32Array(3);
  for (let i = 0; i < 60; i++) {
    const a = [r() - 0.5, r() - 0.5, r() - 0.5], b = [r() - 0.5, r() - 0.5, r() - 0.5];
    slerpAxisAngle(a, b, 0, out, 0);
    a.forEach((x, k) => assert.ok(Math.abs(x - out[k]) < 1e-5));
    slerpAxisAngle(a, b, 1, out, 0);
    b.forEach((x, k) => assert.ok(Math.abs(x - out[k]) < 1e-5));
  }
  slerpAxisAngle([0, 0, 0], [0, 1.2, 0], 0.25, out, 0);
  assert.ok(Math.abs(out[1] - 0.3) < 1e-6);
  // across pi the short way is taken
  slerpAxisAngle([0, 3.0, 0], [0, -3.0, 0], 0.5, out, 0);
  assert.ok(Math.abs(Math.abs(out[1]) - Math.PI) < 1e-5);
});

test("poses between two frames are interpolated on the server's time, a delay late", () => {
  const buffer = new FrameBuffer({ fps: 10 });
  assert.equal(buffer.sample(0), null);
  buffer.push(frame(1, 1.0, 0), 1.0);
  buffer.push(frame(2, 1.1, 1), 1.1);
  buffer.push(frame(3, 1.2, 2), 1.2);
  assert.ok(Math.abs(buffer.delay - 0.15) < 1e-9);
  const pose = buffer.sample(1.2);
  assert.ok(Math.abs(pose.expression[0] - 0.5) < 1e-5);
  assert.ok(Math.abs(pose.joints[0] - 0.5) < 1e-5);
  assert.ok(Math.abs(pose.weights[1] - 0.5) < 1e-5);
});

test("time never runs backwards, and a starving buffer holds the last frame", () => {
  const buffer = new FrameBuffer({ fps: 10 });
  for (let k = 0; k < 40; k++) buffer.push(frame(k + 1, k / 10, k), k / 10 + (k % 9 === 0 ? 0.2 : 0.01));
  let last = -Infinity;
  for (let t = 3.5; t < 5; t += 0.016) {
    const value = buffer.sample(t).expression[0];
    assert.ok(value >= last - 1e-5);
    last = value;
  }
  assert.equal(last, 39);
});

test("late frames make the delay grow, within bounds; it shrinks again slowly", () => {
  const buffer = new FrameBuffer({ fps: 30 });
  let time = 0, seq = 1;
  for (let k = 0; k < 64; k++, time += 1 / 30) buffer.push(frame(seq++, time, 0), time + 0.09);
  const grown = buffer.delay;
  assert.ok(grown > 0.09 && grown < 0.3);
  for (let k = 0; k < 400; k++, time += 1 / 30) buffer.push(frame(seq++, time, 0), time + 0.005);
  assert.ok(buffer.delay < grown && buffer.delay >= 1.5 / 30 - 1e-9);
});

test("newest mode shows the last frame as it is", () => {
  const buffer = new FrameBuffer({ fps: 10, mode: "newest" });
  buffer.push(frame(1, 1, 0), 1);
  buffer.push(frame(2, 1.1, 1), 1.1);
  assert.equal(buffer.sample(1.1).expression[0], 1);
});

test("a cut is not interpolated, duplicates and old frames are dropped", () => {
  const buffer = new FrameBuffer({ fps: 10 });
  buffer.push(frame(1, 1.0, 0), 1.0);
  buffer.push(frame(2, 1.1, 8, { cut: true }), 1.1);
  buffer.push(frame(2, 1.1, 99), 1.1);
  buffer.push(frame(1, 1.0, 99), 1.1);
  assert.equal(buffer.frames.length, 2);
  assert.equal(buffer.sample(1.2).expression[0], 0);
  assert.equal(buffer.sample(1.26).expression[0], 8);
});

test("a new frame layout may change the number of weights on the way", () => {
  const buffer = new FrameBuffer({ fps: 10 });
  buffer.push(frame(1, 1.0, 0), 1.0);
  buffer.push(frame(2, 1.1, 1, { weights: new Float32Array(5) }), 1.1);
  assert.equal(buffer.sample(1.2).weights.length, 5);
});

test("the clock believes the fastest round trip", () => {
  const clock = new ServerClock();
  clock.add(10, 110.5, 11); // one second there and back
  clock.add(20, 120.011, 20.02);
  clock.add(30, 131.9, 33);
  assert.ok(Math.abs(clock.offset - 100.001) < 1e-9);
  assert.ok(Math.abs(clock.roundTrip - 0.02) < 1e-9);
});
