import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../../bench/report/report.ts";
import {
  EVENTS_PER_BATCH,
  FEW_ACCOUNTS,
  loadShape,
  PARTITIONS,
} from "../../../bench/scenarios/load-shapes.ts";
import {
  committedReport,
  FLEET_REPORT,
  renderBenchmarksPage,
  withBenchmarks,
  withCosts,
  withFigures,
} from "../../../scripts/docs/benchmarks-page.ts";
import { LoadEncoder } from "../../../src/load/encode/load-encoder.ts";
import { EventPlan } from "../../../src/load/event-plan.ts";
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

/** Of the load that fills the streams where columnar batches are measured. */
function columnarBytesAnEvent(): number {
  const shape = loadShape(100_000, FEW_ACCOUNTS);
  const encoder = new LoadEncoder(shape, {
    form: "columnar",
    batchSize: EVENTS_PER_BATCH,
    partitionCount: PARTITIONS,
  });
  const messages = [...encoder.encode(new EventPlan(shape).block(0, shape.events)), ...encoder.flush()];
  return messages.reduce((sum, { data }) => sum + data.length, 0) / shape.events;
}

describe("the page of benchmarks", () => {
  it("is written from the committed run, and so is what the README quotes (npm run docs)", () => {
    const report = committedReport(pathToFileURL(`${PROJECT_ROOT}/`));
    expect(readProjectFile("docs/benchmarks.md")).toBe(renderBenchmarksPage(report));
    const readme = readProjectFile("README.md");
    expect(readme).toBe(withBenchmarks(readme, report));
  });

  it("is written from the committed runs where pages speak of scaling and failover (npm run docs)", () => {
    const root = pathToFileURL(`${PROJECT_ROOT}/`);
    const [whole, ofFleet] = [committedReport(root), committedReport(root, FLEET_REPORT)];
    expect([whole?.failures, ofFleet?.failures]).toEqual([[], []]);
    const page = readProjectFile("docs/scaling.md");
    expect(page).toBe(withCosts(withFigures(page, ofFleet ?? REPORT), whole ?? REPORT));
    const reliability = readProjectFile("docs/reliability.md");
    expect(reliability).toBe(withFigures(reliability, ofFleet ?? REPORT));
    expect(reliability).toContain("<!-- figures: failoverKeys,");
    const bytes = Number(/ take some (\d+) bytes an event/.exec(page)?.[1]);
    expect(Math.abs(columnarBytesAnEvent() - bytes)).toBeLessThan(3);
  });

  it("quotes what an event costs where a page names the scenario", () => {
    const rows = [
      {
        scenario: "columnar",
        contender: "tributary",
        runs: 1,
        eventsPerSecond: 1e6,
        slowest: 1e6,
        fastest: 1e6,
        cpuSecondsPerMillion: 1.349,
        peakRssBytes: 1,
        workerRatio: undefined,
      },
    ];
    const page = "a <!-- cost: columnar -->0<!-- /cost --> b";
    const once = withCosts(page, { ...REPORT, rows });
    expect(once).toBe("a <!-- cost: columnar -->1.3<!-- /cost --> b");
    expect(withCosts(once, { ...REPORT, rows })).toBe(once);
    expect(() => withCosts(page, REPORT)).toThrow("no scenario columnar");
  });

  it("quotes figures where a page names them, again and again", () => {
    const page = "a\n<!-- figures: cellBytes -->\nold\n<!-- /figures -->\nb\n";
    const once = withFigures(page, REPORT);
    expect(once).toContain("| memory of an open numeric cell | 120 bytes |");
    expect(once).not.toContain("old");
    expect(withFigures(once, REPORT)).toBe(once);
    // A run from before the figure was measured.
    expect(withFigures(page, { ...REPORT, figures: {} })).toContain(
      "| memory of an open numeric cell | not measured |",
    );
    expect(() => withFigures(page.replace("cellBytes", "cellByte"), REPORT)).toThrow("no figure cellByte");
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
