// Messages to bytes and back: 16-byte header, msgpack body, raw buffers aligned to 8 bytes; frames.
// Decoding is strict and throws ProtocolError, never another error, for bad bytes.

import * as msgpack from './msgpack.js';
import {
  COMMANDS, EASINGS, FRAME_MAX_INTEGER, FRAME_PREFIX_SIZE, FrameFlag, HEADER_SIZE, Limits, MESSAGES,
  MessageType, PROTOCOL_VERSION, STRUCTS,
} from './messages.js';

export { ProtocolError } from './msgpack.js';
import { ProtocolError } from './msgpack.js';

const RANGES = { u8: [0, 2 ** 8], u16: [0, 2 ** 16], u32: [0, 2 ** 32], u64: [0, 2 ** 53], i32: [-(2 ** 31), 2 ** 31] };
const pad8 = (length) => (8 - (length % 8)) % 8;
const has = (map, key) => Object.prototype.hasOwnProperty.call(map, key);

function fail(where, expected, value) {
  throw new ProtocolError(`${where}: expected ${expected}, got ${String(JSON.stringify(value)).slice(0, 40)}`);
}

function isMap(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function checkTree(value, where, depth) {
  if (depth > Limits.MAX_DEPTH) throw new ProtocolError(`${where}: nested too deeply`);
  if (typeof value === 'number' && !Number.isFinite(value)) fail(where, 'a finite number', value);
  if (value !== null && typeof value === 'object') {
    for (const item of Object.values(value)) checkTree(item, where, depth + 1);
  }
  return value;
}

/** Checks a value against a schema type such as `list<StateInfo>?` and returns it (defaults filled in). */
function checked(value, type, where) {
  if (type.endsWith('?')) {
    if (value === null || value === undefined) return null;
    type = type.slice(0, -1);
  }
  if (type in RANGES) {
    const [low, high] = RANGES[type];
    if (!Number.isInteger(value) || value < low || value >= high) fail(where, type, value);
    return value;
  }
  const generic = /^(list|map)<(.+)>$/.exec(type);
  if (generic) {
    const [, container, item] = generic;
    if (container === 'list') {
      if (!Array.isArray(value) || value.length > Limits.MAX_ITEMS) fail(where, 'a list', value);
      return value.map((entry, i) => checked(entry, item, `${where}[${i}]`));
    }
    if (!isMap(value) || Object.keys(value).length > Limits.MAX_ITEMS) fail(where, 'a map', value);
    const map = Object.create(null);
    for (const [key, entry] of Object.entries(value)) map[key] = checked(entry, item, `${where}.${key}`);
    return map;
  }
  switch (type) {
    case 'f32': case 'f64':
      if (typeof value !== 'number' || !Number.isFinite(value)) fail(where, 'a finite number', value);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') fail(where, 'true or false', value);
      return value;
    case 'str':
      if (typeof value !== 'string') fail(where, 'text', value);
      return value;
    case 'sha256':
      if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) fail(where, '64 hex digits', value);
      return value;
    case 'easing':
      if (typeof value !== 'string' || !has(EASINGS, value)) fail(where, 'an easing', value);
      return value;
    case 'any':
      return checkTree(value === undefined ? null : value, where, 0);
    default:
      return checkFields(value, STRUCTS[type], where);
  }
}

/** Checks the fields of a struct, message or command; unknown keys are dropped, defaults filled in. */
function checkFields(value, fields, where) {
  if (!isMap(value)) fail(where, 'a map', value);
  const result = {};
  for (const field of fields) {
    if (has(value, field.name) && value[field.name] !== undefined) {
      result[field.name] = checked(value[field.name], field.type, `${where}.${field.name}`);
    } else if (has(field, 'default')) {
      result[field.name] = structuredClone(field.default);
    } else {
      throw new ProtocolError(`${where}: field '${field.name}' is missing`);
    }
  }
  return result;
}

function writeHeader(bytes, type, flags, bodyLength, seq) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, PROTOCOL_VERSION);
  view.setUint8(1, type);
  view.setUint16(2, flags, true);
  view.setUint32(4, bodyLength, true);
  view.setBigUint64(8, BigInt(seq), true);
}

/**
 * Encodes a message.
 * @param {number} type one of MessageType
 * @param {object} fields the message's fields; those with a default may be left out
 * @param {{seq?: number, flags?: number, buffers?: Uint8Array[]}} [options]
 * @returns {Uint8Array}
 */
export function encodeMessage(type, fields, { seq = 0, flags = 0, buffers = [] } = {}) {
  const definition = MESSAGES[type];
  if (!definition || definition.binary) throw new ProtocolError(`message type ${type} has no msgpack body`);
  const [low, high] = definition.buffers;
  if (buffers.length < low || buffers.length > high) throw new ProtocolError(`${definition.name}: wrong number of buffers`);
  const map = checkFields(fields, definition.fields, definition.name);
  if (buffers.length) map.buffers = buffers.map((buffer) => buffer.length);
  const body = msgpack.encode(map);
  let length = HEADER_SIZE + body.length;
  if (buffers.length) length += pad8(body.length);
  for (const buffer of buffers) length += buffer.length + pad8(buffer.length);
  const bytes = new Uint8Array(length);
  writeHeader(bytes, type, flags, body.length, seq);
  bytes.set(body, HEADER_SIZE);
  let position = HEADER_SIZE + body.length + pad8(body.length);
  for (const buffer of buffers) {
    bytes.set(buffer, position);
    position += buffer.length + pad8(buffer.length);
  }
  return bytes;
}

/** COMMAND with the named command's checked arguments. */
export function encodeCommand(id, name, commandArguments = {}) {
  if (!has(COMMANDS, name)) throw new ProtocolError(`unknown command ${name}`);
  return encodeMessage(MessageType.COMMAND, {
    id, name, arguments: checkFields(commandArguments, COMMANDS[name], name),
  });
}

/** FRAME_ACK: `seq` is the highest frame number applied or superseded. */
export function encodeAck(seq) {
  const bytes = new Uint8Array(HEADER_SIZE);
  writeHeader(bytes, MessageType.FRAME_ACK, 0, 0, seq);
  return bytes;
}

/**
 * Decodes one message.
 * @param {ArrayBuffer|Uint8Array} data
 * @returns {{type: number, name: string, flags: number, seq: number, fields: object|null, buffers: Uint8Array[]}}
 *   `fields` is null for FRAME (its body is buffers[0], see decodeFrame) and FRAME_ACK. Buffers are views.
 */
export function decodeMessage(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.length < HEADER_SIZE) throw new ProtocolError(`message of ${bytes.length} bytes has no header`);
  if (bytes.length > Limits.MAX_MESSAGE_BYTES) throw new ProtocolError('message too long');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== PROTOCOL_VERSION) throw new ProtocolError(`protocol version ${bytes[0]}; this side speaks ${PROTOCOL_VERSION}`);
  const type = bytes[1];
  const definition = MESSAGES[type];
  if (!definition) throw new ProtocolError(`unknown message type ${type}`);
  const { name } = definition;
  const flags = view.getUint16(2, true);
  const bodyLength = view.getUint32(4, true);
  const seq = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(seq)) throw new ProtocolError(`${name}: sequence number beyond 2^53`);
  if (bodyLength > bytes.length - HEADER_SIZE) throw new ProtocolError(`${name}: the body runs past the end`);
  const body = bytes.subarray(HEADER_SIZE, HEADER_SIZE + bodyLength);
  const rest = bytes.subarray(HEADER_SIZE + bodyLength);
  if (definition.binary) {
    if (rest.length || (type === MessageType.FRAME_ACK && bodyLength)) throw new ProtocolError(`${name}: bytes after the end`);
    return { type, name, flags, seq, fields: null, buffers: type === MessageType.FRAME ? [body] : [] };
  }
  const map = msgpack.decode(body);
  if (!isMap(map)) throw new ProtocolError(`${name}: the body is not a map`);
  const buffers = splitBuffers(rest, map.buffers ?? [], bodyLength, name);
  const [low, high] = definition.buffers;
  if (buffers.length < low || buffers.length > high) throw new ProtocolError(`${name}: wrong number of buffers`);
  return { type, name, flags, seq, fields: checkFields(map, definition.fields, name), buffers };
}

function splitBuffers(rest, lengths, bodyLength, name) {
  if (!Array.isArray(lengths) || lengths.length > Limits.MAX_BUFFERS) throw new ProtocolError(`${name}: bad list of buffer lengths`);
  let expected = lengths.length ? pad8(bodyLength) : 0;
  for (const length of lengths) {
    if (!Number.isInteger(length) || length < 0 || length > rest.length) throw new ProtocolError(`${name}: a raw buffer is longer than the message`);
    expected += length + pad8(length);
  }
  if (expected !== rest.length) throw new ProtocolError(`${name}: raw buffers need ${expected} bytes, ${rest.length} received`);
  let position = pad8(bodyLength);
  return lengths.map((length) => {
    const buffer = rest.subarray(position, position + length);
    position += length + pad8(length);
    return buffer;
  });
}

/** Frame layout revision and avatar slot of a FRAME body, to find the layout before decoding. */
export function peekFrame(body) {
  if (body.length < FRAME_PREFIX_SIZE) throw new ProtocolError('FRAME: the body is shorter than its prefix');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return { avatar: view.getUint16(8, true), layoutRevision: view.getUint16(10, true) };
}

/**
 * Decodes a FRAME with the layout of its avatar.
 * @param {{seq: number, flags: number, buffers: Uint8Array[]}} message from decodeMessage
 * @param {{revision: number, fields: {name: string, offset: number, count: number, scale: number}[]}} layout
 * @returns {{seq: number, time: number, avatar: number, layoutRevision: number, stateRevision: number, cut: boolean,
 *   translation: Float32Array, joints: Float32Array, expression: Float32Array, weights: Float32Array}}
 */
export function decodeFrame(message, layout) {
  const body = message.buffers[0];
  const { avatar, layoutRevision } = peekFrame(body);
  if (layoutRevision !== layout.revision) throw new ProtocolError(`FRAME: layout ${layoutRevision}, expected ${layout.revision}`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const time = Number(view.getBigUint64(0, true));
  if (!Number.isSafeInteger(time)) throw new ProtocolError('FRAME: time beyond 2^53');
  const count = layout.fields.reduce((sum, field) => sum + field.count, 0);
  if (body.length !== FRAME_PREFIX_SIZE + 2 * count) {
    throw new ProtocolError(`FRAME: ${body.length} bytes, the layout needs ${FRAME_PREFIX_SIZE + 2 * count}`);
  }
  const frame = {
    seq: message.seq, time, avatar, layoutRevision, stateRevision: view.getUint32(12, true),
    cut: (message.flags & FrameFlag.CUT) !== 0,
  };
  for (const field of layout.fields) {
    if (field.offset + field.count > count) throw new ProtocolError(`FRAME: field ${field.name} is outside the frame`);
    const values = new Float32Array(field.count);
    for (let i = 0; i < field.count; i++) {
      values[i] = view.getInt16(FRAME_PREFIX_SIZE + 2 * (field.offset + i), true) * field.scale;
    }
    frame[field.name] = values;
  }
  return frame;
}

/** Encodes a FRAME (for tests and recordings); values beyond a field's range are clamped. */
export function encodeFrame(layout, frame) {
  const count = layout.fields.reduce((sum, field) => sum + field.count, 0);
  const bytes = new Uint8Array(HEADER_SIZE + FRAME_PREFIX_SIZE + 2 * count);
  writeHeader(bytes, MessageType.FRAME, frame.cut ? FrameFlag.CUT : 0, FRAME_PREFIX_SIZE + 2 * count, frame.seq);
  const view = new DataView(bytes.buffer, HEADER_SIZE);
  view.setBigUint64(0, BigInt(frame.time), true);
  view.setUint16(8, frame.avatar, true);
  view.setUint16(10, layout.revision, true);
  view.setUint32(12, frame.stateRevision, true);
  for (const field of layout.fields) {
    for (let i = 0; i < field.count; i++) {
      const steps = roundHalfEven(frame[field.name][i] / field.scale);
      view.setInt16(
        FRAME_PREFIX_SIZE + 2 * (field.offset + i),
        Math.max(-FRAME_MAX_INTEGER, Math.min(FRAME_MAX_INTEGER, steps)), true,
      );
    }
  }
  return bytes;
}

function roundHalfEven(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
