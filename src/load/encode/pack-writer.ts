const encoder = new TextEncoder();

/**
 * Writes MessagePack into one buffer that is used again for every message: each value in the shortest form that there is
 * for it. The buffer must be large enough; writing past its end throws RangeError.
 */
export class PackWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A copy of what was written; the writer starts again. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** At most 15 entries. */
  map(entries: number): void {
    this.#byte(0x80 | entries);
  }

  array(length: number): void {
    if (length < 16) this.#byte(0x90 | length);
    else if (length < 0x1_0000) this.#header16(0xdc, length);
    else this.#header32(0xdd, length);
  }

  integer(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#header8(0xcc, value);
    else if (value < 0x1_0000) this.#header16(0xcd, value);
    else this.#header32(0xce, value);
  }

  text(text: string): void {
    const bytes = encoder.encode(text);
    if (bytes.length < 32) this.#byte(0xa0 | bytes.length);
    else if (bytes.length < 0x100) this.#header8(0xd9, bytes.length);
    else this.#header16(0xda, bytes.length);
    this.raw(bytes);
  }

  /** A text of fewer than 32 bytes: a prefix and the digits of an integer. */
  numberedText(prefix: Uint8Array, value: number): void {
    const digits = digitCount(value);
    this.#byte(0xa0 | (prefix.length + digits));
    this.raw(prefix);
    this.digits(value, digits);
  }

  /** Header of a binary whose `length` bytes are written next. */
  binary(length: number): void {
    if (length < 0x100) this.#header8(0xc4, length);
    else if (length < 0x1_0000) this.#header16(0xc5, length);
    else this.#header32(0xc6, length);
  }

  raw(bytes: Uint8Array): void {
    // Short ones mostly, for which `set` takes longer than a loop.
    const { length } = bytes;
    for (let i = 0; i < length; i++) this.#view.setUint8(this.#at + i, bytes[i]!);
    this.#at += length;
  }

  /** Binary of 16-bit words, little-endian. */
  words16(words: Uint32Array, count: number): void {
    this.binary(count * 2);
    for (let row = 0; row < count; row++) this.#view.setUint16(this.#at + row * 2, words[row]!, true);
    this.#at += count * 2;
  }

  /** Binary of 32-bit words, little-endian. */
  words32(words: Uint32Array, count: number): void {
    this.binary(count * 4);
    for (let row = 0; row < count; row++) this.#view.setUint32(this.#at + row * 4, words[row]!, true);
    this.#at += count * 4;
  }

  /** Binary of 64-bit floats, little-endian. */
  floats(values: Float64Array, count: number): void {
    this.binary(count * 8);
    for (let row = 0; row < count; row++) this.#view.setFloat64(this.#at + row * 8, values[row]!, true);
    this.#at += count * 8;
  }

  /** Digits of an integer, 0 … 2^53, in as many bytes as `digitCount` says. */
  digits(value: number, count: number): void {
    let rest = value;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10);
      this.#view.setUint8(at, 48 + (rest - next * 10));
      rest = next;
    }
    this.#at += count;
  }

  #byte(value: number): void {
    this.#view.setUint8(this.#at++, value);
  }

  #header8(code: number, length: number): void {
    this.#byte(code);
    this.#byte(length);
  }

  #header16(code: number, length: number): void {
    this.#byte(code);
    this.#view.setUint16(this.#at, length);
    this.#at += 2;
  }

  #header32(code: number, length: number): void {
    this.#byte(code);
    this.#view.setUint32(this.#at, length);
    this.#at += 4;
  }
}

/** How many decimal digits an integer ≥ 0 has. */
export function digitCount(value: number): number {
  let count = 1;
  for (let bound = 10; value >= bound; bound *= 10) count++;
  return count;
}
