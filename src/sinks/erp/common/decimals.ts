import { decimalText, parseDecimal } from "../../../model/decimal.ts";
import { ErpFault } from "../erp-sink.ts";

/** Sums and comparisons of amounts as decimal texts: exact, whatever their scale. */

interface Scaled {
  readonly coefficient: bigint;
  readonly scale: number;
}

function scaled(text: string): Scaled {
  const decimal = parseDecimal(text);
  if (decimal === undefined)
    throw new ErpFault("validation", `${JSON.stringify(text.slice(0, 50))} is no amount`);
  return { coefficient: BigInt(decimal.coefficient), scale: decimal.scale };
}

/** Both as integers of the same scale. */
function aligned(one: Scaled, other: Scaled): readonly [one: bigint, other: bigint, scale: number] {
  const scale = Math.max(one.scale, other.scale);
  return [
    one.coefficient * 10n ** BigInt(scale - one.scale),
    other.coefficient * 10n ** BigInt(scale - other.scale),
    scale,
  ];
}

/** The sum, without zeros at its end; "0" of none. Throws ErpFault `validation` for what is no number. */
export function sumOfDecimals(texts: readonly string[]): string {
  let sum: Scaled = { coefficient: 0n, scale: 0 };
  for (const text of texts) {
    const [one, other, scale] = aligned(sum, scaled(text));
    sum = { coefficient: one + other, scale };
  }
  return canonical(sum);
}

/** `minuend` − `subtrahend`. */
export function differenceOfDecimals(minuend: string, subtrahend: string): string {
  return sumOfDecimals([minuend, negatedDecimal(subtrahend)]);
}

/** −1, 0 or 1. */
export function compareDecimals(one: string, other: string): -1 | 0 | 1 {
  const [a, b] = aligned(scaled(one), scaled(other));
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isSameDecimal(one: string, other: string): boolean {
  return compareDecimals(one, other) === 0;
}

export function isZeroDecimal(text: string): boolean {
  return isSameDecimal(text, "0");
}

export function negatedDecimal(text: string): string {
  const { coefficient, scale } = scaled(text);
  return canonical({ coefficient: -coefficient, scale });
}

/** Without its sign. */
export function magnitudeOfDecimal(text: string): string {
  return compareDecimals(text, "0") < 0 ? negatedDecimal(text) : canonical(scaled(text));
}

function canonical({ coefficient, scale }: Scaled): string {
  const text = decimalText(coefficient, scale);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
