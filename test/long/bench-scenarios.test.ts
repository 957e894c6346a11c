import { expect, test } from "vitest";
import { runSmokeBench } from "../support/bench-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the scenarios that the short form leaves out come to their ends as well", async () => {
  const report = await runSmokeBench(temporaryFolder(), [
    "sealed keys",
    "accounts",
    "recovery",
    "scale-out",
    "month-end",
  ]);
  expect(report.failures).toEqual([]);
  expect(report.figures).toMatchObject({
    accountGrowthRatio: expect.any(Number),
    sealedKeyBytes: expect.any(Number),
    monthEndPerMinute: expect.any(Number),
    monthEndEventsPerSecond: expect.any(Number),
    restoredCells: 1_000,
    recoverySeconds: expect.any(Number),
    scaleOutTwo: expect.any(Number),
    scaleOutFour: expect.any(Number),
  });
  // The next month's usage is processed meanwhile.
  expect(report.figures.monthEndEventsPerSecond).toBeGreaterThan(0);
  // A smoke run says nothing of the targets.
  expect(report.targets).toEqual([]);
});
