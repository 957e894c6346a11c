import type { ColumnScratch } from "./column-scratch.ts";
import { TextList, utf8Text } from "./text-list.ts";

/** What a message is made of: maps are objects without a prototype, arrays of strings are `TextList`s. */
export type MsgpackValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | TextList
  | readonly MsgpackValue[]
  | { readonly [key: string]: MsgpackValue };

/**
 * Reads MessagePack that `isPlainMsgpack` has accepted (for other bytes the result is undefined). Binaries are views into
 * the message, places of strings are in the scratch. Integers beyond 2^53 are given as NaN: nothing takes one.
 */
export function readMsgpack(data: Uint8Array, scratch: ColumnScratch): MsgpackValue {
  return new Reader(data, scratch).value();
}

class Reader {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #scratch: ColumnScratch;
  #at = 0;

  constructor(data: Uint8Array, scratch: ColumnScratch) {
    this.#data = data;
    this.#scratch = scratch;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  value(): MsgpackValue {
    const token = this.#data[this.#at++]!;
    if (token <= 0x7f) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token <= 0x8f) return this.#map(token & 0x0f);
    if (token <= 0x9f) return this.#array(token & 0x0f);
    if (token <= 0xbf) return this.#text(token & 0x1f);
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        const length = this.#unsigned(1 << (token - 0xc4));
        this.#at += length;
        return this.#data.subarray(this.#at - length, this.#at);
      }
      case 0xcb:
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return exact(this.#unsigned(1 << (token - 0xcc)));
      case 0xd0:
        return this.#view.getInt8(this.#at++);
      case 0xd1:
        this.#at += 2;
        return this.#view.getInt16(this.#at - 2);
      case 0xd2:
        this.#at += 4;
        return this.#view.getInt32(this.#at - 4);
      case 0xd3:
        this.#at += 8;
        return exact(Number(this.#view.getBigInt64(this.#at - 8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (token - 0xdc)));
      default:
        return this.#map(this.#unsigned(2 << (token - 0xde)));
    }
  }

  /** A big-endian integer of 1, 2, 4 or 8 bytes. */
  #unsigned(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + this.#data[this.#at++]!;
    return value;
  }

  #text(length: number): string {
    this.#at += length;
    return utf8Text(this.#data, this.#at - length, this.#at);
  }

  #array(length: number): MsgpackValue {
    return this.#texts(length) ?? Array.from({ length }, () => this.value());
  }

  /** The array as strings; undefined, and nothing read, where an element is none. */
  #texts(length: number): TextList | undefined {
    const data = this.#data;
    const starts = this.#scratch.words(length);
    const ends = this.#scratch.words(length);
    let at = this.#at;
    for (let i = 0; i < length; i++) {
      const token = data[at++]!;
      let bytes = token & 0x1f;
      if (token < 0xa0 || token > 0xbf) {
        if (token < 0xd9 || token > 0xdb) return undefined;
        bytes = 0;
        for (let left = 1 << (token - 0xd9); left > 0; left--) bytes = bytes * 256 + data[at++]!;
      }
      starts[i] = at;
      at += bytes;
      ends[i] = at;
    }
    this.#at = at;
    return new TextList(data, starts, ends);
  }

  #map(length: number): MsgpackValue {
    // Without a prototype, so that "__proto__" is a key like any other.
    const map: Record<string, MsgpackValue> = Object.create(null);
    for (let i = 0; i < length; i++) {
      const key = this.value();
      if (typeof key !== "string") throw new TypeError("isPlainMsgpack accepts no key but a string");
      map[key] = this.value();
    }
    return map;
  }
}

function exact(value: number): number {
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
