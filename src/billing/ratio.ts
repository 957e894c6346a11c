import type { Exact } from "./rating/exact.ts";
import { divideHalfAwayFromZero, divideHalfEven, type MoneyRounding } from "./rating/money.ts";

/**
 * Exact fractions, for amounts that are divided: a commitment's share of a period, level-hours, a factor or percentage of
 * another fraction. Lowest terms and a positive denominator, so that equal ratios have equal parts.
 */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const ZERO: Ratio = { numerator: 0n, denominator: 1n };

/** numerator ÷ denominator. Throws RangeError where the denominator is not positive. */
export function ratio(numerator: bigint, denominator = 1n): Ratio {
  if (denominator <= 0n) throw new RangeError("the denominator must be positive");
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** The value of a decimal in plain notation. */
export function ratioOfDecimal(text: string): Ratio {
  const [whole = "", fraction = ""] = text.split(".");
  return ratio(BigInt(whole + fraction), 10n ** BigInt(fraction.length));
}

/**
 * A charge as a price gives it (`total` ÷ `per` currency units) in minor units.
 * @param exponent ISO 4217 digits of the currency
 */
export function ratioOfCharge(
  charge: { readonly total: Exact; readonly per: Exact },
  exponent: number,
): Ratio {
  const total = ratioOfDecimal(charge.total.toString());
  const per = ratioOfDecimal(charge.per.toString());
  return ratio(
    total.numerator * 10n ** BigInt(exponent) * per.denominator,
    total.denominator * per.numerator,
  );
}

export function plus(a: Ratio, b: Ratio): Ratio {
  return ratio(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function minus(a: Ratio, b: Ratio): Ratio {
  return ratio(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator);
}

export function times(a: Ratio, b: Ratio): Ratio {
  return ratio(a.numerator * b.numerator, a.denominator * b.denominator);
}

export function isLess(a: Ratio, b: Ratio): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

export function lesser(a: Ratio, b: Ratio): Ratio {
  return isLess(b, a) ? b : a;
}

/** The nearest integer: the rounding of money. */
export function rounded(value: Ratio, rounding: MoneyRounding = "half_away_from_zero"): bigint {
  const divide = rounding === "half_even" ? divideHalfEven : divideHalfAwayFromZero;
  return divide(value.numerator, value.denominator);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
