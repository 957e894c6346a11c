import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isLess,
  lesser,
  minus,
  plus,
  ratio,
  ratioOfCharge,
  ratioOfDecimal,
  rounded,
  times,
} from "../../../src/billing/ratio.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { toMinorUnits } from "../../../src/billing/rating/money.ts";

const anyRatio = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 12n }))
  .map(([numerator, denominator]) => ratio(numerator, denominator));

describe("ratios", () => {
  test("equal values have equal parts", () => {
    fc.assert(
      fc.property(anyRatio, fc.bigInt({ min: 1n, max: 10n ** 9n }), (value, factor) => {
        expect(ratio(value.numerator * factor, value.denominator * factor)).toEqual(value);
      }),
    );
    expect(ratioOfDecimal("-0.50")).toEqual({ numerator: -1n, denominator: 2n });
    expect(() => ratio(1n, 0n)).toThrow(RangeError);
    expect(() => ratio(1n, -2n)).toThrow(RangeError);
  });

  test("sums, products and order are those of fractions", () => {
    fc.assert(
      fc.property(anyRatio, anyRatio, anyRatio, (a, b, c) => {
        expect(minus(plus(a, b), b)).toEqual(a);
        expect(times(a, plus(b, c))).toEqual(plus(times(a, b), times(a, c)));
        expect(isLess(a, b)).toBe(minus(a, b).numerator < 0n);
        expect(lesser(a, b)).toEqual(isLess(a, b) ? a : b);
        expect(lesser(a, b)).toEqual(lesser(b, a));
      }),
    );
  });

  test("charges of prices become minor units", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.constantFrom("1", "0.25", "1000"),
        (total, parts, factor) => {
          const charge = { total: new Exact(total.toString()), per: new Exact(parts).times(factor) };
          const exact = ratioOfCharge(charge, 2);
          expect(rounded(exact)).toBe(toMinorUnits(charge.total, charge.per, 2));
          expect(rounded(exact, "half_even")).toBe(toMinorUnits(charge.total, charge.per, 2, "half_even"));
        },
      ),
    );
    expect([ratio(1n, 2n), ratio(3n, 2n)].map((value) => rounded(value, "half_even"))).toEqual([0n, 2n]);
  });

  test("rounding is the rounding of money", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 999n }),
        (n, d) => {
          expect(rounded(ratio(n * 100n, d))).toBe(toMinorUnits(new Exact(n.toString()), d, 2));
        },
      ),
    );
    expect([ratio(1n, 2n), ratio(-1n, 2n), ratio(499n, 1000n)].map((value) => rounded(value))).toEqual([
      1n,
      -1n,
      0n,
    ]);
  });
});
