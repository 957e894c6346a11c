import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addTexts, packTexts } from "../../../src/operators/text-block.ts";
import { TextIndex } from "../../../src/operators/text-index.ts";

/** Texts that begin alike, are alike but for a character, are long, or hold what is beyond Latin-1. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.tuple(fc.nat(40), fc.nat(3)).map(([contract, period]) => `contract_${contract}\u0000${period}`),
  fc.constantFrom(
    "",
    "\u0000",
    "\u0000\u0000",
    "ÿ",
    "Ā",
    "\ud800",
    "é".repeat(300),
    "k".repeat(4_096),
    "k".repeat(4_097),
  ),
);

test("numbers texts as a map does, in the order of their first use", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 300 }), (texts) => {
      const index = new TextIndex();
      const expected = new Map<string, number>();
      for (const each of texts) {
        expect(index.numberOf(each)).toBe(expected.get(each));
        if (expected.has(each)) continue;
        expected.set(each, expected.size);
        expect(index.add(each)).toBe(expected.size - 1);
      }
      for (const [each, number] of expected) expect(index.numberOf(each)).toBe(number);
      expect(index.count).toBe(expected.size);
    }),
  );
});

test("finds all of them while it grows, over many chunks", () => {
  const index = new TextIndex();
  const texts = Array.from(
    { length: 40_000 },
    (_, at) => `${at % 7 === 0 ? "Ω" : "contract"}_${at}\u0000price`,
  );
  for (const [number, each] of texts.entries()) expect(index.add(each)).toBe(number);
  for (const [number, each] of texts.entries())
    if (index.numberOf(each) !== number) throw new Error(`${each} is not found`);
  for (const each of texts)
    if (index.numberOf(`${each}s`) !== undefined) throw new Error(`${each}s is found`);
});

test("texts that were packed, in any blocks, are the same in another index", () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 100 }), fc.integer({ min: 1, max: 40 }), (texts, size) => {
      const index = new TextIndex();
      for (const each of texts) index.add(each);
      const other = new TextIndex();
      for (let first = 0; first < texts.length; first += size) {
        const block = packTexts(index, first, Math.min(texts.length, first + size));
        expect(addTexts(other, block)).toBe(true);
      }
      expect(other.count).toBe(texts.length);
      for (const [number, each] of texts.entries()) {
        expect(other.textOf(number)).toBe(each);
        expect(other.numberOf(each)).toBe(number);
      }
    }),
  );
});

test("refuses bytes that are no texts", () => {
  const index = new TextIndex();
  for (const each of ["account", "Ω", ""]) index.add(each);
  const block = packTexts(index, 0, 3);
  for (let length = 0; length < block.length; length++)
    expect(addTexts(new TextIndex(), block.slice(0, length))).toBe(false);
  expect(addTexts(new TextIndex(), Uint8Array.from([...block, 0]))).toBe(false);
});
