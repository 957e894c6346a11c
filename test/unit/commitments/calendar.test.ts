import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coveredDays, shareOf } from "../../../src/billing/commitments/proration.ts";
import { nextOccurrence, type Recurrence } from "../../../src/billing/recurrence.ts";
import { localDaysBetween } from "../../../src/billing/zone-days.ts";

const at = (text: string): number => Date.parse(text);

describe("days of a period", () => {
  test.each([
    ["UTC", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", 28],
    ["Europe/Berlin", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 31], // clocks leap: 743 hours
    ["Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", 31], // and go back: 745 hours
    ["Asia/Kathmandu", "2025-12-31T18:15:00Z", "2026-01-31T18:15:00Z", 31],
    ["America/New_York", "2026-01-10T15:00:00Z", "2026-01-31T05:00:00Z", 21], // begins within a day: it counts
    ["America/New_York", "2026-01-10T02:00:00Z", "2026-01-31T05:00:00Z", 22], // the 9th there
    ["UTC", "2026-01-10T00:00:00Z", "2026-01-12T09:00:00Z", 2], // ends within a day: it doesn't
  ])("in %s from %s to %s are %i", (zone, start, end, days) => {
    expect(localDaysBetween(zone, at(start), at(end))).toBe(days);
  });

  test("of adjoining parts add up", () => {
    const time = fc.integer({ min: at("2020-01-01T00:00:00Z"), max: at("2030-01-01T00:00:00Z") });
    fc.assert(
      fc.property(
        fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo"),
        fc.array(time, { minLength: 3, maxLength: 3 }),
        (zone, times) => {
          const [a = 0, b = 0, c = 0] = times.sort((x, y) => x - y);
          expect(localDaysBetween(zone, a, b) + localDaysBetween(zone, b, c)).toBe(
            localDaysBetween(zone, a, c),
          );
        },
      ),
    );
  });

  test("make a share", () => {
    const full = { startMs: at("2026-01-01T00:00:00Z"), endMs: at("2026-02-01T00:00:00Z") };
    const covered = { startMs: at("2026-01-02T00:00:00Z"), endMs: full.endMs };
    expect(coveredDays("UTC", covered, full)).toEqual({ covered: 30, full: 31 });
    expect(shareOf({ covered: 30, full: 31 })).toEqual({ numerator: 30n, denominator: 31n });
    expect(() => shareOf({ covered: 1, full: 0 })).toThrow(RangeError);
    expect(() => shareOf({ covered: -1, full: 31 })).toThrow(RangeError);
  });
});

describe("recurrence", () => {
  const from = (anchor: string, change: Partial<Recurrence> = {}): Recurrence => ({
    unit: "month",
    count: 1,
    anchorMs: at(anchor),
    timeZone: "Europe/Berlin",
    ...change,
  });

  test.each([
    [from("2026-01-30T23:00:00Z"), "2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z"], // 31st clamps
    [from("2026-01-30T23:00:00Z"), "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"], // and returns
    [from("2026-01-30T23:00:00Z"), "2025-11-15T00:00:00Z", "2025-11-29T23:00:00Z"], // before the anchor too
    [from("2024-02-29T09:00:00Z", { unit: "year" }), "2024-06-01T00:00:00Z", "2025-02-28T09:00:00Z"],
    [
      from("2024-02-29T09:00:00Z", { unit: "year", count: 4 }),
      "2024-02-29T09:00:00Z",
      "2028-02-29T09:00:00Z",
    ],
    [from("2026-03-28T11:00:00Z", { unit: "day" }), "2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z"], // noon stays noon
    [from("2026-03-28T01:30:00Z", { unit: "day" }), "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"], // 02:30 is leapt over
    [
      from("2026-01-01T00:00:00Z", { unit: "week", count: 2 }),
      "2026-01-14T23:59:59Z",
      "2026-01-15T00:00:00Z",
    ],
  ])("%o after %s is %s", (recurrence, after, next) => {
    expect(new Date(nextOccurrence(recurrence, at(after))).toISOString()).toBe(`${next.slice(0, -1)}.000Z`);
  });

  test("each occurrence is the next of the moment before it", () => {
    const time = fc.integer({ min: at("2015-01-01T00:00:00Z"), max: at("2035-01-01T00:00:00Z") });
    fc.assert(
      fc.property(
        fc.constantFrom("day", "week", "month", "year"),
        fc.integer({ min: 1, max: 5 }),
        time,
        time,
        (unit, count, anchorMs, afterMs) => {
          const recurrence: Recurrence = { unit, count, anchorMs, timeZone: "Europe/Berlin" };
          const next = nextOccurrence(recurrence, afterMs);
          expect(next).toBeGreaterThan(afterMs);
          expect(nextOccurrence(recurrence, next - 1)).toBe(next);
        },
      ),
    );
  });
});
