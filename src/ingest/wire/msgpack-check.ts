import { isUtf8 } from "node:buffer";

/** Maps and arrays inside each other in a columnar batch: batch, properties, property, dictionary; one to spare. */
const MAX_DEPTH = 5;

/**
 * Walks MessagePack bytes without building anything, and accepts what a columnar batch is made of: maps with string
 * keys, arrays, UTF-8 strings, binaries, integers, 64-bit floats, booleans, nil. Everything else is refused before
 * it is read: extensions (whose decoders are many), lengths beyond the end of the message (an array that claims
 * 2^32 elements in five bytes), deep nesting, keys that repeat, bytes behind the value.
 */
export function isPlainMsgpack(data: Uint8Array): boolean {
  const walker = new Walker(data);
  return walker.walk(0) && walker.at === data.length;
}

class Walker {
  at = 0;
  readonly #data: Uint8Array;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  walk(depth: number): boolean {
    const token = this.#data[this.at];
    if (token === undefined || depth > MAX_DEPTH) return false;
    this.at++;
    if (token <= 0x7f || token >= 0xe0) return true;
    if (token <= 0x8f) return this.#map(token & 0x0f, depth);
    if (token <= 0x9f) return this.#array(token & 0x0f, depth);
    if (token <= 0xbf) return this.#text(token & 0x1f);
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return true;
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        return this.#skip(this.#length(1 << (token - 0xc4)));
      case 0xcb: // float 64
        return this.#skip(8);
      case 0xcc: // uint 8, 16, 32, 64
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#skip(1 << (token - 0xcc));
      case 0xd0: // int 8, 16, 32, 64
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#skip(1 << (token - 0xd0));
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        return this.#text(this.#length(1 << (token - 0xd9)));
      case 0xdc: // array 16, 32
      case 0xdd:
        return this.#array(this.#length(2 << (token - 0xdc)), depth);
      case 0xde: // map 16, 32
      case 0xdf:
        return this.#map(this.#length(2 << (token - 0xde)), depth);
      default: // never used, extensions, float 32
        return false;
    }
  }

  /** A length of 1, 2 or 4 bytes; more than the message holds where it is cut off. */
  #length(bytes: number): number {
    if (this.at + bytes > this.#data.length) return Number.POSITIVE_INFINITY;
    let length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + this.#data[this.at++]!;
    return length;
  }

  #skip(bytes: number): boolean {
    if (this.at + bytes > this.#data.length) return false;
    this.at += bytes;
    return true;
  }

  #text(bytes: number): boolean {
    const start = this.at;
    if (!this.#skip(bytes)) return false;
    let high = 0;
    for (let at = start; at < this.at; at++) high |= this.#data[at]!;
    return high < 128 || isUtf8(this.#data.subarray(start, this.at));
  }

  #array(length: number, depth: number): boolean {
    // Every element takes a byte at least.
    if (length > this.#data.length - this.at) return false;
    for (let i = 0; i < length; i++) if (!this.walk(depth + 1)) return false;
    return true;
  }

  #map(length: number, depth: number): boolean {
    if (length * 2 > this.#data.length - this.at) return false;
    const keys = new Set<string>();
    for (let i = 0; i < length; i++) {
      const token = this.#data[this.at] ?? 0;
      const start = this.at;
      const isText = (token >= 0xa0 && token <= 0xbf) || (token >= 0xd9 && token <= 0xdb);
      if (!isText || !this.walk(depth + 1)) return false;
      keys.add(keyText(this.#data, start, this.at));
      if (!this.walk(depth + 1)) return false;
    }
    return keys.size === length;
  }
}

/** The characters of a key whose header is at `start`. Keys are short ASCII names or row numbers. */
function keyText(data: Uint8Array, start: number, end: number): string {
  const token = data[start]!;
  const header = token <= 0xbf ? 1 : 1 + (1 << (token - 0xd9));
  let text = "";
  for (let at = start + header; at < end; at++) text += String.fromCharCode(data[at]!);
  return text;
}
