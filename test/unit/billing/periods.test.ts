import * as fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { BillingCalendar, clipPeriod, monthOfPeriod } from "../../../src/billing/periods.ts";
import { isTimeZone, startOfLocalDay } from "../../../src/billing/zone-days.ts";

const HOUR_MS = 3_600_000;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Starts of the periods from the one that contains a time on. */
function starts(zone: string, anchorDay: number, from: string, count: number): string[] {
  const calendar = new BillingCalendar(zone, anchorDay);
  const list: string[] = [];
  let timeMs = Date.parse(from);
  for (let i = 0; i < count; i++) {
    const period = calendar.periodAt(timeMs);
    list.push(iso(period.startMs));
    timeMs = period.endMs;
  }
  return list;
}

function hours(zone: string, anchorDay: number, time: string): number {
  const { startMs, endMs } = new BillingCalendar(zone, anchorDay).periodAt(Date.parse(time));
  return (endMs - startMs) / HOUR_MS;
}

describe("billing periods", () => {
  test("of several months begin in the anchor's month, and clamp like others", () => {
    const quarters = new BillingCalendar("UTC", 31, 3, 11);
    const found: string[] = [];
    for (let atMs = Date.parse("2026-01-15T00:00:00Z"); found.length < 4;) {
      const period = quarters.periodAt(atMs);
      found.push(iso(period.startMs).slice(0, 10));
      atMs = period.endMs;
    }
    expect(found).toEqual(["2025-11-30", "2026-02-28", "2026-05-31", "2026-08-31"]);
    const year = new BillingCalendar("Europe/Berlin", 1, 12, 4).periodAt(Date.parse("2026-03-31T21:59:59Z"));
    expect([iso(year.startMs), iso(year.endMs)]).toEqual([
      "2025-03-31T22:00:00.000Z",
      "2026-03-31T22:00:00.000Z",
    ]);
    expect(() => new BillingCalendar("UTC", 1, 5)).toThrow(RangeError);
    expect(() => new BillingCalendar("UTC", 1, 0)).toThrow(RangeError);
  });

  test("of several months lie side by side, each as long as its months", () => {
    const months = fc.constantFrom(1, 2, 3, 4, 6, 12);
    const anchor = fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 1, max: 12 }));
    const time = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2035-01-01") });
    fc.assert(
      fc.property(months, anchor, time, (count, [day, month], timeMs) => {
        const monthly = new BillingCalendar("America/New_York", day);
        const { startMs, endMs } = new BillingCalendar("America/New_York", day, count, month).periodAt(
          timeMs,
        );
        expect(startMs <= timeMs && timeMs < endMs).toBe(true);
        let atMs = startMs;
        for (let index = 0; index < count; index++) {
          const period = monthly.periodAt(atMs);
          expect(period.startMs).toBe(atMs);
          atMs = period.endMs;
        }
        expect(atMs).toBe(endMs);
        expect((monthOfPeriod(monthly, startMs) - month + 12) % count).toBe(0);
      }),
    );
  });

  test("an anchor on the 31st clamps, then returns", () => {
    expect(starts("UTC", 31, "2026-01-31T00:00:00Z", 5)).toEqual([
      "2026-01-31T00:00:00.000Z",
      "2026-02-28T00:00:00.000Z",
      "2026-03-31T00:00:00.000Z",
      "2026-04-30T00:00:00.000Z",
      "2026-05-31T00:00:00.000Z",
    ]);
  });

  test("an anchor on the 29th, 30th and 31st in a leap year", () => {
    for (const [anchorDay, january, march] of [
      [29, 29, 29],
      [30, 30, 30],
      [31, 31, 31],
    ] as const) {
      expect(starts("UTC", anchorDay, `2028-01-${january}T00:00:00Z`, 3)).toEqual([
        `2028-01-${january}T00:00:00.000Z`,
        "2028-02-29T00:00:00.000Z",
        `2028-03-${march}T00:00:00.000Z`,
      ]);
    }
    expect(starts("UTC", 29, "2027-02-28T00:00:00Z", 2)).toEqual([
      "2027-02-28T00:00:00.000Z",
      "2027-03-29T00:00:00.000Z",
    ]);
  });

  test("are half-open", () => {
    const calendar = new BillingCalendar("UTC", 15);
    expect(iso(calendar.periodAt(Date.parse("2026-02-15T00:00:00Z") - 1).startMs)).toBe(
      "2026-01-15T00:00:00.000Z",
    );
    expect(iso(calendar.periodAt(Date.parse("2026-02-15T00:00:00Z")).startMs)).toBe(
      "2026-02-15T00:00:00.000Z",
    );
  });

  test.each([
    [
      "Europe/Berlin",
      1,
      "2026-01-01T00:00:00Z",
      [
        "2025-12-31T23:00:00.000Z",
        "2026-01-31T23:00:00.000Z",
        "2026-02-28T23:00:00.000Z",
        "2026-03-31T22:00:00.000Z",
      ],
    ],
    [
      "America/New_York",
      8,
      "2026-02-20T00:00:00Z",
      ["2026-02-08T05:00:00.000Z", "2026-03-08T05:00:00.000Z", "2026-04-08T04:00:00.000Z"],
    ],
    ["Asia/Kathmandu", 1, "2026-01-15T00:00:00Z", ["2025-12-31T18:15:00.000Z", "2026-01-31T18:15:00.000Z"]],
    [
      "Pacific/Auckland",
      5,
      "2026-03-10T00:00:00Z",
      ["2026-03-04T11:00:00.000Z", "2026-04-04T11:00:00.000Z", "2026-05-04T12:00:00.000Z"],
    ],
  ])("%s, anchor %i", (zone, anchorDay, from, expected) => {
    expect(starts(zone, anchorDay, from, expected.length)).toEqual(expected);
  });

  test("a month with a change of clocks is an hour shorter or longer", () => {
    expect(hours("Europe/Berlin", 1, "2026-03-15T00:00:00Z")).toBe(31 * 24 - 1);
    expect(hours("Europe/Berlin", 1, "2026-10-15T00:00:00Z")).toBe(31 * 24 + 1);
    expect(hours("America/New_York", 1, "2026-03-15T00:00:00Z")).toBe(31 * 24 - 1);
    expect(hours("America/New_York", 1, "2026-11-15T00:00:00Z")).toBe(30 * 24 + 1);
    expect(hours("Pacific/Auckland", 1, "2026-04-15T00:00:00Z")).toBe(30 * 24 + 1);
    expect(hours("Pacific/Auckland", 1, "2026-09-15T00:00:00Z")).toBe(30 * 24 - 1);
    expect(hours("Asia/Kathmandu", 1, "2026-03-15T00:00:00Z")).toBe(31 * 24);
  });

  test("days themselves have 23 and 25 hours", () => {
    const day = (zone: string, month: number, date: number): number =>
      (startOfLocalDay(zone, 2026, month, date + 1) - startOfLocalDay(zone, 2026, month, date)) / HOUR_MS;
    expect(day("Europe/Berlin", 3, 29)).toBe(23);
    expect(day("Europe/Berlin", 10, 25)).toBe(25);
    expect(day("Europe/Berlin", 10, 24)).toBe(24);
  });

  test("where midnight comes twice it is the first, where it is skipped the moment of the leap", () => {
    // Cuba sets its clocks back from 01:00 to 00:00 on 1 November 2026, a possible start of a period.
    expect(iso(startOfLocalDay("America/Havana", 2026, 11, 1))).toBe("2026-11-01T04:00:00.000Z");
    // Lebanon sets them forward from 00:00 to 01:00 on 29 March 2026.
    expect(iso(startOfLocalDay("Asia/Beirut", 2026, 3, 29))).toBe("2026-03-28T22:00:00.000Z");
    // Samoa left out 30 December 2011.
    expect(iso(startOfLocalDay("Pacific/Apia", 2011, 12, 30))).toBe("2011-12-30T10:00:00.000Z");
    expect(iso(startOfLocalDay("Pacific/Apia", 2011, 12, 31))).toBe("2011-12-30T10:00:00.000Z");
  });

  const zone = fc.constantFrom(
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "America/St_Johns",
  );
  const time = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2037-12-31") });

  test("a time is in its period, which is followed by the next; local days are those of the calendar", () => {
    fc.assert(
      fc.property(zone, fc.integer({ min: 1, max: 31 }), time, (name, anchorDay, timeMs) => {
        const calendar = new BillingCalendar(name, anchorDay);
        const { startMs, endMs } = calendar.periodAt(timeMs);
        expect(startMs <= timeMs && timeMs < endMs).toBe(true);
        expect(calendar.periodAt(endMs).startMs).toBe(endMs);
        expect(calendar.periodAt(startMs - 1).endMs).toBe(startMs);
        const local = DateTime.fromMillis(startMs, { zone: name });
        expect(local.day).toBe(Math.min(anchorDay, local.daysInMonth ?? 0));
        expect(local.startOf("day").toMillis()).toBe(startMs);
      }),
      { numRuns: 300 },
    );
  });

  test("are clipped to the contract", () => {
    expect(clipPeriod({ startMs: 10, endMs: 20 }, 12, Infinity)).toEqual({ startMs: 12, endMs: 20 });
    expect(clipPeriod({ startMs: 10, endMs: 20 }, 0, 15)).toEqual({ startMs: 10, endMs: 15 });
  });

  test("time zones are IANA names", () => {
    expect(["UTC", "Europe/Berlin", "+01:00", "Mars/Base", ""].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(() => new BillingCalendar("UTC", 32)).toThrow(RangeError);
  });
});
