import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import type { KeyRecords } from "./key-records.ts";

/** A search that finds nothing goes through a dozen entries of a full table, which are in a cache line or two. */
const MAX_LOAD = 0.8;
/**
 * A full table becomes so much larger: 5 to 7 bytes a key. With records beside it (32 bytes) a key has less than 40. Where it is
 * known how many keys come, none grows.
 */
const GROWTH = 1.4;
const MIN_RECORDS = 1_024;
/** Divides a chunk. What a table's growth reads ahead stays in the processor's first cache. */
const READ_AHEAD_RECORDS = 256;
const WORD = 2 ** 32;

/**
 * Open-addressing index over key records: one word an entry. The low bits are the record's number + 1 (0 = free), as many
 * as the numbers need; the bits above are a tag from the key, so that a record is hardly ever read in vain. Keys are words
 * of a keyed hash: the first gives table and home, the second the tag.
 */
export class KeyIndex {
  readonly #records: KeyRecords;
  #entries: Uint32Array;
  /** Entries a value of a key's first word. */
  #scale: number;
  #numberMask: number;
  #count = 0;
  #limit: number;
  /** Takes what was read ahead, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);
  /** Where the last search that found nothing ended. */
  #free = 0;

  /** @param count records that it has room for before it grows */
  constructor(records: KeyRecords, count: number) {
    this.#records = records;
    this.#entries = new Uint32Array(capacityFor(Math.max(MIN_RECORDS, count)));
    this.#scale = this.#entries.length / WORD;
    this.#limit = Math.floor(this.#entries.length * MAX_LOAD);
    this.#numberMask = numberMaskFor(this.#limit);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#entries.byteLength;
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    const entries = this.#entries;
    const numberMask = this.#numberMask;
    const tagMask = ~numberMask;
    const tag = keys[offset + 1]! & tagMask;
    let at = Math.floor(keys[offset]! * this.#scale);
    for (;;) {
      const entry = entries[at]!;
      if (entry === 0) {
        this.#free = at;
        return -1;
      }
      if ((entry & tagMask) === tag) {
        const number = (entry & numberMask) - 1;
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
    for (let offset = first * 4; offset < (first + count) * 4; offset += 4)
      seen ^= entries[Math.floor(keys[offset]! * scale)]!;
    return seen;
  }

  /** Adds the record of the key that `find` was called with last, without success. */
  insertMissing(number: number, keys: Uint32Array, offset: number): void {
    if (this.#count >= this.#limit) {
      this.#grow();
      this.#place(number, keys[offset]!, keys[offset + 1]!);
    } else this.#entries[this.#free] = entryOf(number, keys[offset + 1]!, this.#numberMask);
    this.#count += 1;
  }

  /** Adds the records [0, count), whose keys are not in the index, which has room for them. */
  insertAll(count: number): void {
    this.#count = count;
    for (let first = 0; first < count; first += READ_AHEAD_RECORDS) {
      const chunk = this.#records.chunkOf(first);
      const offset = this.#records.offsetIn(first);
      const end = offset + Math.min(READ_AHEAD_RECORDS, count - first) * KEY_RECORD_WORDS;
      this.#touch(chunk, offset, end);
      for (let number = first, at = offset; at < end; number += 1, at += KEY_RECORD_WORDS)
        this.#place(number, chunk[at]!, chunk[at + 1]!);
    }
  }

  /** Reads where the records in words [from, to) begin to look for a place: whether one is free is then known at once. */
  #touch(chunk: Uint32Array, from: number, to: number): void {
    const entries = this.#entries;
    const scale = this.#scale;
    let seen = 0;
    for (let at = from; at < to; at += KEY_RECORD_WORDS) seen ^= entries[Math.floor(chunk[at]! * scale)]!;
    this.#touched[0] = seen;
  }

  #place(number: number, word: number, tagWord: number): void {
    const entries = this.#entries;
    let at = Math.floor(word * this.#scale);
    while (entries[at] !== 0) {
      at += 1;
      if (at === entries.length) at = 0;
    }
    entries[at] = entryOf(number, tagWord, this.#numberMask);
  }

  /**
   * Makes the table anew, larger, from all records that it holds. They are read one after the other: entries would name them
   * in the order of their keys, and each would be waited for.
   */
  #grow(): void {
    this.#entries = new Uint32Array(capacityFor(this.#limit * GROWTH));
    this.#scale = this.#entries.length / WORD;
    this.#limit = Math.floor(this.#entries.length * MAX_LOAD);
    this.#numberMask = numberMaskFor(this.#limit);
    this.insertAll(this.#count);
  }
}

function capacityFor(count: number): number {
  return Math.ceil(count / MAX_LOAD);
}

/** All bits of the numbers + 1 of `count` records. */
function numberMaskFor(count: number): number {
  return (-1 >>> Math.clz32(count)) >>> 0;
}

function entryOf(number: number, tagWord: number, numberMask: number): number {
  return (tagWord & ~numberMask) | (number + 1);
}
