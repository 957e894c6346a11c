import { expect, test } from "vitest";
import { expectedHash, lastMonthEnd } from "../../../bench/month-end/month-end-load.ts";
import { workerMonthEnd } from "../../../bench/month-end/worker-month-end.ts";

test("a worker bills a month, as it was reckoned, while the next month's usage comes in", async () => {
  const monthEnd = { endMs: lastMonthEnd(Date.now()), accounts: 300 };
  const result = await workerMonthEnd({
    monthEnd,
    partitionCount: 2,
    eventsPerSecond: 2_000,
    onProgress: () => undefined,
  });
  expect(result.documents).toBe(300);
  expect(result.hash).toBe(expectedHash(monthEnd));
  expect(result.processedPerSecond).toBeGreaterThan(0);
});
