import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { ALL_WORDS, ChunkedRecords, type WordRange } from "./sorted-order.ts";

/**
 * Records of a part, on average: with so few, a part stays in the processor's second cache while it is sorted and written. The parts of a seal of the usual size
 * are so few that what is written to them at the same time stays in the first one.
 */
const PART_RECORDS = 2_048;
const MOST_PARTS = 512;
const HASH_RANGE = 2 ** 32;

export interface RecordPart {
  readonly records: ChunkedRecords;
  /** Where the first words of its keys lie. */
  readonly range: WordRange;
}

/**
 * Divides records up by their first words: the records of each part, the parts in ascending order. Sorted by themselves, half of the time was to wait for
 * records that lie all over the memory; divided up, they are read and written in order.
 */
export function* dividedRecords(chunks: readonly Uint32Array[], count: number): Generator<RecordPart> {
  // 2^n, so that the bounds of parts are whole numbers.
  const parts = Math.min(MOST_PARTS, 2 ** Math.max(0, Math.round(Math.log2(count / PART_RECORDS))));
  if (parts === 1) {
    yield { records: new ChunkedRecords(chunks, count), range: ALL_WORDS };
    return;
  }
  const scale = parts / HASH_RANGE;
  // next[p + 1] counts part p, then next[p] becomes the place of its next record.
  const next = new Uint32Array(parts + 1);
  eachChunk(chunks, count, (chunk, words) => {
    for (let at = 0; at < words; at += KEY_RECORD_WORDS) next[Math.floor(chunk[at]! * scale) + 1]! += 1;
  });
  for (let part = 1; part <= parts; part += 1) next[part]! += next[part - 1]!;
  const divided = new Uint32Array(count * KEY_RECORD_WORDS);
  eachChunk(chunks, count, (chunk, words) => {
    for (let from = 0; from < words; from += KEY_RECORD_WORDS) {
      const first = chunk[from]!;
      const to = next[Math.floor(first * scale)]!++ * KEY_RECORD_WORDS;
      // Written out: a loop over eight words takes twice as long.
      divided[to] = first;
      divided[to + 1] = chunk[from + 1]!;
      divided[to + 2] = chunk[from + 2]!;
      divided[to + 3] = chunk[from + 3]!;
      divided[to + 4] = chunk[from + 4]!;
      divided[to + 5] = chunk[from + 5]!;
      divided[to + 6] = chunk[from + 6]!;
      divided[to + 7] = chunk[from + 7]!;
    }
  });
  const span = HASH_RANGE / parts;
  // Filling has moved each place to the end of its part.
  for (let part = 0, start = 0; part < parts; part += 1) {
    const end = next[part]!;
    const words = divided.subarray(start * KEY_RECORD_WORDS, end * KEY_RECORD_WORDS);
    if (end > start)
      yield { records: new ChunkedRecords([words], end - start), range: { least: part * span, span } };
    start = end;
  }
}

/** Calls for each chunk, with how many of its words are taken. */
function eachChunk(
  chunks: readonly Uint32Array[],
  count: number,
  visit: (chunk: Uint32Array, words: number) => void,
): void {
  let left = count * KEY_RECORD_WORDS;
  for (const chunk of chunks) {
    visit(chunk, Math.min(left, chunk.length));
    left -= chunk.length;
    if (left <= 0) return;
  }
}
