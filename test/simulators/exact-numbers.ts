/** JSON with exact numbers, and decimals as integers: the simulators' own, so that they can contradict the adapters. */

/** A number of a request, or of a reply, by its text. */
export interface NumberText {
  readonly $number: string;
}

export function isNumberText(value: unknown): value is NumberText {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "$number");
}

const TEXT_OR_NUMBER = /("(?:\\.|[^"\\])*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** Parses JSON; numbers become `NumberText`. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  JSON.parse(text);
  return JSON.parse(
    text.replaceAll(TEXT_OR_NUMBER, (match: string, quoted: string | undefined) =>
      quoted === undefined ? JSON.stringify({ $number: match }) : match,
    ),
  );
}

export function renderJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/\{"\$number":"([^"]*)"\}/g, "$1");
}

/** Digits that figures are calculated with. */
export const PLACES = 10;
const UNIT = 10n ** BigInt(PLACES);

/** A decimal as an integer of 10^−PLACES. Throws RangeError for what has more places. */
export function scaled(text: string): bigint {
  const [, sign, whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined || fraction.length > PLACES) throw new RangeError(`not a decimal: ${text}`);
  const magnitude = BigInt(whole) * UNIT + BigInt(fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

/** The nearest integer of 10^−digits to numerator ÷ denominator, halves away from zero, as text. */
export function roundedText(numerator: bigint, denominator: bigint, digits: number): string {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const units = (2n * magnitude * 10n ** BigInt(digits) + denominator) / (2n * denominator);
  const text = units.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const sign = numerator < 0n && units !== 0n ? "-" : "";
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-digits)}`;
}

export function sumTexts(texts: readonly string[], digits: number): string {
  return roundedText(
    texts.reduce((sum, text) => sum + scaled(text), 0n),
    UNIT,
    digits,
  );
}

/** The shortest text of an integer of 10^−PLACES. */
export function plainText(value: bigint): string {
  const text = roundedText(value, UNIT, PLACES);
  return text.replace(/\.?0+$/, "");
}

export { UNIT };
