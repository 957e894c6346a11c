import { MAX_TIME_MS, MAX_TIMESTAMP_LENGTH, MIN_TIME_MS } from "./limits.ts";

const DAY_MS = 86_400_000;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Milliseconds since the epoch of an RFC 3339 timestamp, NaN for anything else. Digits behind the millisecond are
 * cut off (never rounded: an event doesn't move into the next window). A leap second, 23:59:60 UTC, counts as the last
 * millisecond of its minute, whatever its fraction. T and Z may be lower case, as RFC 3339 allows.
 */
export function parseTimestamp(text: string): number {
  const length = text.length;
  if (length < 20 || length > MAX_TIMESTAMP_LENGTH) return Number.NaN;
  if (
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45 ||
    (text.charCodeAt(10) | 32) !== 116 ||
    text.charCodeAt(13) !== 58 ||
    text.charCodeAt(16) !== 58
  )
    return Number.NaN;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // A field that is not two digits is NaN, and no comparison with NaN holds.
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)))
    return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;

  let at = 19;
  let millisecond = 0;
  if (text.charCodeAt(at) === 46) {
    const first = ++at;
    let weight = 100;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      millisecond += digit * weight;
      // 100, 10, 1, then 0: what stands behind the millisecond adds nothing.
      weight = weight === 100 ? 10 : weight === 10 ? 1 : 0;
    }
    if (at === first) return Number.NaN;
  }

  const offsetMinutes = readOffset(text, at);
  if (Number.isNaN(offsetMinutes)) return Number.NaN;
  const leap = second === 60;
  const timeMs =
    daysFromCivil(year, month, day) * DAY_MS +
    (hour * 60 + minute - offsetMinutes) * 60_000 +
    (leap ? 59_999 : second * 1_000 + millisecond);
  if (leap && ((timeMs % DAY_MS) + DAY_MS) % DAY_MS !== DAY_MS - 1) return Number.NaN;
  return timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS ? timeMs : Number.NaN;
}

/** Minutes east of UTC of what stands from `at` to the end: Z or ±HH:MM. */
function readOffset(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if ((sign | 32) === 122) return text.length === at + 1 ? 0 : Number.NaN;
  if ((sign !== 43 && sign !== 45) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 58)
    return Number.NaN;
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  const offset = hours * 60 + minutes;
  return sign === 45 ? -offset : offset;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29;
  return DAYS_IN_MONTH[month - 1]!;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
