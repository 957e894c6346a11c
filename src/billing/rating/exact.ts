import { Decimal } from "decimal.js";

/**
 * Significant digits of `Exact`. Catalog decimals have at most 60, quantities of the pipeline below 80, and a charge is a
 * sum of products of two of them (times a divisor below 10^40): nothing that is rated comes near 500, so `plus`, `minus`
 * and `times` never round. Only digits that are there cost time. Nothing is divided but by powers of ten, since that alone is exact.
 */
const PRECISION = 500;

/** Exponent beyond which decimal.js would switch to scientific notation; here: never. */
const PLAIN_NOTATION = 9_000_000_000_000_000;

/** The decimal type of every money path. Its `toString` is plain notation. */
export const Exact = Decimal.clone({
  precision: PRECISION,
  rounding: Decimal.ROUND_HALF_UP,
  toExpPos: PLAIN_NOTATION,
  toExpNeg: -PLAIN_NOTATION,
  defaults: true,
});
export type Exact = Decimal;

/** A decimal of an exact integer. */
export function exactOf(value: bigint): Exact {
  return new Exact(value.toString());
}
