import type { Exact } from "./exact.ts";

/** How a quotient becomes a whole number: up and down are away from and towards zero; half_up has ties away from zero. */
export type QuotientRounding = "up" | "down" | "half_up";

/** numerator ÷ denominator as a whole number, exact for any number of digits. The denominator must be positive. */
export function wholeQuotient(numerator: Exact, denominator: Exact, rounding: QuotientRounding): Exact {
  if (!denominator.gt(0)) throw new RangeError("the denominator must be positive");
  const towardsZero = numerator.divToInt(denominator);
  const rest = numerator.minus(towardsZero.times(denominator)).abs();
  const isFurther =
    rounding === "up" ? rest.gt(0) : rounding === "half_up" ? rest.times(2).gte(denominator) : false;
  if (!isFurther) return towardsZero;
  return numerator.isNegative() ? towardsZero.minus(1) : towardsZero.plus(1);
}
