import { decimalText } from "../model/decimal.ts";

/** Decimals as text: plain notation only, so that no digit is ever lost on the way from a file to a sum. */

/**
 * Digits that a decimal of the catalog may have before and behind the point. Products and sums of such numbers with
 * quantities stay far below the precision of `Exact` (see rating/exact.ts), which is what makes rating exact.
 */
export const MAX_DECIMAL_DIGITS = 30;

/** A decimal in plain notation: no exponent, no leading zeros, no thousands separators. */
export const DECIMAL_PATTERN = new RegExp(
  `^-?(0|[1-9]\\d{0,${MAX_DECIMAL_DIGITS - 1}})(\\.\\d{1,${MAX_DECIMAL_DIGITS}})?$`,
);

/** The one way to write a decimal: no trailing zeros behind the point, no "-0". */
export function canonicalDecimal(text: string): string {
  const trimmed = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return trimmed === "-0" ? "0" : trimmed;
}

/** The most digits behind the point that one of the decimals has; those left out have none. */
export function placesOf(decimals: readonly (string | null | undefined)[]): number {
  return Math.max(0, ...decimals.map((text) => text?.split(".")[1]?.length ?? 0));
}

/** A decimal of at most `scale` places × 10^scale: the inverse of `scaledDecimal`. */
export function scaledInteger(text: string, scale: number): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0"));
}

/** `value` × 10^−scale as a canonical decimal. */
export function scaledDecimal(value: bigint, scale: number): string {
  return canonicalDecimal(decimalText(value, scale));
}
