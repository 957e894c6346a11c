import { decimalText, parseDecimal, type Decimal } from "./decimal.ts";

/** Sums and comparisons of amounts that are decimal texts: exact, whatever their scale. All throw RangeError for what is no decimal. */

/** a + b as a plain decimal without zeros at the end. */
export function addDecimals(a: string, b: string): string {
  return plainText(sumOf(decimalOf(a), decimalOf(b)));
}

/** a − b, as `addDecimals`. */
export function subtractDecimals(a: string, b: string): string {
  return plainText(sumOf(decimalOf(a), negated(decimalOf(b))));
}

/** The sum of any number, as `addDecimals`; "0" of none. */
export function sumDecimals(texts: readonly string[]): string {
  return plainText(
    texts.reduce<Decimal>((sum, text) => sumOf(sum, decimalOf(text)), { coefficient: 0, scale: 0 }),
  );
}

/** −1, 0 or 1. */
export function compareDecimals(a: string, b: string): -1 | 0 | 1 {
  const { coefficient } = sumOf(decimalOf(a), negated(decimalOf(b)));
  return coefficient < 0n ? -1 : coefficient > 0n ? 1 : 0;
}

/** Whether two texts name one number: "1.50" and "1.5" do. */
export function equalDecimals(a: string, b: string): boolean {
  return compareDecimals(a, b) === 0;
}

function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError("an amount is no decimal");
  return decimal;
}

function negated({ coefficient, scale }: Decimal): Decimal {
  return { coefficient: -coefficient, scale };
}

function sumOf(a: Decimal, b: Decimal): { readonly coefficient: bigint; readonly scale: number } {
  const scale = Math.max(a.scale, b.scale);
  return { coefficient: atScale(a, scale) + atScale(b, scale), scale };
}

function plainText({ coefficient, scale }: Decimal): string {
  const text = decimalText(coefficient, scale);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function atScale({ coefficient, scale }: Decimal, target: number): bigint {
  return BigInt(coefficient) * 10n ** BigInt(target - scale);
}
