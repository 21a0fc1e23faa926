// The blob container: prefix, msgpack header, the arrays that the schema lists for the kind.

import { decode, ProtocolError } from './msgpack.js';
import { BLOB_MAGIC, BLOB_PREFIX_SIZE, BLOB_VERSION, BLOBS, Limits } from './messages.js';

const ARRAY_TYPES = {
  u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array,
};
const pad8 = (length) => (8 - (length % 8)) % 8;

/**
 * Checks a blob and returns its parts; the arrays are views of the bytes where alignment allows.
 * @param {ArrayBuffer|Uint8Array} data
 * @param {'head'|'splats'|'delta'} kind
 * @returns {{dimensions: Object<string, number>, header: object, arrays: Object<string, ArrayLike<number>>}}
 */
export function unpackBlob(data, kind) {
  let bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.byteOffset % 8) bytes = bytes.slice(); // typed arrays need alignment
  if (bytes.length < BLOB_PREFIX_SIZE || bytes.length > Limits.MAX_BLOB_BYTES) {
    throw new ProtocolError(`${kind} blob of ${bytes.length} bytes: too short or too long`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic !== BLOB_MAGIC || bytes[4] !== BLOB_VERSION) throw new ProtocolError(`${kind} blob: wrong magic or version`);
  const definition = BLOBS[kind];
  if (bytes[5] !== definition.number) throw new ProtocolError(`blob of kind ${bytes[5]}, expected ${kind}`);
  const headerLength = view.getUint32(8, true);
  const start = BLOB_PREFIX_SIZE + headerLength + pad8(headerLength);
  if (start + view.getUint32(12, true) !== bytes.length) throw new ProtocolError(`${kind} blob: its length is wrong`);
  const header = decode(bytes.subarray(BLOB_PREFIX_SIZE, BLOB_PREFIX_SIZE + headerLength));
  const dimensions = checkHeader(header, definition, kind);
  return { dimensions, header, arrays: arrayViews(bytes, start, definition, dimensions, kind) };
}

function checkHeader(header, definition, kind) {
  const { dimensions } = header ?? {};
  const names = Object.keys(definition.dimensions);
  if (!dimensions || typeof dimensions !== 'object' || Object.keys(dimensions).length !== names.length) {
    throw new ProtocolError(`${kind} blob: wrong dimensions`);
  }
  for (const name of names) {
    const size = dimensions[name];
    if (!Number.isInteger(size) || size < 0 || size > definition.dimensions[name]) {
      throw new ProtocolError(`${kind} blob: dimension ${name} is ${size}`);
    }
  }
  for (const field of definition.header) {
    const value = header[field.name];
    if (value === undefined || value === null) {
      if (!('default' in field)) throw new ProtocolError(`${kind} blob: header field ${field.name} is missing`);
      header[field.name] = field.default;
    } else if (field.type.startsWith('list<f32>')) {
      if (!Array.isArray(value) || !value.every(Number.isFinite)) throw new ProtocolError(`${kind} blob: bad ${field.name}`);
    }
  }
  return dimensions;
}

function arrayViews(bytes, start, definition, dimensions, kind) {
  const arrays = {};
  let position = start;
  for (const array of definition.arrays) {
    const type = array.type === 'index' ? (dimensions[array.of] <= 65536 ? 'u16' : 'u32') : array.type;
    const ArrayType = ARRAY_TYPES[type];
    let count = 1;
    for (const extent of array.shape) count *= typeof extent === 'string' ? dimensions[extent] : extent;
    const size = count * ArrayType.BYTES_PER_ELEMENT;
    if (position + size > bytes.length) throw new ProtocolError(`${kind} blob: array ${array.name} runs past the end`);
    arrays[array.name] = new ArrayType(bytes.buffer, bytes.byteOffset + position, count);
    if (type === 'f32' && !arrays[array.name].every(Number.isFinite)) {
      throw new ProtocolError(`${kind} blob: ${array.name} holds a value that is not finite`);
    }
    position += size + pad8(size);
  }
  if (position !== bytes.length) throw new ProtocolError(`${kind} blob: ${bytes.length - position} bytes after its arrays`);
  return arrays;
}
