import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runSmokeBench } from "../../support/bench-run.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("the scenarios of the short form that have no floor come to their ends, and the report is written", async () => {
  const folder = temporaryFolder();
  const report = await runSmokeBench(folder, [
    "cells",
    "rating",
    "columnar, numbered batches",
    "live load",
    "remembered keys",
  ]);
  expect(report.failures).toEqual([]);
  expect(report.rows.map(({ scenario, contender }) => `${scenario}: ${contender}`)).toEqual([
    "columnar, numbered batches: tributary",
    "remembered keys: tributary, 20,000 keys",
    "remembered keys: tributary, 200,000 keys",
  ]);
  expect(report.figures).toMatchObject({
    cellBytes: expect.any(Number),
    keyGrowthRatio: expect.any(Number),
    latencyP99Ms: expect.any(Number),
    loopDelayP99Ms: expect.any(Number),
  });
  const { latencyP50Ms = 0, latencyP999Ms = 0 } = report.figures;
  expect(latencyP50Ms).toBeGreaterThan(0);
  expect(latencyP999Ms).toBeGreaterThanOrEqual(latencyP50Ms);
  for (const plot of ["growth.svg", "latency.svg"])
    expect(readFileSync(join(folder, plot), "utf8")).toContain("</svg>");
});
