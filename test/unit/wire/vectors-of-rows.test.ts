import * as fc from "fast-check";
import { expect, it } from "vitest";
import { encodeColumnarBatch, type ColumnarRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { ColumnKernels } from "../../../src/ingest/wire/simd/column-kernels.ts";
import { KERNEL_ID_BYTES, KERNEL_ROWS } from "../../../src/ingest/wire/simd/layout.ts";
import { COLUMNAR_TYPE } from "../../../src/model/content-types.ts";
import type { EventBatch } from "../../../src/model/event-batch.ts";

const HASH_KEY = "00112233445566778899aabbccddeeff";
const NOON_MS = Date.parse("2026-11-19T12:00:00Z");

/** What a batch holds, as it can be compared. */
function decoded(rows: readonly ColumnarRow[], usesVectors: boolean): Partial<EventBatch> {
  const decoder = new WireDecoder(HASH_KEY, { usesVectors });
  const message = {
    sequence: 1,
    subject: "usage.0.eu",
    contentType: COLUMNAR_TYPE,
    arrivalMs: NOON_MS,
    data: encodeColumnarBatch(rows),
  };
  // A message before it, so that its rows don't begin at the batch's first.
  const before = { ...message, data: encodeColumnarBatch(rows.slice(0, 3)) };
  const { batch } = decoder.decode([before, message]);
  const { count, key, checksum, outcome, reason, timeMs } = batch;
  return { count, key, checksum, outcome, reason, timeMs };
}

const id = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9_999_999).map((number) => `event-${String(number).padStart(7, "0")}`) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "a", "abc", "abcd", "é", "x".repeat(1_020), "x".repeat(2_000)),
  },
);
const ids = fc.oneof(
  fc.array(id, { minLength: 1, maxLength: 90 }),
  // All of one length, as most batches are.
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 90 })).chain(([width, count]) =>
    fc.array(fc.string({ unit: fc.constantFrom("a", "b", "7"), minLength: width, maxLength: width }), {
      minLength: count,
      maxLength: count,
    }),
  ),
);
const texts = fc.constantFrom("a", "acme", "", "account-7", "ü");
const rows = fc
  .record({
    ids,
    sources: fc.array(fc.constantFrom("s", "source", "", "a\u0000b", "gateway-12", "y".repeat(1_010)), {
      minLength: 1,
      maxLength: 2,
    }),
    accounts: fc.array(texts, { minLength: 1, maxLength: 5 }),
    times: fc.array(fc.constantFrom(0, 1, NOON_MS, 2 ** 32, -1, -(2 ** 40), NOON_MS + 12_345, 9e15), {
      minLength: 1,
      maxLength: 7,
    }),
    values: fc.array(fc.oneof(fc.integer(), fc.constantFrom("text", true, -(2 ** 45), 2 ** 52)), {
      minLength: 1,
      maxLength: 9,
    }),
  })
  .map(({ ids, sources, accounts, times, values }): ColumnarRow[] =>
    ids.map((id, row) => ({
      id,
      source: sources[row % sources.length]!,
      type: "api.request",
      account: accounts[row % accounts.length]!,
      timeMs: times[row % times.length]!,
      data: { value: values[row % values.length]! },
    })),
  );

it("gives each row of a columnar batch the key, checksum and verdict that it has row by row", () => {
  expect(ColumnKernels.shared()).toBeDefined();
  fc.assert(
    fc.property(rows, (list) => {
      expect(decoded(list, true)).toEqual(decoded(list, false));
    }),
    { numRuns: 400 },
  );
});

it("does the same with messages of several chunks, and with more bytes of ids than a chunk may have", () => {
  for (const [count, length] of [
    [KERNEL_ROWS, 9],
    [2 * KERNEL_ROWS + 3, 12],
    [KERNEL_ROWS + 40, Math.ceil(KERNEL_ID_BYTES / KERNEL_ROWS) + 1],
  ] as const) {
    const list = (lacking: string): ColumnarRow[] =>
      Array.from({ length: count }, (_, row) => ({
        id: row % 100 === 7 ? `short-${row}` : row % 100 === 9 ? lacking : String(row).padStart(length, "i"),
        source: "gateway",
        type: `type-${row % 3}`,
        account: `account-${row % 50}`,
        timeMs: NOON_MS - row,
        data: { value: row },
      }));
    // What one message leaves in the kernels' memory must not get into the next.
    for (const lacking of ["some-id", ""])
      expect(decoded(list(lacking), true)).toEqual(decoded(list(lacking), false));
  }
});
