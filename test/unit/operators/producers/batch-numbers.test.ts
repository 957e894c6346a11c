import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  BatchNumbers,
  KEPT_CONTENTS,
  MAX_GAPS,
  NumberVerdict,
} from "../../../../src/operators/producers/batch-numbers.ts";

/** The same with a map of everything: number → content. */
class PlainNumbers {
  readonly #seen = new Map<number, number>();
  highest = 0;

  take(sequence: number, content: number): NumberVerdict {
    const known = this.#seen.get(sequence);
    if (known !== undefined) {
      const isKept = sequence > this.highest - KEPT_CONTENTS;
      return isKept && known !== content ? NumberVerdict.altered : NumberVerdict.repeated;
    }
    this.#seen.set(sequence, content);
    this.highest = Math.max(this.highest, sequence);
    return NumberVerdict.new;
  }

  get missing(): number {
    return this.highest - this.#seen.size;
  }
}

function written(numbers: BatchNumbers): Uint8Array {
  const bytes = new Uint8Array(numbers.byteLength);
  numbers.write(new DataView(bytes.buffer), 0);
  return bytes;
}

function restored(numbers: BatchNumbers): BatchNumbers {
  return BatchNumbers.read(new DataView(written(numbers).buffer), 0);
}

/** Numbers about a front that moves on, some far behind or ahead of it; content 0 is the usual one. */
const steps = fc.array(
  fc.record({
    distance: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
      { weight: 2, arbitrary: fc.integer({ min: -400, max: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: 200, max: 700 }) },
    ),
    content: fc.constantFrom(0, 0, 0, 1),
    restart: fc.boolean(),
  }),
  { maxLength: 300 },
);

describe("batch numbers", () => {
  test("decide as a map of everything does, whatever the order, repetitions and restarts", () => {
    fc.assert(
      fc.property(steps, (script) => {
        let numbers = new BatchNumbers();
        const plain = new PlainNumbers();
        for (const [at, { distance, content, restart }] of script.entries()) {
          const sequence = Math.max(1, plain.highest + distance);
          const expected = plain.take(sequence, content);
          expect(numbers.take(sequence, content, sequence, at)).toBe(expected);
          expect(numbers.has(sequence)).toBe(true);
          expect([numbers.highest, numbers.missing]).toEqual([plain.highest, plain.missing]);
          const copy = restored(numbers);
          expect(Buffer.compare(written(copy), written(numbers))).toBe(0);
          if (restart) numbers = copy;
        }
      }),
      { numRuns: 200 },
    );
  });

  test("knows where a number stood, among the latest", () => {
    const numbers = new BatchNumbers();
    for (let n = 1; n <= KEPT_CONTENTS + 1; n++) numbers.take(n, 0, 0, n * 10);
    expect(numbers.placeOf(1)).toBeUndefined();
    expect(numbers.placeOf(2)).toBe(20);
    expect(numbers.placeOf(KEPT_CONTENTS + 1)).toBe((KEPT_CONTENTS + 1) * 10);
    expect(numbers.placeOf(KEPT_CONTENTS + 2)).toBeUndefined();
  });

  test("holds so many gaps and takes in nothing that would need another", () => {
    const numbers = new BatchNumbers();
    for (let n = 1; n <= MAX_GAPS; n++) expect(numbers.take(n * 4, 0, 0, n)).toBe(NumberVerdict.new);
    const last = MAX_GAPS * 4;
    expect(numbers.missing).toBe(MAX_GAPS * 3);
    expect(numbers.take(last + 2, 0, 0, 1)).toBe(NumberVerdict.tooManyGaps);
    expect(numbers.take(2, 0, 0, 1)).toBe(NumberVerdict.tooManyGaps);
    expect(numbers.has(2)).toBe(false);
    expect(numbers.take(last + 1, 0, 0, 1)).toBe(NumberVerdict.new);
    for (const n of [1, 2, 3]) expect(numbers.take(n, 0, 0, 1)).toBe(NumberVerdict.new);
    expect(numbers.take(last + 3, 0, 0, 1)).toBe(NumberVerdict.new);
    expect(numbers.firstMissing).toBe(5);
  });

  test("survives the largest numbers", () => {
    const numbers = new BatchNumbers();
    numbers.take(1, 0, 0, 1);
    expect(numbers.take(Number.MAX_SAFE_INTEGER, 7, 8, 2)).toBe(NumberVerdict.new);
    expect(numbers.missing).toBe(Number.MAX_SAFE_INTEGER - 2);
    const copy = restored(numbers);
    expect(copy.take(Number.MAX_SAFE_INTEGER, 7, 8, 3)).toBe(NumberVerdict.repeated);
    expect(copy.take(Number.MAX_SAFE_INTEGER, 7, 9, 3)).toBe(NumberVerdict.altered);
    expect(copy.take(2 ** 40, 0, 0, 4)).toBe(NumberVerdict.new);
  });

  test("refuses bytes that are cut off", () => {
    const bytes = written(new BatchNumbers());
    for (const length of [3, 15, bytes.length - 1])
      expect(() => BatchNumbers.read(new DataView(bytes.buffer, 0, length), 0)).toThrow(
        expect.objectContaining({ code: "state-corrupt" }),
      );
  });
});
