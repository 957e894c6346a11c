import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BenchReport } from "../../../bench/report/report.ts";
import { PROJECT_ROOT } from "../../support/project-files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-bench-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the benchmark with options; throws where it does not end well. */
async function bench(...options: readonly string[]): Promise<BenchReport> {
  const args = ["--import", "tsx", "bench/main.ts", "--output", folder, ...options];
  const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`the benchmark ended with ${String(code)}: ${stderr}`);
  const report: BenchReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  return report;
}

test("the benchmark's short form compares results, holds its floors, and writes its report", async () => {
  const report = await bench("--smoke");
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

test("the scenarios that the short form leaves out come to their ends as well", async () => {
  const only = ["sealed keys", "accounts", "recovery", "scale-out", "month-end"].flatMap((name) => [
    "--only",
    name,
  ]);
  const report = await bench("--smoke", ...only);
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
