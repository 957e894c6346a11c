import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import type { KeyRecords } from "./key-records.ts";
import { CHUNK_RECORDS } from "./record-chunks.ts";

/**
 * The index is so many tables, by the top bits of keys. One grows at a time, so that little is held twice; each that does
 * goes through all records, so that more tables would cost more time.
 */
const TABLE_BITS = 2;
const TABLES = 1 << TABLE_BITS;
const HOME_BITS = 32 - TABLE_BITS;
const HOME_MASK = 2 ** HOME_BITS - 1;
/** A search that finds nothing goes through a dozen entries of a full table, which are in a cache line or two. */
const MAX_LOAD = 0.8;
/**
 * Tables begin at sizes spread over one step of growth, so that they grow at different times: 5 to 8 bytes a key in one
 * table, 6 to 6.8 in all of them. With records beside it (32 bytes) a key has less than 40.
 */
const GROWTH = 1.6;
const MIN_RECORDS = 1_024;
/** Numbers of records that a new table has room for, as a multiple of the highest so far. */
const NUMBER_ROOM = 2;
const MIN_NUMBERS = 1 << 16;

/**
 * Open-addressing index over key records: one word an entry. The low bits are the record's number + 1 (0 = free), as many
 * as the numbers need; the bits above are a tag from the key, so that a record is hardly ever read in vain. Keys are words
 * of a keyed hash: the first gives table and home, the second the tag.
 */
export class KeyIndex {
  readonly #records: KeyRecords;
  readonly #tables: Uint32Array[] = [];
  readonly #scales = new Float64Array(TABLES);
  readonly #numberMasks = new Uint32Array(TABLES);
  readonly #counts = new Uint32Array(TABLES);
  readonly #limits = new Uint32Array(TABLES);
  /** Where the last search that found nothing ended. */
  #free = 0;
  #bytes = 0;

  /** @param count records that it has room for before it grows */
  constructor(records: KeyRecords, count: number) {
    this.#records = records;
    const mask = numberMaskFor(count);
    for (let table = 0; table < TABLES; table++) {
      const capacity = capacityFor(Math.max(MIN_RECORDS, count / TABLES) * GROWTH ** (table / TABLES));
      this.#setTable(table, new Uint32Array(capacity), mask);
    }
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    const word = keys[offset]!;
    const table = word >>> HOME_BITS;
    const entries = this.#tables[table]!;
    const numberMask = this.#numberMasks[table]!;
    const tagMask = ~numberMask;
    const tag = keys[offset + 1]! & tagMask;
    let at = Math.floor((word & HOME_MASK) * this.#scales[table]!);
    for (;;) {
      const entry = entries[at]!;
      if (entry === 0) {
        this.#free = at;
        return -1;
      }
      if ((entry & tagMask) === tag) {
        const number = ((entry & numberMask) >>> 0) - 1;
        if (this.#records.hasKey(number, keys, offset)) return number;
      }
      at += 1;
      if (at === entries.length) at = 0;
    }
  }

  /** Reads the entries where the search for each of `count` keys begins; the result is of no use but to be used. */
  touch(keys: Uint32Array, first: number, count: number): number {
    const tables = this.#tables;
    const scales = this.#scales;
    let seen = 0;
    for (let offset = first * 4; offset < (first + count) * 4; offset += 4) {
      const word = keys[offset]!;
      const table = word >>> HOME_BITS;
      seen ^= tables[table]![Math.floor((word & HOME_MASK) * scales[table]!)]!;
    }
    return seen;
  }

  /** Adds the record of the key that `find` was called with last, without success. */
  insertMissing(number: number, keys: Uint32Array, offset: number): void {
    const table = keys[offset]! >>> HOME_BITS;
    const tagWord = keys[offset + 1]!;
    if (this.#needsMore(table, number)) {
      this.#grow(table, number);
      this.#place(table, number, keys[offset]!, tagWord);
    } else this.#tables[table]![this.#free] = entryOf(number, tagWord, this.#numberMasks[table]!);
    this.#counts[table]! += 1;
  }

  /** Adds the records [0, count), whose keys are not in the index. */
  insertAll(count: number): void {
    for (let number = 0; number < count; number += 1) {
      const chunk = this.#records.chunkOf(number);
      const at = this.#records.offsetIn(number);
      const word = chunk[at]!;
      const table = word >>> HOME_BITS;
      if (this.#needsMore(table, number)) this.#grow(table, number);
      this.#place(table, number, word, chunk[at + 1]!);
      this.#counts[table]! += 1;
    }
  }

  #needsMore(table: number, number: number): boolean {
    return this.#counts[table]! >= this.#limits[table]! || number >= this.#numberMasks[table]!;
  }

  #place(table: number, number: number, word: number, tagWord: number): void {
    const entries = this.#tables[table]!;
    let at = Math.floor((word & HOME_MASK) * this.#scales[table]!);
    while (entries[at] !== 0) {
      at += 1;
      if (at === entries.length) at = 0;
    }
    entries[at] = entryOf(number, tagWord, this.#numberMasks[table]!);
  }

  /**
   * Makes a table anew, larger, from the records [0, number). They are read one after the other: entries would name them in
   * the order of their keys, and each would be waited for.
   */
  #grow(table: number, number: number): void {
    const isFull = this.#counts[table]! >= this.#limits[table]!;
    const capacity = isFull ? capacityFor(this.#counts[table]! * GROWTH) : this.#tables[table]!.length;
    this.#setTable(table, new Uint32Array(capacity), numberMaskFor(number + 1));
    for (let first = 0; first < number; first += CHUNK_RECORDS) {
      const chunk = this.#records.chunkOf(first);
      const count = Math.min(CHUNK_RECORDS, number - first);
      for (let i = 0; i < count; i += 1) {
        const word = chunk[i * KEY_RECORD_WORDS]!;
        if (word >>> HOME_BITS === table)
          this.#place(table, first + i, word, chunk[i * KEY_RECORD_WORDS + 1]!);
      }
    }
  }

  #setTable(table: number, entries: Uint32Array, numberMask: number): void {
    this.#bytes += entries.byteLength - (this.#tables[table]?.byteLength ?? 0);
    this.#tables[table] = entries;
    this.#scales[table] = entries.length / 2 ** HOME_BITS;
    this.#limits[table] = Math.floor(entries.length * MAX_LOAD);
    this.#numberMasks[table] = numberMask;
  }
}

function capacityFor(count: number): number {
  return Math.ceil(count / MAX_LOAD);
}

/** All bits of the largest number + 1 that fits: at least those of `count` records, with room for more. */
function numberMaskFor(count: number): number {
  return (-1 >>> Math.clz32(Math.max(MIN_NUMBERS, count * NUMBER_ROOM))) >>> 0;
}

function entryOf(number: number, tagWord: number, numberMask: number): number {
  return (tagWord & ~numberMask) | (number + 1);
}
