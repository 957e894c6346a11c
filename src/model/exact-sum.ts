import { decimalText, parseDecimal, type Decimal } from "./decimal.ts";

/** Sums and comparisons of amounts that are decimal texts, exactly. */

/** a + b as a plain decimal without zeros at the end. Throws RangeError for what is no decimal. */
export function addDecimals(a: string, b: string): string {
  return sumOf(decimalOf(a), decimalOf(b));
}

/** a − b, as `addDecimals`. */
export function subtractDecimals(a: string, b: string): string {
  const { coefficient, scale } = decimalOf(b);
  return sumOf(decimalOf(a), { coefficient: -coefficient, scale });
}

/** Whether two texts name one number: "1.50" and "1.5" do. Throws RangeError for what is no decimal. */
export function equalDecimals(a: string, b: string): boolean {
  const first = decimalOf(a);
  const second = decimalOf(b);
  return first.scale === second.scale && first.coefficient === second.coefficient;
}

function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError("an amount is no decimal");
  return decimal;
}

function sumOf(a: Decimal, b: Decimal): string {
  const scale = Math.max(a.scale, b.scale);
  const sum = atScale(a, scale) + atScale(b, scale);
  const text = decimalText(sum, scale);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function atScale({ coefficient, scale }: Decimal, target: number): bigint {
  return BigInt(coefficient) * 10n ** BigInt(target - scale);
}
