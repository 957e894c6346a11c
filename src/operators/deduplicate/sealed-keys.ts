import { KEY_RECORD_WORDS, KEY_WORDS, type KeySegment } from "../../model/key-segments.ts";

/**
 * Finds keys in segments. For a run of rows the filters are asked one after another, which keeps each one's memory in the
 * processor's caches, and what may be there is read in the order of the files. The other way round, row by row, every
 * question would wait for memory.
 */
export class SealedKeys {
  #segments: readonly KeySegment[] = [];
  /** The rows that were prepared, and of which column. */
  #keys: Uint32Array | undefined;
  #firstOffset = 0;
  #endOffset = 0;
  /** Number of the record + 1 for a prepared row; 0 where no segment has its key. */
  #found = new Uint32Array(0);
  #foundCount = 0;
  #records = new Uint32Array(KEY_RECORD_WORDS);
  #candidates = new Uint32Array(0);
  readonly #single = new Uint32Array(KEY_RECORD_WORDS);

  /** Sets the segments to look into. What was prepared is forgotten. */
  use(segments: readonly KeySegment[]): void {
    this.#segments = segments;
    this.#keys = undefined;
  }

  /** Looks up a run of rows of a key column; its words must not change until the rows have been asked for. */
  prepare(keys: Uint32Array, firstRow: number, rowCount: number): void {
    if (this.#segments.length === 0) return;
    this.#reserve(rowCount);
    this.#keys = keys;
    this.#firstOffset = firstRow * KEY_WORDS;
    this.#endOffset = (firstRow + rowCount) * KEY_WORDS;
    if (this.#foundCount > 0) this.#found.fill(0);
    this.#foundCount = 0;
    for (const segment of this.#segments) {
      const count = segment.candidates(keys, firstRow, rowCount, this.#candidates, 0);
      if (count > 0) this.#read(segment, keys, firstRow, this.#candidates.subarray(0, count));
    }
  }

  /** Where in `words` the record of a key stands; −1 where no segment has it. */
  find(keys: Uint32Array, offset: number): number {
    if (keys === this.#keys && offset >= this.#firstOffset && offset < this.#endOffset) {
      const found = this.#found[(offset - this.#firstOffset) / KEY_WORDS]!;
      return found === 0 ? -1 : (found - 1) * KEY_RECORD_WORDS;
    }
    for (const segment of this.#segments) {
      // Behind the records of the rows that were prepared.
      if (segment.mayHold(keys, offset) && segment.find(keys, offset, this.#single))
        return this.#keep(this.#found.length);
    }
    return -1;
  }

  /** Holds the record of the last successful `find`. */
  get words(): Uint32Array {
    return this.#records;
  }

  #read(segment: KeySegment, keys: Uint32Array, firstRow: number, rows: Uint32Array): void {
    if (rows.length > 1) rows.sort((a, b) => keys[a * KEY_WORDS]! - keys[b * KEY_WORDS]!);
    for (const row of rows) {
      if (!segment.find(keys, row * KEY_WORDS, this.#single)) continue;
      this.#keep(this.#foundCount);
      this.#foundCount += 1;
      this.#found[row - firstRow] = this.#foundCount;
    }
  }

  #keep(number: number): number {
    const at = number * KEY_RECORD_WORDS;
    this.#records.set(this.#single, at);
    return at;
  }

  #reserve(rowCount: number): void {
    if (this.#found.length >= rowCount) return;
    this.#found = new Uint32Array(rowCount);
    this.#candidates = new Uint32Array(rowCount);
    this.#records = new Uint32Array((rowCount + 1) * KEY_RECORD_WORDS);
  }
}
