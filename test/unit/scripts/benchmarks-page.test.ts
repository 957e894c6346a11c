import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../../bench/report/report.ts";
import {
  committedReport,
  FLEET_REPORT,
  renderBenchmarksPage,
  withBenchmarks,
  withFigures,
} from "../../../scripts/docs/benchmarks-page.ts";
import { PROJECT_ROOT, readProjectFile } from "../../support/project-files.ts";

const REPORT: BenchReport = {
  date: "2026-01-02",
  machine: {
    processor: "a processor",
    cores: 2,
    memoryGiB: 8,
    kernel: "Linux",
    fileSystem: "ext4",
    node: "v20",
    natsServer: "v2",
    sqlite: "3",
    duckdb: "1",
    postgres: "PostgreSQL 15.1",
  },
  isFull: true,
  parameters: { partitions: 16 },
  hashes: { columnar: "0123456789abcdef01" },
  rows: [],
  figures: { cellBytes: 120 },
  growth: [],
  latency: [{ percentile: 50, ms: 500 }],
  targets: [
    { what: "● one", target: "≥ 2", measured: "3", verdict: "met" },
    { what: "two", target: "≥ 2", measured: "—", verdict: "not measured" },
  ],
  notes: ["a note"],
  failures: [{ scenario: "recovery", message: "no disk" }],
};
const README = "before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n";

describe("the page of benchmarks", () => {
  it("is written from the committed run, and so is what the README quotes (npm run docs)", () => {
    const report = committedReport(pathToFileURL(`${PROJECT_ROOT}/`));
    expect(readProjectFile("docs/benchmarks.md")).toBe(renderBenchmarksPage(report));
    const readme = readProjectFile("README.md");
    expect(readme).toBe(withBenchmarks(readme, report));
  });

  it("is written from the committed run of a fleet where it speaks of scaling (npm run docs)", () => {
    const report = committedReport(pathToFileURL(`${PROJECT_ROOT}/`), FLEET_REPORT);
    expect(report?.failures).toEqual([]);
    const page = readProjectFile("docs/scaling.md");
    expect(page).toBe(withFigures(page, report ?? REPORT));
  });

  it("quotes figures where a page names them, again and again", () => {
    const page = "a\n<!-- figures: cellBytes -->\nold\n<!-- /figures -->\nb\n";
    const once = withFigures(page, REPORT);
    expect(once).toContain("| memory of an open numeric cell | 120 bytes |");
    expect(once).not.toContain("old");
    expect(withFigures(once, REPORT)).toBe(once);
    expect(() => withFigures(page, { ...REPORT, figures: {} })).toThrow("no figure cellBytes");
  });

  it("tells a run whole: machine, targets, figures, plots, hashes, failures", () => {
    const page = renderBenchmarksPage(REPORT);
    for (const part of [
      "Measured on 2026-01-02: a processor, 2 cores, 8 GiB, Linux, files on ext4, Node v20, nats-server v2, SQLite 3, DuckDB 1, PostgreSQL 15.1.",
      "| ● one | ≥ 2 | 3 | met |",
      "| two | ≥ 2 | — | not measured |",
      "| memory of an open numeric cell | 120 bytes |",
      "](../bench/results/latency.svg)",
      "- columnar: all results have the hash 0123456789abcdef",
      "**The scenario “recovery” failed:** no disk",
      "- a note",
    ])
      expect(page).toContain(part);
    expect(page).not.toContain("throughput.svg");
  });

  it("says so while there is no run", () => {
    expect(renderBenchmarksPage(undefined)).toContain("No run is committed yet");
    expect(withBenchmarks(README, undefined)).toContain("No run is committed yet");
  });

  it("replaces what stands between the README's markers, again and again", () => {
    const once = withBenchmarks(README, REPORT);
    expect(once).toMatch(/^before\n<!-- benchmarks -->\n\nMeasured on 2026-01-02/u);
    expect(once).toMatch(/\| ● one \| ≥ 2 \| 3 \| met \|\n\n<!-- \/benchmarks -->\nafter\n$/u);
    expect(once).not.toContain("old");
    expect(once).not.toContain("| two |");
    expect(withBenchmarks(once, REPORT)).toBe(once);
    expect(() => withBenchmarks("no markers", REPORT)).toThrow(RangeError);
  });
});
