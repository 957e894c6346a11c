import { UnknownCase } from "../values.ts";

const DAY_MS = 86_400_000;

/** Numbers of months that a billing period can have, the more common ones first. */
const MONTHS = [1, 12, 3, 6, 2, 4];
/** With a leap year among them. */
const YEARS = [2025, 2024];
/** Days that no billing period exceeds. */
const MAX_DAYS = 366;

/** A billing period of the calendar, in UTC, as a contract bills by it. */
export interface CalendarPeriod {
  readonly startMs: number;
  readonly endMs: number;
  readonly days: number;
  /** Fields of contracts that have the period. */
  readonly contract: Readonly<Record<string, number>>;
  /** Start of the period before it. */
  readonly startBeforeMs: number;
}

/** A period that has as many days. */
export function periodOfDays(days: number): CalendarPeriod | undefined {
  for (const months of MONTHS)
    for (const year of YEARS)
      for (let month = 0; month < 12; month++) {
        const startMs = Date.UTC(year, month, 1);
        const endMs = Date.UTC(year, month + months, 1);
        if (endMs - startMs !== days * DAY_MS) continue;
        const contract = {
          billing_anchor_day: 1,
          ...(months === 1 ? {} : { billing_months: months, billing_anchor_month: month + 1 }),
        };
        return { startMs, endMs, days, contract, startBeforeMs: Date.UTC(year, month - months, 1) };
      }
  return undefined;
}

/** A period of which `part` of `whole` are a number of days. */
export function periodOfFraction(
  part: number,
  whole: number,
): { readonly period: CalendarPeriod; readonly days: number } {
  for (let factor = 1; factor * whole <= MAX_DAYS; factor++) {
    const period = periodOfDays(factor * whole);
    if (period !== undefined) return { period, days: factor * part };
  }
  throw new UnknownCase(`no billing period has days for ${part} of ${whole}`);
}

export function dayOf(period: CalendarPeriod, day: number): string {
  return dateText(period.startMs + day * DAY_MS);
}

/** YYYY-MM-DD */
export function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
