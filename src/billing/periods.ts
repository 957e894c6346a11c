import type { BillingPeriod } from "./catalog/compiled.ts";
import { localDate, startOfLocalDay } from "./zone-days.ts";

const MONTHS_OF_YEAR = 12;

/**
 * Billing periods of one or more months by a time zone and anchor day: half-open, one behind the other, each from the start
 * of a local day. In a month that has no such day the period starts on its last one, and the next month returns to the anchor
 * (31 Jan → 28 Feb → 31 Mar). Days that are 23 or 25 hours long make their month as much shorter or longer.
 */
export class BillingCalendar {
  readonly timeZone: string;
  readonly anchorDay: number;
  readonly #months: number;
  /** 1–12: a month in which a period starts. */
  readonly anchorMonth: number;
  /** Starts of periods by month (year × 12 + month from 0): asked for once per cell, so remembered. */
  readonly #starts = new Map<number, number>();
  /** By the same months: so contracts of one calendar share its periods. */
  readonly #periods = new Map<number, BillingPeriod>();
  /** The one asked for last is mostly the one asked for next. */
  #last: BillingPeriod | undefined;

  /**
   * @param anchorDay 1–31
   * @param months months of a period, a divisor of 12
   * @param anchorMonth 1–12: a month in which a period starts
   */
  constructor(timeZone: string, anchorDay: number, months = 1, anchorMonth = 1) {
    if (!Number.isInteger(anchorDay) || anchorDay < 1 || anchorDay > 31)
      throw new RangeError(`anchor day ${anchorDay} is not one of 1–31`);
    if (!(months >= 1 && MONTHS_OF_YEAR % months === 0))
      throw new RangeError(`${months} months do not divide a year`);
    this.timeZone = timeZone;
    this.anchorDay = anchorDay;
    this.#months = months;
    this.anchorMonth = anchorMonth;
  }

  /** The period that contains a time. */
  periodAt(timeMs: number): BillingPeriod {
    const last = this.#last;
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last;
    const date = new Date(timeMs);
    let month = date.getUTCFullYear() * 12 + date.getUTCMonth();
    while (this.#startOf(month) > timeMs) month -= 1;
    while (this.#startOf(month + 1) <= timeMs) month += 1;
    month -= (month - (this.anchorMonth - 1)) % this.#months;
    let period = this.#periods.get(month);
    if (period === undefined) {
      period = { startMs: this.#startOf(month), endMs: this.#startOf(month + this.#months) };
      this.#periods.set(month, period);
    }
    this.#last = period;
    return period;
  }

  #startOf(month: number): number {
    let startMs = this.#starts.get(month);
    if (startMs === undefined) {
      const year = Math.floor(month / 12);
      const monthOfYear = month - year * 12 + 1;
      const lastDay = new Date(Date.UTC(year, monthOfYear, 0)).getUTCDate();
      startMs = startOfLocalDay(this.timeZone, year, monthOfYear, Math.min(this.anchorDay, lastDay));
      this.#starts.set(month, startMs);
    }
    return startMs;
  }
}

/** Month of the year (1–12) in which the monthly period of a time starts. */
export function monthOfPeriod(calendar: BillingCalendar, timeMs: number): number {
  const { startMs } = calendar.periodAt(timeMs);
  return Number(localDate(calendar.timeZone, startMs).slice(5, 7));
}

/** A period as far as a contract covers it: [start, end) of both. */
export function clipPeriod(period: BillingPeriod, startMs: number, endMs: number): BillingPeriod {
  if (startMs <= period.startMs && endMs >= period.endMs) return period;
  return { startMs: Math.max(period.startMs, startMs), endMs: Math.min(period.endMs, endMs) };
}
