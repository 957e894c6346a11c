const FIRST_TEXTS = 64;
/** Places of the table for each text: so it is half full at most, and a search short. */
const PLACES_PER_TEXT = 2;
/** Characters are kept in pieces of this size, so that those of many texts are never copied. */
const CHUNK_BYTES = 1 << 16;
/** The first piece begins smaller and is doubled: most indexes of a partition have a few texts. */
const FIRST_CHUNK_BYTES = 1 << 10;
/** Longer texts are kept as they are: keys of rows have a hundred characters. */
export const MAX_COMPACT_LENGTH = 4_096;
const MAX_COMPACT_CODE = 0xff;
/** The text of any index that was hashed last, as bytes: read again before another one is hashed. */
const BYTES = new Uint8Array(MAX_COMPACT_LENGTH);
/** FNV-1a, and what ends it in MurmurHash3. */
const FIRST_HASH = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

function ended(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Numbers texts from 0 in the order in which they are added, and finds their numbers. For a million of texts: they are bytes
 * here and no objects, which the garbage collector would go through again and again. Texts with characters beyond
 * Latin-1 are few, and kept as they are.
 */
export class TextIndex {
  /** Number + 1 of a text, 0 for a free place. */
  #places = new Uint32Array(FIRST_TEXTS * PLACES_PER_TEXT);
  /** By number: hash, place of the first byte among all chunks, and length; those of other texts are not used. */
  #hashes = new Uint32Array(FIRST_TEXTS);
  #starts = new Float64Array(FIRST_TEXTS);
  #lengths = new Uint16Array(FIRST_TEXTS);
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #end = 0;
  #count = 0;
  readonly #others = new Map<string, number>();
  /** By number. */
  readonly #otherTexts = new Map<number, string>();

  get count(): number {
    return this.#count;
  }

  /** The number of a text, undefined where it was not added. */
  numberOf(text: string): number | undefined {
    const hash = this.#hash(text);
    if (hash === -1) return this.#others.get(text);
    const mask = this.#places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const stored = this.#places[place]!;
      if (stored === 0) return undefined;
      if (this.#hashes[stored - 1] === hash && this.#isAt(stored - 1, text.length)) return stored - 1;
    }
  }

  /** Adds a text, which must be new; returns its number. */
  add(text: string): number {
    const number = this.#count;
    if (number === this.#hashes.length) this.#grow();
    this.#count += 1;
    const hash = this.#hash(text);
    if (hash === -1) {
      this.#others.set(text, number);
      this.#otherTexts.set(number, text);
      return number;
    }
    this.#addHashed(number, hash, text.length);
    return number;
  }

  /**
   * Adds a text whose characters are the bytes from `at` (Latin-1), `MAX_COMPACT_LENGTH` at most, and which must be new; returns its
   * number. For texts that were read from another index: no string is made of one.
   */
  addBytes(from: Uint8Array, at: number, length: number): number {
    const number = this.#count;
    if (number === this.#hashes.length) this.#grow();
    this.#count += 1;
    const bytes = BYTES;
    let hash = FIRST_HASH;
    for (let i = 0; i < length; i++) {
      const code = from[at + i]!;
      bytes[i] = code;
      hash = Math.imul(hash ^ code, HASH_FACTOR);
    }
    this.#addHashed(number, ended(hash), length);
    return number;
  }

  /** Whether a text is kept as bytes, a character each. */
  isCompact(number: number): boolean {
    return !this.#otherTexts.has(number);
  }

  /** Characters of a text. */
  lengthOf(number: number): number {
    return this.#otherTexts.get(number)?.length ?? this.#lengths[number]!;
  }

  /** Copies the characters of a compact text to `at`, one byte each. */
  copyTo(number: number, to: Uint8Array, at: number): void {
    const { chunk, from } = this.#placeOf(number);
    to.set(chunk.subarray(from, from + this.#lengths[number]!), at);
  }

  /** The text of a number. */
  textOf(number: number): string {
    const other = this.#otherTexts.get(number);
    if (other !== undefined) return other;
    const { chunk, from } = this.#placeOf(number);
    return Buffer.from(chunk.buffer, from, this.#lengths[number]).toString("latin1");
  }

  #placeOf(number: number): { readonly chunk: Uint8Array<ArrayBuffer>; readonly from: number } {
    const start = this.#starts[number]!;
    return { chunk: this.#chunks[Math.floor(start / CHUNK_BYTES)]!, from: start % CHUNK_BYTES };
  }

  /** The text's bytes are in `BYTES`. */
  #addHashed(number: number, hash: number, length: number): void {
    this.#hashes[number] = hash;
    this.#lengths[number] = length;
    this.#store(number, length);
    this.#place(number);
  }

  #place(number: number): void {
    const mask = this.#places.length - 1;
    let place = this.#hashes[number]! & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = number + 1;
  }

  /** Writes the text's bytes behind those before, in one chunk. */
  #store(number: number, length: number): void {
    let at = this.#end % CHUNK_BYTES;
    if (this.#chunks.length === 0 || at + length > CHUNK_BYTES || at === 0) {
      this.#end = this.#chunks.length * CHUNK_BYTES;
      this.#chunks.push(new Uint8Array(this.#chunks.length === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES));
      at = 0;
    }
    let chunk = this.#chunks.at(-1)!;
    if (at + length > chunk.length) {
      let bytes = chunk.length;
      while (bytes < at + length) bytes *= 2;
      chunk = new Uint8Array(bytes);
      chunk.set(this.#chunks[0]!);
      this.#chunks[0] = chunk;
    }
    for (let i = 0; i < length; i++) chunk[at + i] = BYTES[i]!;
    this.#starts[number] = this.#end;
    this.#end += length;
  }

  /** Whether the text that was hashed last is the one of a number. */
  #isAt(number: number, length: number): boolean {
    if (this.#lengths[number] !== length) return false;
    const start = this.#starts[number]!;
    const chunk = this.#chunks[Math.floor(start / CHUNK_BYTES)]!;
    const at = start % CHUNK_BYTES;
    for (let i = 0; i < length; i++) if (chunk[at + i] !== BYTES[i]) return false;
    return true;
  }

  /** 32 bits of a text whose bytes are in `BYTES` then (FNV-1a, ended as MurmurHash3); −1 where it is kept as it is. */
  #hash(text: string): number {
    const { length } = text;
    if (length > MAX_COMPACT_LENGTH) return -1;
    const bytes = BYTES;
    let hash = FIRST_HASH;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > MAX_COMPACT_CODE) return -1;
      bytes[i] = code;
      hash = Math.imul(hash ^ code, HASH_FACTOR);
    }
    return ended(hash);
  }

  #grow(): void {
    const texts = this.#hashes.length * 2;
    this.#hashes = grown(this.#hashes, new Uint32Array(texts));
    this.#starts = grown(this.#starts, new Float64Array(texts));
    this.#lengths = grown(this.#lengths, new Uint16Array(texts));
    this.#places = new Uint32Array(texts * PLACES_PER_TEXT);
    for (let number = 0; number < this.#count; number++) if (this.isCompact(number)) this.#place(number);
  }
}

function grown<Numbers extends Uint32Array | Float64Array | Uint16Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
