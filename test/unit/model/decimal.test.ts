import { Decimal as Reference } from "decimal.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decimalOfDouble,
  decimalText,
  MAX_DECIMAL_DIGITS,
  parseDecimal,
  rescale,
} from "../../../src/model/decimal.ts";

const Exact = Reference.clone({ precision: 200, toExpNeg: -500, toExpPos: 500 });
/** A number's text with any spelling that JSON allows. */
const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.bigInt({ min: 0n, max: 10n ** 20n }),
    fc.option(fc.stringMatching(/^[0-9]{1,14}$/)),
    fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.nat(20))),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? "" : `.${fraction}`}${exponent === null ? "" : exponent.join("")}`,
  );

describe("parseDecimal", () => {
  test.each([
    ["0", 0, 0],
    ["-0", 0, 0],
    ["0.000e99999", 0, 0],
    ["1", 1, 0],
    ["1.0", 1, 0],
    ["1e0", 1, 0],
    ["10E-1", 1, 0],
    ["-12.50", -125, 1],
    ["1e-7", 1, 7],
    ["1.5e+3", 1500, 0],
    ["4503599627370496", 2 ** 52, 0],
    ["4503599627370497", 4503599627370497n, 0],
    ["-4503599627370497", -4503599627370497n, 0],
    ["1e64", 10n ** 64n, 0],
    ["0.1000000000000000055511151231257827", 1000000000000000055511151231257827n, 34],
  ])("reads %s", (text, coefficient, scale) => {
    expect(parseDecimal(text)).toEqual({ coefficient, scale });
  });

  test.each([
    "",
    "-",
    "+1",
    "01",
    "1.",
    ".5",
    "1e",
    "0x10",
    "NaN",
    "Infinity",
    " 1",
    "1 ",
    "1,5",
    "1_000",
    "1e65",
    "1e-65",
    "1E400",
    "1e-400",
    `1e${"9".repeat(400)}`,
    "1".repeat(MAX_DECIMAL_DIGITS + 1),
  ])("refuses %s", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  test("agrees with a reference library and is canonical", () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const decimal = parseDecimal(text);
        const reference = new Exact(text);
        expect(decimal === undefined).toBe(reference.precision() > MAX_DECIMAL_DIGITS);
        if (decimal === undefined) return;
        const { coefficient, scale } = decimal;
        expect(new Exact(decimalText(coefficient, scale)).eq(reference)).toBe(true);
        expect(decimalText(coefficient, scale)).toBe(reference.eq(0) ? "0" : reference.toString());
        expect(scale === 0 || BigInt(coefficient) % 10n !== 0n).toBe(true);
        expect(typeof coefficient === "number").toBe(
          reference
            .times(`1e${scale}`)
            .abs()
            .lte(2 ** 52),
        );
        expect(Object.is(coefficient, -0)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("decimalOfDouble", () => {
  test("reads any number of up to 15 digits back as it was written", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }),
        fc.integer({ min: -40, max: 40 }),
        (digits, exponent) => {
          const text = `${digits}e${exponent}`;
          const slot = { coefficient: 0, scale: 0 };
          expect(decimalOfDouble(Number(text), slot)).toBe(true);
          expect(slot).toEqual(parseDecimal(text));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test("reads short fractions, the common case", () => {
    const slot = { coefficient: 0, scale: 0 };
    for (let scale = 0; scale <= 6; scale++)
      for (let digits = -5000; digits <= 5000; digits++) {
        const text = `${digits}e-${scale}`;
        decimalOfDouble(Number(text), slot);
        expect(slot).toEqual(parseDecimal(text));
      }
  });

  test("refuses what is no decimal", () => {
    const slot = { coefficient: 0, scale: 0 };
    for (const value of [Number.NaN, Infinity, -Infinity, 1e300, 5e-324])
      expect(decimalOfDouble(value, slot)).toBe(false);
  });
});

describe("rescale", () => {
  test.each([
    [125, 1, 3, 12500],
    [125, 1, 1, 125],
    [125, 1, 0, "too-precise"],
    [1n, 1, 0, "too-precise"],
    [10n, 1, 0, 1],
    [2 ** 52, 0, 1, 45035996273704960n],
    [10n ** 33n, 0, 0, 10n ** 33n],
    [10n ** 33n, 0, 1, "out-of-range"],
    [10n ** 34n, 0, 0, "out-of-range"],
    [-(10n ** 34n), 0, 0, "out-of-range"],
    [0, 0, 64, 0],
  ] as const)("%s × 10^−%s at scale %s is %s", (coefficient, scale, target, expected) => {
    expect(rescale(coefficient, scale, target)).toBe(expected);
  });

  test("keeps the value", () => {
    fc.assert(
      fc.property(numberText, fc.integer({ min: 0, max: 40 }), (text, target) => {
        const decimal = parseDecimal(text);
        if (decimal === undefined) return;
        const exact = new Exact(text).times(`1e${target}`);
        const result = rescale(decimal.coefficient, decimal.scale, target);
        const tooPrecise = !exact.isInteger();
        const outOfRange = !tooPrecise && exact.abs().gte("1e34");
        expect(result === "too-precise").toBe(tooPrecise);
        expect(result === "out-of-range").toBe(outOfRange);
        if (tooPrecise || outOfRange) return;
        expect(exact.eq(String(result))).toBe(true);
        expect(typeof result === "number").toBe(exact.abs().lte(2 ** 52));
      }),
      { numRuns: 2000 },
    );
  });
});
