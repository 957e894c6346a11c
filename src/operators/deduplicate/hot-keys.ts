import { KEY_WORDS } from "../../model/key-segments.ts";
import { KeyIndex } from "./key-index.ts";
import { KeyRecords, type MessagePlace } from "./key-records.ts";
import type { RecordChunks } from "./record-chunks.ts";

/** Keys in memory: records in the order of their arrival and an index over them. */
export class HotKeys {
  readonly records: KeyRecords;
  #index: KeyIndex;

  /** @param expected keys that it has room for before its index grows; 0 where nobody knows */
  constructor(memory: RecordChunks, expected = 0) {
    this.records = new KeyRecords(memory);
    this.#index = new KeyIndex(this.records, expected);
  }

  /** Number of the record with a key, −1 where there is none. */
  find(keys: Uint32Array, offset: number): number {
    return this.#index.find(keys, offset);
  }

  /** See KeyTable.prepare. */
  touch(keys: Uint32Array, first: number, count: number): number {
    return this.#index.touch(keys, first, count);
  }

  /** Adds the key of a row that `find` was called with last, without success. See KeyRecords.append. */
  insertMissing(
    keys: Uint32Array,
    checksums: Uint32Array,
    row: number,
    place: MessagePlace,
    index: number,
  ): void {
    const number = this.records.append(keys, checksums, row, place, index);
    this.#index.insertMissing(number, keys, row * KEY_WORDS);
  }

  /** Appends saved records; `buildIndex` must follow before anything else. */
  load(bytes: Uint8Array): void {
    this.records.load(bytes);
  }

  buildIndex(): void {
    this.#index = new KeyIndex(this.records, KeyIndex.roomFor(this.records.count));
    this.#index.insertAll(this.records.count);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.records.bytes + this.#index.bytes;
  }
}
