import { expect, test } from "vitest";
import { KEY_RECORD_WORDS } from "../../../../src/model/key-segments.ts";
import { dividedRecords } from "../../../../src/state/segments/divided-records.ts";
import { compareKeys } from "../../../../src/state/segments/segment-layout.ts";
import { sortedOrder } from "../../../../src/state/segments/sorted-order.ts";
import { Random } from "../../../support/worker/random.ts";

const CHUNK_RECORDS = 4_096;
/** First words at the bounds of parts, and at those of the range. */
const BOUNDS = [0, 1, 0x1000_0000, 0x0fff_ffff, 0x8000_0000, 0x7fff_ffff, 0xffff_ffff];

/** Records with random keys, some with equal first words, numbered in their last word; the last chunk is not full. */
function chunksOf(count: number, random: Random): Uint32Array[] {
  const chunks = Array.from(
    { length: Math.ceil(count / CHUNK_RECORDS) },
    () => new Uint32Array(CHUNK_RECORDS * KEY_RECORD_WORDS),
  );
  const word = (): number => random.integer(0, 2 ** 32 - 1);
  for (let number = 0; number < count; number++) {
    const first = number % 50 === 0 ? (BOUNDS[(number / 50) % BOUNDS.length] ?? 0) : word();
    const record = [first, word(), word(), word(), word(), word(), word(), number];
    chunks[Math.floor(number / CHUNK_RECORDS)]!.set(record, (number % CHUNK_RECORDS) * KEY_RECORD_WORDS);
  }
  return chunks;
}

test.each([1, 2_000, 2_897, 50_000])("%i records come in the order of their keys, whole", (count) => {
  const chunks = chunksOf(count, new Random(count));
  const records = chunks
    .flatMap((chunk) => Array.from({ length: CHUNK_RECORDS }, (_, at) => chunk.subarray(at * 8, at * 8 + 8)))
    .slice(0, count);
  const expected = records.toSorted((a, b) => compareKeys(a, 0, b, 0)).map((record) => [...record]);
  const found: number[][] = [];
  let parts = 0;
  for (const { records: part, range } of dividedRecords(chunks, count)) {
    parts += 1;
    for (const number of sortedOrder(part, range)) {
      const at = part.offsetOf(number);
      found.push([...part.chunkOf(number).subarray(at, at + KEY_RECORD_WORDS)]);
    }
  }
  expect(found).toEqual(expected);
  expect(parts > 1).toBe(count > 2_048);
});
