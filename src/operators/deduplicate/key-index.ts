import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import type { KeyRecords } from "./key-records.ts";

/** A search that finds nothing goes through a dozen entries of a full table, which are in a cache line or two. */
const MAX_LOAD = 0.8;
/**
 * A full table becomes so much larger: 5 to 7 bytes a key. With records beside it (32 bytes) a key has less than 40. Where it is
 * known how many keys come, none grows.
 */
const GROWTH = 1.4;
/**
 * A small one doubles: to move an entry costs as much as half a probe, and with less growth each was moved three times until
 * keys are sealed. Up to 10 bytes a key, but 3 MB at most, and 6 bytes when they are sealed.
 */
const GROWTH_OF_SMALL = 2;
/** Doubled nine times it has room for the keys at which they are sealed (2^19) and an eighth more, which come until they are. */
const MIN_RECORDS = 1_152;
const MAX_SMALL_RECORDS = MIN_RECORDS << 9;
/** What records that are read again are put by: their places are read ahead, and stay in the processor's first cache. Divides a chunk. */
const READ_AHEAD_RECORDS = 256;
/** A key's unit: the top bits of its first word. It gives the key's home; its lowest bits are the key's tag. */
const UNIT_BITS = 24;
const UNIT_SHIFT = 32 - UNIT_BITS;
const UNITS = 2 ** UNIT_BITS;

function growthOf(records: number): number {
  return records * GROWTH_OF_SMALL <= MAX_SMALL_RECORDS ? GROWTH_OF_SMALL : GROWTH;
}

/**
 * Open-addressing index over key records: one word an entry. The low bits are the record's number + 1 (0 = free), as many
 * as the numbers need; the bits above are the key's tag, so that a record is hardly ever read in vain. Keys are words of a
 * keyed hash.
 *
 * Homes rise with the units, and a tag tells keys of neighbouring homes apart: so a table that grows knows from place and tag
 * where an entry goes, reads no record, and both tables from their begin to their end.
 */
export class KeyIndex {
  readonly #records: KeyRecords;
  #entries = new Uint32Array(0);
  /** Entries a unit. */
  #scale = 0;
  #numberBits = 0;
  #count = 0;
  #limit = 0;
  /** Where the last search that found nothing ended. */
  #free = 0;
  /** Takes what was read ahead, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);

  /** @param count records that it has room for before it grows */
  constructor(records: KeyRecords, count: number) {
    this.#records = records;
    this.#makeTable(Math.max(MIN_RECORDS, count));
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#entries.byteLength;
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    const entries = this.#entries;
    const numberBits = this.#numberBits;
    const unit = keys[offset]! >>> UNIT_SHIFT;
    const tag = (unit << numberBits) >>> numberBits;
    let at = Math.floor(unit * this.#scale);
    for (;;) {
      const entry = entries[at]!;
      if (entry === 0) {
        this.#free = at;
        return -1;
      }
      if (entry >>> numberBits === tag) {
        const number = (entry & ((1 << numberBits) - 1)) - 1;
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
      seen ^= entries[Math.floor((keys[offset]! >>> UNIT_SHIFT) * scale)]!;
    return seen;
  }

  /** Adds the record of the key that `find` was called with last, without success. */
  insertMissing(number: number, keys: Uint32Array, offset: number): void {
    const unit = keys[offset]! >>> UNIT_SHIFT;
    if (this.#count >= this.#limit) {
      this.#grow();
      this.#place(number, unit);
    } else this.#entries[this.#free] = (unit << this.#numberBits) | (number + 1);
    this.#count += 1;
  }

  /** Records that a table has room for when it has grown to hold so many, and one more, from nothing. */
  static roomFor(count: number): number {
    let room = MIN_RECORDS;
    while (room <= count) room = Math.floor(room * growthOf(room));
    return room;
  }

  /** Adds the records [0, count), whose keys are not in the index, which has room for them. */
  insertAll(count: number): void {
    this.#count = count;
    for (let first = 0; first < count; first += READ_AHEAD_RECORDS) {
      const chunk = this.#records.chunkOf(first);
      const offset = this.#records.offsetIn(first);
      const end = offset + Math.min(READ_AHEAD_RECORDS, count - first) * KEY_RECORD_WORDS;
      this.#touchRecords(chunk, offset, end);
      for (let number = first, at = offset; at < end; number += 1, at += KEY_RECORD_WORDS)
        this.#place(number, chunk[at]! >>> UNIT_SHIFT);
    }
  }

  /** Reads where the records in words [from, to) begin to look for a place: whether one is free is then known at once. */
  #touchRecords(chunk: Uint32Array, from: number, to: number): void {
    const entries = this.#entries;
    const scale = this.#scale;
    let seen = 0;
    for (let at = from; at < to; at += KEY_RECORD_WORDS)
      seen ^= entries[Math.floor((chunk[at]! >>> UNIT_SHIFT) * scale)]!;
    this.#touched[0] = seen;
  }

  #place(number: number, unit: number): void {
    const entries = this.#entries;
    let at = Math.floor(unit * this.#scale);
    while (entries[at] !== 0) {
      at += 1;
      if (at === entries.length) at = 0;
    }
    entries[at] = (unit << this.#numberBits) | (number + 1);
  }

  /** Moves all entries to a larger table, beginning behind a free one: so none is before its home. */
  #grow(): void {
    const former = this.#entries;
    const formerBits = this.#numberBits;
    const capacity = former.length;
    const tagMask = 2 ** (32 - formerBits) - 1;
    // With so many taken entries before it at most, an entry's unit follows from its place and tag.
    const nearRun = Math.floor(((tagMask + 1) * capacity) / UNITS) - 2;
    this.#makeTable(this.#limit * growthOf(this.#limit));
    const start = former.indexOf(0);
    let run = 0;
    for (let place = start + 1; place < start + capacity; place += 1) {
      const entry = former[place < capacity ? place : place - capacity]!;
      if (entry === 0) {
        run = 0;
        continue;
      }
      run += 1;
      const number = (entry & ((1 << formerBits) - 1)) - 1;
      let unit: number;
      if (run <= nearRun) {
        // The product is exact, so that the quotient is on the right side of every whole number.
        const highest = Math.ceil(((place + 1) * UNITS) / capacity) - 1;
        unit = (highest - ((highest - (entry >>> formerBits)) & tagMask)) & (UNITS - 1);
      } else unit = this.#records.chunkOf(number)[this.#records.offsetIn(number)]! >>> UNIT_SHIFT;
      this.#place(number, unit);
    }
  }

  /** An empty table with room for `count` records. */
  #makeTable(count: number): void {
    this.#entries = new Uint32Array(Math.ceil(count / MAX_LOAD));
    this.#scale = this.#entries.length / UNITS;
    this.#limit = Math.floor(this.#entries.length * MAX_LOAD);
    this.#numberBits = 32 - Math.clz32(this.#limit);
  }
}
