// The JavaScript protocol modules on the golden vectors, and on damaged bytes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as codec from '../../server/emoga_server/web/protocol/codec.js';
import { COMMANDS, EASINGS, MESSAGES, MessageType } from '../../server/emoga_server/web/protocol/messages.js';
import * as mixing from '../../server/emoga_server/web/protocol/mixing.js';
import * as msgpack from '../../server/emoga_server/web/protocol/msgpack.js';
import { decodeDelta, decodeHead, decodeSplats } from '../../server/emoga_server/web/protocol/quantise.js';

const GOLDEN = new URL('../../protocol/golden/', import.meta.url);
const read = (name) => new Uint8Array(readFileSync(new URL(name, GOLDEN)));
const golden = (name) => JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const plain = (value) => JSON.parse(JSON.stringify(value)); // maps without prototype become ordinary objects
const { ProtocolError } = codec;

function assertClose(actual, expected, what, tolerance = 3e-6) {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance * (1 + Math.abs(expected[i])),
      `${what}[${i}]: ${actual[i]}, expected ${expected[i]}`,
    );
  }
}

function random(seed) { // mulberry32
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const example of golden('messages.json')) {
  test(`message ${example.name}`, () => {
    const message = codec.decodeMessage(bytes(example.hex));
    assert.equal(message.name, example.name);
    assert.equal(message.seq, example.seq);
    assert.equal(message.flags, example.flags);
    assert.deepEqual(plain(message.fields), example.fields);
    assert.deepEqual(message.buffers.map((buffer) => Buffer.from(buffer).toString('hex')), example.buffers);
    const buffers = example.buffers.map(bytes);
    const again = codec.decodeMessage(
      codec.encodeMessage(message.type, message.fields, { seq: example.seq, flags: example.flags, buffers }),
    );
    assert.deepEqual(plain(again.fields), example.fields);
    assert.deepEqual(again.buffers.map((buffer) => [...buffer]), buffers.map((buffer) => [...buffer]));
  });
}

for (const example of golden('commands.json')) {
  test(`command ${example.name}`, () => {
    const { fields } = codec.decodeMessage(bytes(example.hex));
    assert.equal(fields.id, example.id);
    assert.equal(fields.name, example.name);
    assert.deepEqual(plain(fields.arguments), example.arguments);
    const encoded = codec.decodeMessage(codec.encodeCommand(example.id, example.name, example.arguments));
    assert.deepEqual(plain(encoded.fields.arguments), example.arguments);
  });
}

test('every message and command of the schema is covered', () => {
  const covered = new Set(golden('messages.json').map((example) => example.name));
  for (const message of Object.values(MESSAGES)) assert.ok(message.binary || covered.has(message.name), message.name);
  assert.deepEqual(golden('commands.json').map((example) => example.name).sort(), Object.keys(COMMANDS).sort());
});

for (const [i, example] of golden('frames.json').entries()) {
  test(`frame ${i}`, () => {
    const frame = codec.decodeFrame(codec.decodeMessage(bytes(example.hex)), example.layout);
    const { frame: expected } = example;
    assert.equal(frame.seq, expected.seq);
    assert.equal(frame.time, expected.time);
    assert.equal(frame.avatar, expected.avatar);
    assert.equal(frame.stateRevision, expected.state_revision);
    assert.equal(frame.cut, expected.cut);
    for (const field of ['translation', 'joints', 'expression', 'weights']) assertClose(frame[field], expected[field], field);
    assert.equal(Buffer.from(codec.encodeFrame(example.layout, frame)).toString('hex'), example.hex);
    const other = { ...example.layout, revision: example.layout.revision + 1 };
    assert.throws(() => codec.decodeFrame(codec.decodeMessage(bytes(example.hex)), other), ProtocolError);
  });
}

for (const example of golden('invalid.json')) {
  test(`refused: ${example.why}`, () => {
    assert.throws(() => codec.decodeMessage(bytes(example.hex)), ProtocolError);
  });
}

test('damaged messages throw ProtocolError only', () => {
  const next = random(1);
  for (const example of golden('messages.json')) {
    const valid = bytes(example.hex);
    for (let end = 0; end < valid.length; end++) {
      assert.throws(() => codec.decodeMessage(valid.slice(0, end)), ProtocolError);
    }
    for (let round = 0; round < 200; round++) {
      const damaged = valid.slice();
      damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256);
      try {
        codec.decodeMessage(damaged);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `${error.stack}`);
      }
    }
  }
});

test('acknowledgements are a header', () => {
  const message = codec.decodeMessage(codec.encodeAck(2 ** 40 + 1));
  assert.equal(message.type, MessageType.FRAME_ACK);
  assert.equal(message.seq, 2 ** 40 + 1);
});

test('values that do not fit are not sent', () => {
  assert.throws(() => codec.encodeMessage(MessageType.PING, { time: -1 }), ProtocolError);
  assert.throws(() => codec.encodeMessage(MessageType.PING, {}), /'time' is missing/);
  assert.throws(() => codec.encodeCommand(1, 'seek', { position: NaN }), ProtocolError);
  assert.throws(() => codec.encodeCommand(1, 'set_weights', { weights: {}, easing: 'toString' }), ProtocolError);
  assert.throws(() => codec.encodeCommand(1, 'explode'), /unknown command/);
});

test('msgpack keeps every kind of number and long containers', () => {
  const numbers = [0, -0, 1, 127, 128, -1, -32, -33, 255, 65535, 65536, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 40), 2 ** 53 - 1, 0.1, -1e300];
  assert.deepEqual(msgpack.decode(msgpack.encode(numbers)), numbers);
  const text = ['', 'x'.repeat(31), 'x'.repeat(32), 'é'.repeat(200), 'x'.repeat(70000)];
  assert.deepEqual(msgpack.decode(msgpack.encode(text)), text);
  const map = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, [i]]));
  assert.deepEqual(plain(msgpack.decode(msgpack.encode(map))), map);
  const list = Array.from({ length: 1000 }, (_, i) => i);
  assert.deepEqual(msgpack.decode(msgpack.encode(list)), list);
});

test('keys of objects cannot reach their prototype', () => {
  const packed = Uint8Array.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x78, 0x01]);
  const value = msgpack.decode(packed);
  assert.equal({}.x, undefined);
  assert.deepEqual(Object.keys(value), ['__proto__']);
});

test('mixing', () => {
  const { weights, easings } = golden('mixing.json');
  for (const example of weights) assert.deepEqual([...mixing.normalizeWeights(example.in)], example.out);
  assert.deepEqual([...mixing.normalizeWeights([NaN, Infinity, -Infinity])], [0, 1, 0]);
  assert.deepEqual(Object.keys(easings), Object.keys(EASINGS));
  for (const [name, points] of Object.entries(easings)) {
    for (const point of points) assert.equal(mixing.ease(name, point.t), point.value, `${name} at ${point.t}`);
  }
  assert.throws(() => mixing.ease('constructor', 0.5), ProtocolError);
});

for (const scene of golden('scenes.json')) {
  test(`blobs of scene ${scene.name}`, () => {
    checkHead(decodeHead(read(scene.head.file)), scene.head);
    const splats = decodeSplats(read(scene.splats.file));
    assertClose(splats.positions, scene.splats.positions, 'positions');
    assert.deepEqual([...splats.triangles], scene.splats.triangles);
    assertClose(splats.quaternions, scene.splats.quaternions, 'quaternions');
    assertClose(splats.logScales, scene.splats.log_scales, 'log scales');
    assertClose(splats.opacities, scene.splats.opacities, 'opacities');
    assertClose(splats.sh, scene.splats.sh, 'sh');
    for (const example of scene.deltas) if (example) checkDelta(decodeDelta(read(example.file)), example);
  });

  test(`pose of scene ${scene.name}`, () => {
    const frame = codec.decodeFrame(codec.decodeMessage(bytes(scene.frame)), scene.layout);
    const known = scene.deltas.map((delta) => delta !== null);
    const weights = mixing.normalizeWeights(frame.weights.map((weight, k) => (known[k] ? weight : 0)));
    assertClose(weights, scene.pose.weights, 'weights');
    const offsets = scene.deltas.map((delta) => delta && delta.expression);
    const expression = mixing.blendExpression(frame.expression, weights, offsets, scene.head.expression_range);
    assertClose(expression, scene.pose.expression, 'expression');
  });
}

function checkHead(head, expected) {
  assertClose(head.template, expected.template, 'template');
  assert.deepEqual([...head.triangles], expected.triangles);
  assert.deepEqual([...head.parents], expected.parents);
  assertClose(head.restJoints, expected.rest_joints, 'rest joints');
  assertClose(head.jointShifts, expected.joint_shifts, 'joint shifts');
  assertClose(head.skinWeights, expected.skin_weights, 'skin weights');
  assert.deepEqual([...head.regions], expected.regions);
  assert.deepEqual(head.regionNames, expected.region_names);
  assert.deepEqual(head.expressionRange, expected.expression_range);
  const dense = new Float32Array(head.components.length * head.template.length);
  head.components.forEach(({ indices, values }, c) => {
    indices.forEach((vertex, i) => {
      dense.set(values.subarray(3 * i, 3 * i + 3), c * head.template.length + 3 * vertex);
    });
  });
  assertClose(dense, [...expected.expression_basis, ...expected.pose_correctives], 'components');
}

function checkDelta(delta, expected) {
  assertClose(delta.expression, expected.expression, 'expression');
  assertClose(delta.jaw, expected.jaw, 'jaw');
  const columns = 3 * delta.coefficients;
  const dense = new Float32Array(delta.count * columns);
  delta.indices.forEach((splat, m) => dense.set(delta.sh.subarray(m * columns, (m + 1) * columns), splat * columns));
  assertClose(dense, expected.sh, 'sh');
}

test('damaged blobs throw ProtocolError only', () => {
  const next = random(2);
  for (const [name, decode] of [['sh1_head.bin', decodeHead], ['sh0_splats.bin', decodeSplats], ['sh1_delta_a.bin', decodeDelta]]) {
    const valid = read(name);
    for (let end = 0; end < valid.length; end += 1 + Math.floor(next() * 20)) {
      assert.throws(() => decode(valid.slice(0, end)), ProtocolError);
    }
    for (let round = 0; round < 500; round++) {
      const damaged = valid.slice();
      for (let k = 0; k < 2; k++) damaged[Math.floor(next() * 300) % damaged.length] = Math.floor(next() * 256);
      try {
        decode(damaged);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `${name}: ${error.stack}`);
      }
    }
  }
});

test('blobs decode at any alignment', () => {
  const data = read('sh1_splats.bin');
  const shifted = new Uint8Array(data.length + 3);
  shifted.set(data, 3);
  assert.deepEqual(decodeSplats(shifted.subarray(3)).sh, decodeSplats(data).sh);
});
