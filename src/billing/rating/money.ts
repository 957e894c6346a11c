import { decimalText, powerOfTen } from "../../model/decimal.ts";
import type { Exact } from "./exact.ts";

/** Where ties go when money is rounded; all other amounts go to the nearest minor unit. */
export const MONEY_ROUNDINGS = ["half_away_from_zero", "half_even"] as const;
export type MoneyRounding = (typeof MONEY_ROUNDINGS)[number];

/** numerator ÷ denominator as an integer, ties away from zero. The denominator must be positive. */
export function divideHalfAwayFromZero(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError("the denominator must be positive");
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** numerator ÷ denominator as an integer, ties to the even one. The denominator must be positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const nearest = divideHalfAwayFromZero(numerator, denominator);
  const isTie = 2n * (nearest * denominator - numerator) === (numerator < 0n ? -denominator : denominator);
  if (!isTie || nearest % 2n === 0n) return nearest;
  return numerator < 0n ? nearest + 1n : nearest - 1n;
}

/**
 * The one rounding point of money: `amount` ÷ `divisor` currency units as an integer of minor units. Exact for every
 * divisor, also where the quotient has no finite decimal form.
 * @param divisor positive
 * @param exponent ISO 4217 digits of the currency
 */
export function toMinorUnits(
  amount: Exact,
  divisor: bigint | Exact,
  exponent: number,
  rounding: MoneyRounding = "half_away_from_zero",
): bigint {
  const denominator = typeof divisor === "bigint" ? { digits: divisor, places: 0 } : scaledInteger(divisor);
  const numerator = scaledInteger(amount);
  return roundMinorUnits(
    numerator.digits * powerOfTen(exponent + denominator.places),
    denominator.digits * powerOfTen(numerator.places),
    rounding,
  );
}

/** The same of an amount that is in minor units already, as a fraction of integers; the denominator must be positive. */
export function roundMinorUnits(numerator: bigint, denominator: bigint, rounding: MoneyRounding): bigint {
  const divide = rounding === "half_even" ? divideHalfEven : divideHalfAwayFromZero;
  return divide(numerator, denominator);
}

/** A decimal as digits × 10^−places. */
function scaledInteger(value: Exact): { readonly digits: bigint; readonly places: number } {
  return { digits: BigInt(value.toString().replace(".", "")), places: value.decimalPlaces() };
}

/** Minor units as a decimal string with exactly the currency's digits: −5 at 2 → "-0.05", 1200 at 0 → "1200". */
export function formatMinorUnits(minorUnits: bigint, exponent: number): string {
  return decimalText(minorUnits, exponent);
}

/** Minor units of a text that `formatMinorUnits` made. */
export function minorUnitsOfText(text: string): bigint {
  return BigInt(text.replace(".", ""));
}
