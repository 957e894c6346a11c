import { MAX_COLUMN_INTEGER } from "./event-batch.ts";

/**
 * Exact decimals as they come over the wire: coefficient × 10^−scale. Canonical form: scale ≥ 0 and no zero at the
 * end of the digits behind the point, so that equal numbers have equal parts (1, 1.0 and 1e0 are 1 with scale 0).
 */

/** Significant digits that a number may have: those of IEEE 754 decimal128, more than any meter or price needs. */
export const MAX_DECIMAL_DIGITS = 34;
/** Largest power of ten, up or down, so that a short text like 1e999999999 can't ask for gigabytes of digits. */
export const MAX_DECIMAL_EXPONENT = 64;

/** An exact integer: a number up to 2^52 (MAX_COLUMN_INTEGER), a bigint above. */
export type Coefficient = number | bigint;

/** A decimal that the functions here fill in, so that reading a number allocates nothing. */
export interface DecimalSlot {
  coefficient: Coefficient;
  scale: number;
}

export type Decimal = Readonly<DecimalSlot>;

/** The grammar of a JSON number: the only text form of a decimal. */
const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Powers of ten that a binary double holds exactly. */
const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const LARGE_INTEGER = BigInt(MAX_COLUMN_INTEGER);
/** Those that scales, exponents of currencies and sums of them ask for again and again. */
const LARGE_POWERS_OF_TEN: readonly bigint[] = Array.from(
  { length: 41 },
  (_, exponent) => 10n ** BigInt(exponent),
);

/** 10^`exponent`, exactly; 0 or more. */
export function powerOfTen(exponent: number): bigint {
  return LARGE_POWERS_OF_TEN[exponent] ?? 10n ** BigInt(exponent);
}

/** True where the text is a number by the JSON grammar (whatever its size). */
export function isJsonNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** Reads a JSON number; false where the text is none or has more digits than the limits. */
export function readDecimal(text: string, slot: DecimalSlot): boolean {
  const match = NUMBER.exec(text);
  if (match === null) return false;
  const fraction = match[3] ?? "";
  const all = (match[2] ?? "") + fraction;
  let first = 0;
  while (first < all.length && all.charCodeAt(first) === 48) first++;
  let end = all.length;
  while (end > first && all.charCodeAt(end - 1) === 48) end--;
  if (first === end) return setDecimal(slot, 0, 0);
  const digits = end - first;
  // An exponent too long for a number becomes an infinity, which the limit refuses as well.
  const exponent = Number(match[4] ?? "0") - fraction.length + (all.length - end);
  if (digits > MAX_DECIMAL_DIGITS || exponent > MAX_DECIMAL_EXPONENT || exponent < -MAX_DECIMAL_EXPONENT)
    return false;
  const significant = all.slice(first, end);
  const magnitude = exponent > 0 ? significant + "0".repeat(exponent) : significant;
  const scale = exponent < 0 ? -exponent : 0;
  return setDecimal(slot, narrow(BigInt((match[1] ?? "") + magnitude)), scale);
}

/** As `readDecimal`, as a value of its own; undefined where the text is no number or beyond the limits. */
export function parseDecimal(text: string): Decimal | undefined {
  const slot: DecimalSlot = { coefficient: 0, scale: 0 };
  return readDecimal(text, slot) ? slot : undefined;
}

/**
 * The decimal that a double was written as, for a text of at most 15 significant digits: those survive the way
 * through a double. False for NaN, infinities and numbers beyond the limits.
 */
export function decimalOfDouble(value: number, slot: DecimalSlot): boolean {
  const magnitude = Math.abs(value);
  // Adding 0 turns −0 into 0.
  if (magnitude <= MAX_COLUMN_INTEGER && Math.trunc(value) === value) return setDecimal(slot, value + 0, 0);
  if (magnitude < 1e15 && magnitude >= 1e-6) {
    // A candidate c with fewer than 16 digits and c / 10^s equal to the double is the one decimal of that length.
    for (let scale = 1; scale <= 15; scale++) {
      const power = POWERS_OF_TEN[scale]!;
      const candidate = Math.round(value * power);
      if (candidate >= 1e15 || candidate <= -1e15) break;
      if (candidate / power === value) return setDecimal(slot, candidate, scale);
    }
  }
  // String() gives the shortest digits that mean this double, but writes an exponent as JSON does.
  return Number.isFinite(value) && readDecimal(String(value), slot);
}

/** Text without an exponent: -12.50 with scale 2 stays -12.50. */
export function decimalText(coefficient: Coefficient, scale: number): string {
  const digits = coefficient < 0 ? String(-coefficient) : String(coefficient);
  const sign = coefficient < 0 ? "-" : "";
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/**
 * The same value as an integer of 10^−targetScale: exact, or the reason why there is none ("too-precise": digits
 * behind the scale that are not zero; "out-of-range": more than MAX_DECIMAL_DIGITS digits).
 */
export function rescale(
  coefficient: Coefficient,
  scale: number,
  targetScale: number,
): Coefficient | "too-precise" | "out-of-range" {
  if (scale === targetScale) return withinDigits(coefficient);
  if (scale > targetScale) {
    const divisor = 10n ** BigInt(scale - targetScale);
    const whole = BigInt(coefficient);
    return whole % divisor === 0n ? withinDigits(narrow(whole / divisor)) : "too-precise";
  }
  const places = targetScale - scale;
  if (typeof coefficient === "number" && places < POWERS_OF_TEN.length) {
    // A product up to 2^52 is exact: a true product above it can't round to below it.
    const product = coefficient * POWERS_OF_TEN[places]!;
    if (Math.abs(product) <= MAX_COLUMN_INTEGER) return product;
  }
  return withinDigits(narrow(BigInt(coefficient) * 10n ** BigInt(places)));
}

const DIGIT_BOUND = 10n ** BigInt(MAX_DECIMAL_DIGITS);

function withinDigits(coefficient: Coefficient): Coefficient | "out-of-range" {
  if (typeof coefficient === "number") return coefficient;
  return coefficient < DIGIT_BOUND && coefficient > -DIGIT_BOUND ? coefficient : "out-of-range";
}

/** A bigint as a number where it fits a column's integer. */
export function narrow(value: bigint): Coefficient {
  return value <= LARGE_INTEGER && value >= -LARGE_INTEGER ? Number(value) : value;
}

function setDecimal(slot: DecimalSlot, coefficient: Coefficient, scale: number): true {
  slot.coefficient = coefficient;
  slot.scale = scale;
  return true;
}
