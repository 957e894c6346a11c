import { KeyIndex } from "./key-index.ts";
import { KeyRecords } from "./key-records.ts";
import type { RecordChunks } from "./record-chunks.ts";

/** Keys in memory: records in the order of their arrival and an index over them. */
export class HotKeys {
  readonly records: KeyRecords;
  #index: KeyIndex;

  constructor(memory: RecordChunks) {
    this.records = new KeyRecords(memory);
    this.#index = new KeyIndex(this.records, 0);
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    return this.#index.find(keys, offset);
  }

  /** See KeyTable.prepare. */
  touch(keys: Uint32Array, first: number, count: number): number {
    return this.#index.touch(keys, first, count);
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
    this.#index.insertMissing(number, keys, offset);
  }

  /** Appends saved records; `buildIndex` must follow before anything else. */
  load(bytes: Uint8Array): void {
    this.records.load(bytes);
  }

  buildIndex(): void {
    this.#index = new KeyIndex(this.records, this.records.count);
    this.#index.insertAll(this.records.count);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.records.bytes + this.#index.bytes;
  }
}
