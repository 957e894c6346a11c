import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { compareKeys } from "./segment-layout.ts";

/** Records that fall into a bucket on average: with fewer, the table of buckets would leave the processor's second cache. */
const BUCKET_RECORDS = 4;
/** From here on a bucket is sorted by comparisons n log n: keys are spread evenly, so that none is ever this large. */
const LARGE_BUCKET = 64;
const HASH_RANGE = 2 ** 32;
/** Every record is in the first of 2^30. */
const ONE_CHUNK_SHIFT = 30;

/** Records that fill chunks of one size, one chunk after another. */
export class ChunkedRecords {
  readonly count: number;
  readonly #chunks: readonly Uint32Array[];
  /** A chunk has 2^shift records: divisions would cost as much as all else that is done to find one. */
  readonly #shift: number;

  /** A single chunk may have any number of records; throws RangeError where one of several has not 2^n. */
  constructor(chunks: readonly Uint32Array[], count: number) {
    this.count = count;
    this.#chunks = chunks;
    this.#shift = chunks.length === 1 ? ONE_CHUNK_SHIFT : Math.log2(chunks[0]!.length / KEY_RECORD_WORDS);
    if (!Number.isInteger(this.#shift)) throw new RangeError("a chunk has 2^n records");
  }

  /** The chunk that holds a record, for reading at `offsetOf`. */
  chunkOf(number: number): Uint32Array {
    return this.#chunks[number >>> this.#shift]!;
  }

  offsetOf(number: number): number {
    return (number & ((1 << this.#shift) - 1)) * KEY_RECORD_WORDS;
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

  /** Order of two records by their keys. */
  compare(a: number, b: number): number {
    return compareKeys(this.chunkOf(a), this.offsetOf(a), this.chunkOf(b), this.offsetOf(b));
  }
}

/** Where the first words of keys lie: in [least, least + span), spread evenly. */
export interface WordRange {
  readonly least: number;
  readonly span: number;
}

export const ALL_WORDS: WordRange = { least: 0, span: HASH_RANGE };

/** Numbers of the records in ascending order of their keys, none of which is there twice. */
export function sortedOrder(records: ChunkedRecords, { least, span }: WordRange = ALL_WORDS): Uint32Array {
  const { count } = records;
  const firstWords = records.firstWords();
  const buckets = Math.max(1, Math.ceil(count / BUCKET_RECORDS));
  const scale = buckets / span;
  // ends[b + 1] counts bucket b, then ends[b] becomes its start.
  const ends = new Uint32Array(buckets + 1);
  for (let number = 0; number < count; number += 1)
    ends[Math.floor((firstWords[number]! - least) * scale) + 1]! += 1;
  for (let bucket = 1; bucket <= buckets; bucket += 1) ends[bucket]! += ends[bucket - 1]!;
  const order = new Uint32Array(count);
  // First words beside their numbers, so that a bucket is sorted without a look elsewhere.
  const words = new Uint32Array(count);
  for (let number = 0; number < count; number += 1) {
    const word = firstWords[number]!;
    const at = ends[Math.floor((word - least) * scale)]!++;
    order[at] = number;
    words[at] = word;
  }
  // Filling has moved each entry to the end of its bucket.
  for (let bucket = 0, start = 0; bucket < buckets; bucket += 1) {
    const end = ends[bucket]!;
    if (end - start > LARGE_BUCKET) order.subarray(start, end).sort((a, b) => records.compare(a, b));
    else sortSmall(records, words, order, start, end);
    start = end;
  }
  return order;
}

/** Records are read only where the first words of keys are equal: each of them would have to be waited for. */
function sortSmall(
  records: ChunkedRecords,
  words: Uint32Array,
  order: Uint32Array,
  start: number,
  end: number,
): void {
  for (let at = start + 1; at < end; at += 1) {
    const number = order[at]!;
    const word = words[at]!;
    let to = at;
    while (to > start) {
      const wordBefore = words[to - 1]!;
      if (wordBefore < word || (wordBefore === word && records.compare(order[to - 1]!, number) < 0)) break;
      order[to] = order[to - 1]!;
      words[to] = wordBefore;
      to -= 1;
    }
    order[to] = number;
    words[to] = word;
  }
}
