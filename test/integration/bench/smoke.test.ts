import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { BenchReport } from "../../../bench/report/report.ts";
import { PROJECT_ROOT } from "../../support/project-files.ts";

const TIMEOUT_MS = 240_000;
const folder = mkdtempSync(join(tmpdir(), "tributary-bench-test-"));

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test(
  "the benchmark's short form compares results, holds its floors, and writes its report",
  async () => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "bench/main.ts", "--smoke", "--output", folder],
      {
        cwd: PROJECT_ROOT,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    expect(stderr + String(code)).toMatch(/0$/u);
    const report: BenchReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(Object.keys(report.hashes)).toEqual(["single events", "columnar"]);
    expect(report.rows.map(({ contender }) => contender)).toEqual([
      "tributary",
      "raw",
      "tributary",
      "raw",
      "naive",
      "duckdb",
    ]);
    expect(readFileSync(join(folder, "throughput.svg"), "utf8")).toContain("</svg>");
  },
  TIMEOUT_MS,
);
