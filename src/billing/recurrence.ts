import { momentOfLocalTime, zoneOffsetMs } from "./zone-days.ts";

export type RecurrenceUnit = "day" | "week" | "month" | "year";

/** Something that happens again and again at the same time of the day, counted both ways from its anchor. */
export interface Recurrence {
  readonly unit: RecurrenceUnit;
  /** Units from one occurrence to the next, at least 1. */
  readonly count: number;
  readonly anchorMs: number;
  /** IANA time zone whose calendar counts. */
  readonly timeZone: string;
}

const DAY_MS = 86_400_000;

/** Lengths that no unit exceeds or falls below: they bring a guess near, from which the exact place is found. */
const TYPICAL_DAYS: Readonly<Record<RecurrenceUnit, number>> = {
  day: 1,
  week: 7,
  month: 30.436_875,
  year: 365.2425,
};

/** The first occurrence after a time (not at it). */
export function nextOccurrence(recurrence: Recurrence, afterMs: number): number {
  const stepMs = TYPICAL_DAYS[recurrence.unit] * recurrence.count * DAY_MS;
  let step = Math.floor((afterMs - recurrence.anchorMs) / stepMs);
  while (occurrence(recurrence, step) > afterMs) step -= 1;
  while (occurrence(recurrence, step) <= afterMs) step += 1;
  return occurrence(recurrence, step);
}

/** Days of the month clamp and return: 31 Jan → 28 Feb → 31 Mar, because each is counted from the anchor. */
function occurrence({ unit, count, anchorMs, timeZone }: Recurrence, step: number): number {
  const localMs = anchorMs + zoneOffsetMs(timeZone, anchorMs);
  if (unit === "day" || unit === "week") {
    const days = step * count * (unit === "week" ? 7 : 1);
    return days === 0 ? anchorMs : momentOfLocalTime(timeZone, localMs + days * DAY_MS);
  }
  const months = step * count * (unit === "year" ? 12 : 1);
  if (months === 0) return anchorMs;
  const local = new Date(localMs);
  const year = local.getUTCFullYear();
  const month = local.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const dayStartMs = Date.UTC(year, month, Math.min(local.getUTCDate(), lastDay));
  const sinceMidnightMs = localMs - Date.UTC(year, local.getUTCMonth(), local.getUTCDate());
  return momentOfLocalTime(timeZone, dayStartMs + sinceMidnightMs);
}
