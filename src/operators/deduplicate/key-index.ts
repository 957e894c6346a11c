import type { KeyRecords } from "./key-records.ts";

/** With records beside it (32 bytes), an index filled to here costs 4 / 0.75 = 5.3 bytes a key: 37.3 in all. */
const MAX_LOAD = 0.75;

const HASH_RANGE = 2 ** 32;

/**
 * Open-addressing index of fixed capacity over key records: one word an entry. The low bits are the record's number + 1
 * (0 = free), as many as the capacity needs; the bits above are a tag from the key, so that a record is hardly ever read
 * in vain. Keys are words of a keyed hash: the first gives the home, the second the tag.
 */
export class KeyIndex {
  readonly capacity: number;
  /** Most records that it takes. */
  readonly limit: number;
  readonly #records: KeyRecords;
  readonly #entries: Uint32Array;
  readonly #scale: number;
  readonly #numberMask: number;
  readonly #tagMask: number;
  /** Where the last search that found nothing ended. */
  #free = 0;

  constructor(records: KeyRecords, capacity: number) {
    this.capacity = capacity;
    this.limit = Math.floor(capacity * MAX_LOAD);
    this.#records = records;
    this.#entries = new Uint32Array(capacity);
    this.#scale = capacity / HASH_RANGE;
    // All bits up to the highest of `limit`; a mask of 32 ones where no shift by 32 would give it.
    this.#numberMask = -1 >>> Math.clz32(this.limit);
    this.#tagMask = ~this.#numberMask;
  }

  /** An index with room for `count` records and half as many more. */
  static sizedFor(records: KeyRecords, count: number): KeyIndex {
    return new KeyIndex(records, Math.max(MIN_CAPACITY, Math.ceil((count * 1.5) / MAX_LOAD)));
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    const entries = this.#entries;
    const tagMask = this.#tagMask;
    const tag = keys[offset + 1]! & tagMask;
    let at = Math.floor(keys[offset]! * this.#scale);
    for (;;) {
      const entry = entries[at]!;
      if (entry === 0) {
        this.#free = at;
        return -1;
      }
      if ((entry & tagMask) === tag) {
        const number = ((entry & this.#numberMask) >>> 0) - 1;
        if (this.#records.hasKey(number, keys, offset)) return number;
      }
      at += 1;
      if (at === entries.length) at = 0;
    }
  }

  /** Reads the entries where the search for each of `count` keys begins; the result is of no use but to be used. */
  touch(keys: Uint32Array, first: number, count: number): number {
    const entries = this.#entries;
    const scale = this.#scale;
    let seen = 0;
    for (let offset = first * 4; offset < (first + count) * 4; offset += 4) {
      seen ^= entries[Math.floor(keys[offset]! * scale)]!;
    }
    return seen;
  }

  /** Adds the record of the key that `find` was called with last, without success; `tagWord` is the key's second. */
  insertMissing(number: number, tagWord: number): void {
    this.#entries[this.#free] = (tagWord & this.#tagMask) | (number + 1);
  }

  /** Adds the records [from, end), whose keys are not in the index; numbers are below `limit`. */
  insertRange(from: number, end: number): void {
    const entries = this.#entries;
    for (let number = from; number < end; number += 1) {
      const chunk = this.#records.chunkOf(number);
      const offset = this.#records.offsetIn(number);
      let at = Math.floor(chunk[offset]! * this.#scale);
      while (entries[at] !== 0) {
        at += 1;
        if (at === entries.length) at = 0;
      }
      entries[at] = (chunk[offset + 1]! & this.#tagMask) | (number + 1);
    }
  }

  get bytes(): number {
    return this.#entries.byteLength;
  }
}

const MIN_CAPACITY = 1024;
