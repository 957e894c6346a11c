import { expect, test } from "vitest";
import { engineMonthEnd } from "../../../bench/month-end/engine-month-end.ts";
import {
  expectedHash,
  expectedTotal,
  hashOfTotals,
  lastMonthEnd,
} from "../../../bench/month-end/month-end-load.ts";

const END_MS = Date.parse("2026-11-01T00:00:00Z");

test("the bench of a month's end bills every contract what was reckoned by hand", async () => {
  const monthEnd = { endMs: END_MS, accounts: 120 };
  const result = await engineMonthEnd(monthEnd);
  expect(result.documents).toBe(120);
  expect(result.hash).toBe(expectedHash(monthEnd));
  expect(result.slices.count).toBeGreaterThan(4);
});

test("what a document must come to follows from tiers, fees and tax, each rounded by itself", () => {
  // 500 × 0.0125 + 101 × 0.005 = 6.755, which is 6.76; two fees of 25; 19 % of each.
  expect(expectedTotal(601n)).toBe(676n + 5_000n + 128n + 2n * 475n);
  expect(expectedTotal(0n)).toBe(5_000n + 950n);
  expect(hashOfTotals([["b", 1n]])).not.toBe(hashOfTotals([["b", 2n]]));
});

test("the month's end lies a day back at least", () => {
  expect(new Date(lastMonthEnd(Date.parse("2026-12-01T12:00:00Z"))).toISOString()).toBe(
    "2026-11-01T00:00:00.000Z",
  );
  expect(new Date(lastMonthEnd(Date.parse("2026-12-02T00:00:00Z"))).toISOString()).toBe(
    "2026-12-01T00:00:00.000Z",
  );
});
