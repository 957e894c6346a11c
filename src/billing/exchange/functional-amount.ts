import { currencyExponent } from "../rating/currencies.ts";
import { divideHalfAwayFromZero } from "../rating/money.ts";
import { ratioOfDecimal } from "../ratio.ts";
import type { AppliedRate } from "./exchange-rate.ts";

/**
 * An amount in the functional currency: multiplied exactly, rounded once to its minor units, half away from zero. So an
 * amount and its negative come to the same, and a reversal by the same rate leaves nothing.
 * @param minorUnits of the rate's `from`
 */
export function functionalAmount(
  minorUnits: bigint,
  { from, to, rate }: Pick<AppliedRate, "from" | "to" | "rate">,
): bigint {
  const { numerator, denominator } = ratioOfDecimal(rate);
  return divideHalfAwayFromZero(
    minorUnits * numerator * 10n ** BigInt(exponentOf(to)),
    denominator * 10n ** BigInt(exponentOf(from)),
  );
}

/**
 * What of an amount in the functional currency belongs to a part of what it was converted from: the same share of it,
 * rounded half away from zero. 0 where there is nothing that it could be a share of.
 */
export function functionalShare(functional: bigint, part: bigint, whole: bigint): bigint {
  if (whole === 0n) return 0n;
  return whole > 0n
    ? divideHalfAwayFromZero(functional * part, whole)
    : divideHalfAwayFromZero(-functional * part, -whole);
}

function exponentOf(currency: string): number {
  const exponent = currencyExponent(currency);
  if (exponent === undefined) throw new RangeError(`unknown currency ${currency}`);
  return exponent;
}
