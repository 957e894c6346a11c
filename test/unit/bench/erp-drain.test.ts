import { describe, expect, test } from "vitest";
import { centsOf, expectedInvoices, hashOfInvoices } from "../../../bench/erp-drain/drain-load.ts";
import { quotaUse } from "../../../bench/erp-drain/quota-use.ts";
import { targetRows } from "../../../bench/report/targets.ts";

/** Requests one after the other at each of so many places, from 0 on. */
function atPlaces(places: number, lengthMs: number, pauseMs: number, untilMs: number) {
  const times = [];
  for (let startMs = 0; startMs < untilMs; startMs += lengthMs + pauseMs)
    for (let place = 0; place < places; place++) times.push({ startMs, endMs: startMs + lengthMs });
  return times;
}

describe("what is used of a quota", () => {
  test("of places at a time is how long they were taken, within the time that is measured", () => {
    const quota = { maxConcurrent: 4, requestsPerSecond: undefined };
    const seen = (pauseMs: number) => ({
      times: atPlaces(4, 300, pauseMs, 30_000),
      highestConcurrency: 4,
    });
    expect(quotaUse(quota, seen(0), 1_000, 20_000)).toEqual({ share: 1, most: 1 });
    expect(quotaUse(quota, seen(100), 0, 20_000).share).toBeCloseTo(0.75);
    expect(quotaUse({ ...quota, maxConcurrent: 5 }, seen(0), 150, 950).share).toBeCloseTo(0.8);
    expect(quotaUse({ ...quota, maxConcurrent: 3 }, seen(0), 0, 900).most).toBeCloseTo(4 / 3);
  });

  test("of requests a second is how many began, and the most is that of any second", () => {
    const quota = { maxConcurrent: 10, requestsPerSecond: 10 };
    const times = atPlaces(1, 100, 0, 20_000);
    expect(quotaUse(quota, { times, highestConcurrency: 3 }, 0, 10_000)).toMatchObject({ share: 1 });
    const [first] = times;
    const burst = [...Array.from({ length: 4 }, () => first!), ...times];
    expect(quotaUse(quota, { times: burst, highestConcurrency: 3 }, 5_000, 10_000).most).toBeGreaterThan(1);
    expect(quotaUse(quota, { times, highestConcurrency: 12 }, 0, 10_000).most).toBeCloseTo(1.2);
  });
});

test("the target is met where the lesser of both is, and never where a quota was passed", () => {
  const verdict = (places: number, rate: number, most: number) => {
    const figures = { erpPlacesUsed: places, erpRateUsed: rate, erpMostUsed: most };
    const row = targetRows({ rows: [], figures }).find(({ what }) => what.startsWith("ERP drain"));
    return `${row?.verdict}: ${row?.measured}`;
  };
  expect(verdict(0.96, 0.98, 1)).toBe("met: 96 %, never above");
  expect(verdict(0.99, 0.94, 1)).toBe("missed: 94 %, never above");
  expect(verdict(0.99, 0.99, 1.2)).toBe("missed: 99 %, at most 120 %");
});

test("invoices are reckoned from the plan of the load, every account has one", () => {
  const endMs = Date.parse("2026-11-01T00:00:00Z");
  expect(expectedInvoices({ endMs, accounts: 40 })).toMatch(/^[0-9a-f]{64}$/u);
  expect(["12", "12.5", "12.34"].map(centsOf)).toEqual([1_200n, 1_250n, 1_234n]);
  expect(() => centsOf("1.234")).toThrow(RangeError);
  expect(hashOfInvoices([["a", 1n]])).not.toBe(hashOfInvoices([["a", 2n]]));
});
