import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { compareKeys } from "./segment-layout.ts";

/** Records that fall into a bucket on average: as many as an insertion sort orders fastest. */
const BUCKET_RECORDS = 8;
/** From here on a bucket is sorted by comparisons n log n: keys are spread evenly, so that none is ever this large. */
const LARGE_BUCKET = 64;
const HASH_RANGE = 2 ** 32;

/** Records that fill chunks of one size, one chunk after another. */
export class ChunkedRecords {
  readonly count: number;
  readonly #chunks: readonly Uint32Array[];
  readonly #chunkRecords: number;

  constructor(chunks: readonly Uint32Array[], count: number) {
    this.count = count;
    this.#chunks = chunks;
    this.#chunkRecords = (chunks[0]?.length ?? 0) / KEY_RECORD_WORDS;
  }

  /** The chunk that holds a record, for reading at `offsetOf`. */
  chunkOf(number: number): Uint32Array {
    return this.#chunks[Math.floor(number / this.#chunkRecords)]!;
  }

  offsetOf(number: number): number {
    return (number % this.#chunkRecords) * KEY_RECORD_WORDS;
  }

  /** The first word of each record's key, in the order of the records. */
  firstWords(): Uint32Array {
    const words = new Uint32Array(this.count);
    let number = 0;
    for (const chunk of this.#chunks)
      for (let at = 0; at < chunk.length && number < this.count; at += KEY_RECORD_WORDS)
        words[number++] = chunk[at]!;
    return words;
  }

  /**
   * Reads the first words of the records order[from, to): what stands far from each other in memory is waited for all at once.
   * The result is of no use but to be used.
   */
  touch(order: Uint32Array, from: number, to: number): number {
    let seen = 0;
    for (let at = from; at < to; at += 1) seen ^= this.chunkOf(order[at]!)[this.offsetOf(order[at]!)]!;
    return seen;
  }

  /** Order of two records by their keys. */
  compare(a: number, b: number): number {
    return compareKeys(this.chunkOf(a), this.offsetOf(a), this.chunkOf(b), this.offsetOf(b));
  }
}

/** Numbers of the records in ascending order of their keys, none of which is there twice. */
export function sortedOrder(records: ChunkedRecords): Uint32Array {
  const { count } = records;
  const firstWords = records.firstWords();
  const buckets = Math.max(1, Math.ceil(count / BUCKET_RECORDS));
  const scale = buckets / HASH_RANGE;
  // ends[b + 1] counts bucket b, then ends[b] becomes its start.
  const ends = new Uint32Array(buckets + 1);
  for (let number = 0; number < count; number += 1) ends[Math.floor(firstWords[number]! * scale) + 1]! += 1;
  for (let bucket = 1; bucket <= buckets; bucket += 1) ends[bucket]! += ends[bucket - 1]!;
  const order = new Uint32Array(count);
  for (let number = 0; number < count; number += 1)
    order[ends[Math.floor(firstWords[number]! * scale)]!++] = number;
  // Filling has moved each entry to the end of its bucket.
  for (let bucket = 0, start = 0; bucket < buckets; bucket += 1) {
    const end = ends[bucket]!;
    if (end - start > LARGE_BUCKET) order.subarray(start, end).sort((a, b) => records.compare(a, b));
    else sortSmall(records, firstWords, order, start, end);
    start = end;
  }
  return order;
}

/** Records are read only where the first words of keys are equal: each of them would have to be waited for. */
function sortSmall(
  records: ChunkedRecords,
  firstWords: Uint32Array,
  order: Uint32Array,
  start: number,
  end: number,
): void {
  for (let at = start + 1; at < end; at += 1) {
    const number = order[at]!;
    const word = firstWords[number]!;
    let to = at;
    while (to > start) {
      const before = order[to - 1]!;
      const wordBefore = firstWords[before]!;
      if (wordBefore < word || (wordBefore === word && records.compare(before, number) < 0)) break;
      order[to] = before;
      to -= 1;
    }
    order[to] = number;
  }
}
