import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runSmokeBench } from "../support/bench-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the benchmark's short form compares results, holds its floors, and writes its report", async () => {
  const folder = temporaryFolder();
  const report = await runSmokeBench(folder);
  expect(report.failures).toEqual([]);
  expect(report.rows.map(({ scenario, contender }) => `${scenario}: ${contender}`)).toEqual([
    "single events: tributary",
    "single events: raw",
    "columnar, numbered batches: tributary",
    "columnar, small load: tributary",
    "columnar, small load: raw",
    "columnar, small load: naive",
    "columnar, small load: duckdb",
    "columnar, small load: duckdb-batch",
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
  for (const plot of ["throughput.svg", "growth.svg", "latency.svg"])
    expect(readFileSync(join(folder, plot), "utf8")).toContain("</svg>");
});
