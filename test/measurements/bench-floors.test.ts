import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runSmokeBench } from "../support/bench-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the benchmark's short form compares results and holds its floors", async () => {
  const folder = temporaryFolder();
  // Those that have a floor; the others are in the integration tests, where nothing is measured.
  const report = await runSmokeBench(folder, ["single events", "columnar, small load"]);
  expect(report.failures).toEqual([]);
  expect(report.rows.map(({ scenario, contender }) => `${scenario}: ${contender}`)).toEqual([
    "single events: tributary",
    "single events: raw",
    "columnar, small load: tributary",
    "columnar, small load: raw",
    "columnar, small load: naive",
    "columnar, small load: duckdb",
    "columnar, small load: duckdb-batch",
  ]);
  expect(readFileSync(join(folder, "throughput.svg"), "utf8")).toContain("</svg>");
});
