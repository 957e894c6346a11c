import { parseDecimal } from "../../../model/decimal.ts";
import { compareDecimals as compare, subtractDecimals, sumDecimals } from "../../../model/exact-sum.ts";
import { ErpFault } from "../erp-sink.ts";

/** The sums of `exact-sum.ts` for amounts of a document: what is no number makes the document one that can't be posted (`validation`). */

function checked(text: string): string {
  if (parseDecimal(text) === undefined)
    throw new ErpFault("validation", `${JSON.stringify(text.slice(0, 50))} is no amount`);
  return text;
}

/** The sum, without zeros at its end; "0" of none. */
export function sumOfDecimals(texts: readonly string[]): string {
  return sumDecimals(texts.map(checked));
}

/** `minuend` − `subtrahend`. */
export function differenceOfDecimals(minuend: string, subtrahend: string): string {
  return subtractDecimals(checked(minuend), checked(subtrahend));
}

/** −1, 0 or 1. */
export function compareDecimals(one: string, other: string): -1 | 0 | 1 {
  return compare(checked(one), checked(other));
}

export function isSameDecimal(one: string, other: string): boolean {
  return compareDecimals(one, other) === 0;
}

export function isZeroDecimal(text: string): boolean {
  return isSameDecimal(text, "0");
}

export function negatedDecimal(text: string): string {
  return differenceOfDecimals("0", text);
}

/** Without its sign. */
export function magnitudeOfDecimal(text: string): string {
  return compareDecimals(text, "0") < 0 ? negatedDecimal(text) : sumOfDecimals([text]);
}
