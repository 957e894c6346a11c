import { Buffer, isUtf8 } from "node:buffer";
import { isJsonNumber } from "../../model/decimal.ts";

/**
 * JSON without loss in numbers, at the speed of JSON.parse. A double keeps 15 significant digits, so a body is scanned
 * for runs of more digits (and for exponents that would underflow to 0). Only where there is one, each such number is
 * replaced by a stand-in before JSON.parse: the n-th by the number n × 10^−200. No number that is left in place can be
 * read as one of those, since it has at most 15 digits and no exponent, so stand-ins can't be forged.
 */
export interface JsonBody {
  readonly value: unknown;
  /** Texts of the replaced numbers, or none: see `standInText`. */
  readonly longNumbers: readonly string[];
  /** False where a string may hold half of a surrogate pair (written as an escape): it has no UTF-8 form. */
  readonly wellFormed: boolean;
}

const STAND_IN_EXPONENT = "e-200";
const STAND_IN_FACTOR = 1e200;
/** Above every stand-in, below every number that is left in place (10^−114 and up). */
const STAND_IN_BOUND = 1e-150;
const SAFE_DIGITS = 15;

const NONE: readonly string[] = [];

const NOT_ASCII = 1;
const LONG_NUMBER = 2;
const SURROGATE_ESCAPE = 4;

/** Parses a body; undefined where it is not UTF-8 or not JSON (a byte order mark is neither). */
export function parseJsonBody(data: Uint8Array): JsonBody | undefined {
  const found = scan(data);
  const text = textOf(data, found);
  if (text === undefined) return undefined;
  try {
    const wellFormed = (found & SURROGATE_ESCAPE) === 0;
    if ((found & LONG_NUMBER) === 0) return { value: JSON.parse(text), longNumbers: NONE, wellFormed };
    const longNumbers: string[] = [];
    return { value: JSON.parse(replaceLongNumbers(text, longNumbers)), longNumbers, wellFormed };
  } catch {
    return undefined;
  }
}

/** The text of a body; undefined where it is not UTF-8. */
export function bodyText(data: Uint8Array): string | undefined {
  return textOf(data, scan(data));
}

/** The text that a parsed number stands for, or undefined where the number stands for itself. */
export function standInText(longNumbers: readonly string[], value: number): string | undefined {
  if (longNumbers.length === 0 || !(value > 0 && value < STAND_IN_BOUND)) return undefined;
  return longNumbers[Math.round(value * STAND_IN_FACTOR) - 1];
}

function textOf(data: Uint8Array, found: number): string | undefined {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if ((found & NOT_ASCII) === 0) return buffer.toString("latin1");
  return isUtf8(buffer) ? buffer.toString("utf8") : undefined;
}

/**
 * One pass over the bytes. Strings are not told from the rest: a long run of digits inside one (an id, say) only
 * means that the careful way is taken without need.
 */
function scan(data: Uint8Array): number {
  let found = 0;
  let high = 0;
  let digits = 0;
  const length = data.length;
  for (let at = 0; at < length; at++) {
    const byte = data[at]!;
    high |= byte;
    if (byte >= 48 && byte <= 57) {
      if (++digits > SAFE_DIGITS) found |= LONG_NUMBER;
    } else if (byte !== 46) {
      digits = 0;
      if (byte === 45) {
        if (isSmallExponent(data, at)) found |= LONG_NUMBER;
      } else if (byte === 92 && data[at + 1] === 117 && (data[at + 2]! | 32) === 100)
        found |= SURROGATE_ESCAPE;
    }
  }
  return high > 127 ? found | NOT_ASCII : found;
}

/** True at the minus of an exponent of three digits or more: it may be too small for a double. */
function isSmallExponent(data: Uint8Array, at: number): boolean {
  return (
    at > 0 &&
    (data[at - 1]! | 32) === 101 &&
    isDigit(data[at + 1]) &&
    isDigit(data[at + 2]) &&
    isDigit(data[at + 3])
  );
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57;
}

/** Replaces every number outside of strings that has more than 15 digits or an exponent; pushes their texts. */
function replaceLongNumbers(text: string, longNumbers: string[]): string {
  let result = "";
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = endOfString(text, at);
    } else if (code === 45 || isDigit(code)) {
      const start = at;
      let digits = 0;
      let exponent = false;
      for (; at < text.length; at++) {
        const next = text.charCodeAt(at);
        if (isDigit(next)) digits++;
        else if ((next | 32) === 101) exponent = true;
        else if (next !== 43 && next !== 45 && next !== 46) break;
      }
      if (digits <= SAFE_DIGITS && !exponent) continue;
      const token = text.slice(start, at);
      // What is not a number stays, for JSON.parse to refuse.
      if (!isJsonNumber(token)) continue;
      longNumbers.push(token);
      result += `${text.slice(copied, start)}${longNumbers.length}${STAND_IN_EXPONENT}`;
      copied = at;
    } else at++;
  }
  return result + text.slice(copied);
}

/** The place behind the string that begins at `start` (or the end of the text). */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) return at + 1;
  }
  return text.length;
}

/** The texts of the elements of a JSON array that is known to be valid, as they stand. */
export function elementTexts(text: string): readonly string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = text.indexOf("[") + 1;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) at = endOfString(text, at) - 1;
    else if (code === 91 || code === 123) depth++;
    else if (depth > 0 && (code === 93 || code === 125)) depth--;
    else if (depth === 0 && (code === 44 || code === 93)) {
      const element = text.slice(start, at).trim();
      // Only an empty array has a gap between its brackets.
      if (element !== "") elements.push(element);
      start = at + 1;
    }
  }
  return elements;
}
