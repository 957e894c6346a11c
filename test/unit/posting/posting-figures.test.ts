import { describe, expect, test } from "vitest";
import { addDecimals, equalDecimals, subtractDecimals } from "../../../src/model/exact-sum.ts";
import { drainEstimateMs, RecentRate } from "../../../src/sinks/posting/backlog-figures.ts";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = Date.UTC(2026, 2, 10, 12);

describe("the estimate of a drain", () => {
  const quota = { maxConcurrent: 5, rate: undefined, perDay: undefined };
  const endless = { leftToday: Infinity, nowMs: NOON_MS };

  test("goes by the recent rate, else by the quota's, else it is not known", () => {
    const rate = { count: 600, windowMs: 60_000 };
    expect(drainEstimateMs(0, { perSecond: 0, quota, ...endless })).toBe(0);
    expect(drainEstimateMs(100, { perSecond: 4, quota: { ...quota, rate }, ...endless })).toBe(25_000);
    expect(drainEstimateMs(100, { perSecond: 0, quota: { ...quota, rate }, ...endless })).toBe(10_000);
    const perDay = 86_400;
    expect(drainEstimateMs(100, { perSecond: 0, quota: { ...quota, perDay }, ...endless })).toBe(100_000);
    expect(drainEstimateMs(100, { perSecond: 0, quota, ...endless })).toBeNull();
  });

  test("waits for the days whose budget is used up", () => {
    const daily = { ...quota, perDay: 100 };
    const estimate = (documents: number): number | null =>
      drainEstimateMs(documents, { perSecond: 1, quota: daily, leftToday: 30, nowMs: NOON_MS });
    expect(estimate(30)).toBe(30_000);
    expect(estimate(31)).toBe(12 * HOUR_MS + 1_000);
    expect(estimate(130)).toBe(12 * HOUR_MS + 100_000);
    expect(estimate(131)).toBe(12 * HOUR_MS + DAY_MS + 1_000);
  });
});

test("the recent rate is of five minutes, and forgets", () => {
  const rate = new RecentRate();
  expect(rate.perSecond(NOON_MS)).toBe(0);
  for (let second = 0; second < 600; second++) rate.note(NOON_MS + second * 1_000);
  expect(rate.perSecond(NOON_MS + 600_000)).toBeCloseTo(0.9, 1);
  expect(rate.perSecond(NOON_MS + 2 * HOUR_MS)).toBe(0);
});

test("sums of decimal texts are exact", () => {
  expect(addDecimals("0.1", "0.2")).toBe("0.3");
  expect(addDecimals("9007199254740993", "0.01")).toBe("9007199254740993.01");
  expect(subtractDecimals("1.50", "1.5")).toBe("0");
  expect(subtractDecimals("0", "12.345")).toBe("-12.345");
  expect(equalDecimals("100", "1e2")).toBe(true);
  expect(equalDecimals("0.10", "0.1000001")).toBe(false);
  expect(() => addDecimals("1,5", "0")).toThrow(RangeError);
});
