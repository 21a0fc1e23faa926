// MessagePack for message bodies: nil, bool, int, float, str, array, map. Strict: every length is checked
// before anything is built, and whatever is wrong throws ProtocolError.

import { Limits } from './messages.js';

/** Bytes or values that break the protocol. */
export class ProtocolError extends Error {
  constructor(message) {
    super(message);
    this.name = 'ProtocolError';
  }
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  /** Moves past `count` bytes and returns where they start. */
  take(count) {
    const start = this.position;
    if (count > this.bytes.length - start) throw new ProtocolError('msgpack: a value runs past the end');
    this.position = start + count;
    return start;
  }

  u8() { return this.bytes[this.take(1)]; }
  u16() { return this.view.getUint16(this.take(2)); }
  u32() { return this.view.getUint32(this.take(4)); }

  wide(value) {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new ProtocolError(`msgpack: integer ${value} is beyond 2^53`);
    return number;
  }

  text(length) {
    const start = this.take(length);
    try {
      return utf8Decoder.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new ProtocolError('msgpack: text is not valid UTF-8');
    }
  }

  count(number, bytesPerItem) {
    if (number > Limits.MAX_ITEMS || number * bytesPerItem > this.bytes.length - this.position) {
      throw new ProtocolError(`msgpack: ${number} items cannot fit`);
    }
    return number;
  }

  array(length, depth) {
    const items = new Array(this.count(length, 1));
    for (let i = 0; i < length; i++) items[i] = this.value(depth + 1);
    return items;
  }

  map(length, depth) {
    const map = Object.create(null); // no prototype: "__proto__" is a key like any other
    this.count(length, 2);
    for (let i = 0; i < length; i++) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new ProtocolError('msgpack: map keys must be text');
      if (key in map) throw new ProtocolError('msgpack: a map holds the same key twice');
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  value(depth) {
    if (depth > 2 * Limits.MAX_DEPTH) throw new ProtocolError('msgpack: nested too deeply');
    const code = this.u8();
    if (code < 0x80) return code;
    if (code < 0x90) return this.map(code & 15, depth);
    if (code < 0xa0) return this.array(code & 15, depth);
    if (code < 0xc0) return this.text(code & 31);
    if (code >= 0xe0) return code - 256;
    switch (code) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xca: return this.view.getFloat32(this.take(4));
      case 0xcb: return this.view.getFloat64(this.take(8));
      case 0xcc: return this.u8();
      case 0xcd: return this.u16();
      case 0xce: return this.u32();
      case 0xcf: return this.wide(this.view.getBigUint64(this.take(8)));
      case 0xd0: return this.view.getInt8(this.take(1));
      case 0xd1: return this.view.getInt16(this.take(2));
      case 0xd2: return this.view.getInt32(this.take(4));
      case 0xd3: return this.wide(this.view.getBigInt64(this.take(8)));
      case 0xd9: return this.text(this.u8());
      case 0xda: return this.text(this.u16());
      case 0xdb: return this.text(this.u32());
      case 0xdc: return this.array(this.u16(), depth);
      case 0xdd: return this.array(this.u32(), depth);
      case 0xde: return this.map(this.u16(), depth);
      case 0xdf: return this.map(this.u32(), depth);
      default: throw new ProtocolError(`msgpack: type 0x${code.toString(16)} is not used by this protocol`);
    }
  }
}

/** Decodes one value that fills `bytes` (Uint8Array) exactly. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.position !== bytes.length) throw new ProtocolError('msgpack: bytes after the end');
  return value;
}

class Writer {
  constructor() {
    this.bytes = new Uint8Array(256);
    this.length = 0;
  }

  grow(count) {
    const start = this.length;
    if (start + count > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, start + count));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.length = start + count;
    return new DataView(this.bytes.buffer, start, count);
  }

  code(value) { this.grow(1).setUint8(0, value); }

  sized(length, small, smallLimit, codes) {
    if (length < smallLimit) return this.code(small | length);
    const [code8, code16, code32] = codes;
    if (code8 && length < 256) {
      const view = this.grow(2);
      view.setUint8(0, code8);
      view.setUint8(1, length);
    } else if (length < 65536) {
      const view = this.grow(3);
      view.setUint8(0, code16);
      view.setUint16(1, length);
    } else {
      const view = this.grow(5);
      view.setUint8(0, code32);
      view.setUint32(1, length);
    }
  }

  number(value) {
    if (!Number.isFinite(value)) throw new ProtocolError(`msgpack: ${value} is not a finite number`);
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      const view = this.grow(9);
      view.setUint8(0, 0xcb);
      view.setFloat64(1, value);
    } else if (value >= -32 && value < 128) {
      this.code(value & 255);
    } else if (value >= 0 && value < 2 ** 32) {
      const view = this.grow(5);
      view.setUint8(0, 0xce);
      view.setUint32(1, value);
    } else {
      const view = this.grow(9);
      view.setUint8(0, 0xd3);
      view.setBigInt64(1, BigInt(value));
    }
  }

  value(value) {
    if (value === null || value === undefined) this.code(0xc0);
    else if (value === true) this.code(0xc3);
    else if (value === false) this.code(0xc2);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') {
      const text = utf8Encoder.encode(value);
      this.sized(text.length, 0xa0, 32, [0xd9, 0xda, 0xdb]);
      const view = this.grow(text.length);
      new Uint8Array(view.buffer, view.byteOffset, text.length).set(text);
    } else if (Array.isArray(value)) {
      this.sized(value.length, 0x90, 16, [0, 0xdc, 0xdd]);
      for (const item of value) this.value(item);
    } else if (typeof value === 'object') {
      const entries = Object.entries(value);
      this.sized(entries.length, 0x80, 16, [0, 0xde, 0xdf]);
      for (const [key, item] of entries) {
        this.value(key);
        this.value(item);
      }
    } else {
      throw new ProtocolError(`msgpack: values of type ${typeof value} are not allowed`);
    }
  }
}

/** Encodes a JSON-like value; integers stay integers, other numbers become 64-bit floats. */
export function encode(value) {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes.slice(0, writer.length);
}
