import { KeyIndex } from "./key-index.ts";
import { KeyRecords } from "./key-records.ts";
import type { RecordChunks } from "./record-chunks.ts";

/**
 * Records moved to a grown index with each insertion. The former index is full at n records and the new one at 1.5 n, so
 * that all have moved after n / 8 insertions; no insertion stalls for more than these.
 */
const MOVES_PER_INSERT = 8;

/** Keys in memory: records in the order of their arrival and an index over them. */
export class HotKeys {
  readonly records: KeyRecords;
  #index: KeyIndex;
  /** The index that is being replaced: finds the records that have not moved yet. */
  #former: KeyIndex | undefined;
  #moved = 0;
  #formerCount = 0;

  constructor(memory: RecordChunks) {
    this.records = new KeyRecords(memory);
    this.#index = KeyIndex.sizedFor(this.records, 0);
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    const number = this.#index.find(keys, offset);
    return number === -1 && this.#former !== undefined ? this.#former.find(keys, offset) : number;
  }

  /** See KeyTable.prepare. */
  touch(keys: Uint32Array, first: number, count: number): number {
    return this.#index.touch(keys, first, count) ^ (this.#former?.touch(keys, first, count) ?? 0);
  }

  /** Adds the key that `find` was called with last, without success. */
  insertMissing(
    keys: Uint32Array,
    offset: number,
    checksumLow: number,
    checksumHigh: number,
    sequence: number,
    index: number,
  ): void {
    const number = this.records.append(keys, offset, checksumLow, checksumHigh, sequence, index);
    if (number < this.#index.limit) {
      this.#index.insertMissing(number, keys[offset + 1]!);
    } else {
      this.#grow(number);
      this.#index.insertRange(number, number + 1);
    }
    if (this.#former !== undefined) this.#move();
  }

  /** Appends saved records; `buildIndex` must follow before anything else. */
  load(bytes: Uint8Array): void {
    this.records.load(bytes);
  }

  buildIndex(): void {
    this.#index = KeyIndex.sizedFor(this.records, this.records.count);
    this.#index.insertRange(0, this.records.count);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.records.bytes + this.#index.bytes + (this.#former?.bytes ?? 0);
  }

  #grow(count: number): void {
    this.#former = this.#index;
    this.#formerCount = count;
    this.#moved = 0;
    this.#index = KeyIndex.sizedFor(this.records, count);
  }

  #move(): void {
    const end = Math.min(this.#moved + MOVES_PER_INSERT, this.#formerCount);
    this.#index.insertRange(this.#moved, end);
    this.#moved = end;
    if (end === this.#formerCount) this.#former = undefined;
  }
}
