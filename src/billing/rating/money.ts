import { fixedDecimal } from "../decimal-text.ts";
import type { Exact } from "./exact.ts";

/** numerator ÷ denominator as an integer, ties away from zero. The denominator must be positive. */
export function divideHalfAwayFromZero(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError("the denominator must be positive");
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/**
 * The one rounding point of money: `amount` ÷ `divisor` currency units as an integer of minor units, ties away from
 * zero. Exact for every divisor, also where the quotient has no finite decimal form.
 * @param exponent ISO 4217 digits of the currency
 */
export function toMinorUnits(amount: Exact, divisor: bigint, exponent: number): bigint {
  const places = amount.decimalPlaces();
  const text = amount.toString().replace(".", "");
  const numerator = BigInt(text) * 10n ** BigInt(exponent);
  return divideHalfAwayFromZero(numerator, divisor * 10n ** BigInt(places));
}

/** Minor units as a decimal string with exactly the currency's digits: −5 at 2 → "-0.05", 1200 at 0 → "1200". */
export function formatMinorUnits(minorUnits: bigint, exponent: number): string {
  return fixedDecimal(minorUnits, exponent);
}
