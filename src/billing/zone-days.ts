import { IANAZone } from "luxon";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const zones = new Map<string, IANAZone>();

function zoneOf(name: string): IANAZone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = IANAZone.create(name);
    if (!zone.isValid) throw new RangeError(`unknown time zone ${name}`);
    zones.set(name, zone);
  }
  return zone;
}

/** Whether a name is an IANA time zone ("Europe/Berlin", "UTC"); bare offsets such as "+05:00" are none. */
export function isTimeZone(name: string): boolean {
  // Asking for a zone is slow and many contracts share one: those in use are remembered.
  return zones.has(name) || (/^[A-Za-z]/.test(name) && IANAZone.isValidZone(name));
}

/**
 * Times whose offsets are remembered, by zone. Asking for one takes microseconds, and all documents of a month's end ask
 * for those of the same few times. So many are the bounds of ten years' months, many times over; then it begins anew.
 */
const REMEMBERED_TIMES = 4_096;
const offsets = new Map<string, Map<number, number>>();

/** Offset of a zone from UTC in milliseconds at a time. */
export function zoneOffsetMs(zone: string, timeMs: number): number {
  let known = offsets.get(zone);
  if (known === undefined) {
    known = new Map();
    offsets.set(zone, known);
  }
  let offsetMs = known.get(timeMs);
  if (offsetMs === undefined) {
    if (known.size >= REMEMBERED_TIMES) known.clear();
    offsetMs = zoneOf(zone).offset(timeMs) * MINUTE_MS;
    known.set(timeMs, offsetMs);
  }
  return offsetMs;
}

/**
 * First moment of a calendar day in a zone: midnight; where clocks pass midnight twice, the first; where they leap over
 * it, the moment of the leap. (Luxon leaves open which of two equal local times it takes, and its guess depends on the
 * present; this depends on the day and the zone's rules alone.)
 * @param month 1–12
 */
export function startOfLocalDay(zone: string, year: number, month: number, day: number): number {
  return momentOfLocalTime(zone, Date.UTC(year, month - 1, day));
}

/**
 * The moment at which clocks in a zone show a time; the first where they show it twice, the moment of the leap where
 * they leap over it.
 * @param localMs the shown time as if it were UTC
 */
export function momentOfLocalTime(zone: string, localMs: number): number {
  const before = zoneOffsetMs(zone, localMs - DAY_MS);
  const after = zoneOffsetMs(zone, localMs + DAY_MS);
  const earlier = localMs - Math.max(before, after);
  const later = localMs - Math.min(before, after);
  if (earlier + zoneOffsetMs(zone, earlier) === localMs) return earlier;
  if (later + zoneOffsetMs(zone, later) === localMs) return later;
  return firstMomentAfterChange(zone, earlier, later);
}

/**
 * Calendar days of [startMs, endMs) in a zone: the date of the end minus the date of the start. The day of a start within
 * a day counts, the day of an end within a day doesn't, so the days of adjoining periods add up.
 */
export function localDaysBetween(zone: string, startMs: number, endMs: number): number {
  return localDayNumber(zone, endMs) - localDayNumber(zone, startMs);
}

function localDayNumber(zone: string, timeMs: number): number {
  return Math.floor((timeMs + zoneOffsetMs(zone, timeMs)) / DAY_MS);
}

/** The offset changes once in (fromMs, toMs]: the first moment with the new one. */
function firstMomentAfterChange(zone: string, fromMs: number, toMs: number): number {
  const before = zoneOffsetMs(zone, fromMs);
  let low = fromMs;
  let high = toMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zoneOffsetMs(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Offsets of whole days (UTC) by zone; undefined for days on which clocks change. A cache: what it holds never changes. */
const dayOffsets = new Map<string, Map<number, number | undefined>>();

/** Some eleven years of days: of a zone no more are remembered. */
const MAX_DAYS = 4096;

function dayOffsetMs(zone: string, days: Map<number, number | undefined>, dayMs: number): number | undefined {
  if (days.has(dayMs)) return days.get(dayMs);
  const atStart = zoneOffsetMs(zone, dayMs);
  const offsetMs = atStart === zoneOffsetMs(zone, dayMs + DAY_MS) ? atStart : undefined;
  if (days.size === MAX_DAYS) days.clear();
  days.set(dayMs, offsetMs);
  return offsetMs;
}

/**
 * Tells the hour of the day (0–23) that clocks in a zone show at a time. Asking for an offset is slow; many contracts look at
 * every hour of the same month, so those of whole days are remembered.
 */
export function localHours(zone: string): (timeMs: number) => number {
  let days = dayOffsets.get(zone);
  if (days === undefined) dayOffsets.set(zone, (days = new Map()));
  const known = days;
  return (timeMs) => {
    const offsetMs = dayOffsetMs(zone, known, startOfUtcDay(timeMs)) ?? zoneOffsetMs(zone, timeMs);
    const localMs = timeMs + offsetMs;
    return Math.floor((localMs - startOfUtcDay(localMs)) / HOUR_MS);
  };
}

/** First moment of the day (UTC) of a time. */
export function startOfUtcDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** Dates by the number of their day: all documents of a month's end write the same few. */
const dates = new Map<number, string>();

/** Calendar day of a time in a zone: YYYY-MM-DD. */
export function localDate(zone: string, timeMs: number): string {
  const day = localDayNumber(zone, timeMs);
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size >= REMEMBERED_TIMES) dates.clear();
    date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    dates.set(day, date);
  }
  return date;
}
