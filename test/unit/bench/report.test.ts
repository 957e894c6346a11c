import { describe, expect, it } from "vitest";
import type { Machine } from "../../../bench/harness/machine.ts";
import type { Measurement } from "../../../bench/harness/measurement.ts";
import { buildReport } from "../../../bench/report/build-report.ts";
import { pairedRatio, rowOfRuns } from "../../../bench/report/growth-rows.ts";
import { percentileLabel, plotsOf } from "../../../bench/report/plots.ts";
import { renderTables } from "../../../bench/report/render-table.ts";
import { rowsOf, type BenchReport } from "../../../bench/report/report.ts";
import { floorFaults } from "../../../bench/report/smoke-floors.ts";
import { median } from "../../../bench/report/statistics.ts";
import { targetRows } from "../../../bench/report/targets.ts";
import { loadShape } from "../../../bench/scenarios/load-shapes.ts";
import type { ThroughputResult } from "../../../bench/scenarios/throughput.ts";

const MACHINE: Machine = {
  processor: "a processor",
  cores: 2,
  memoryGiB: 8,
  kernel: "Linux",
  fileSystem: "ext4",
  node: "v20",
  natsServer: "v2",
  sqlite: "3",
  duckdb: "1",
  postgres: "",
};

function run(contender: string, seconds: number): Measurement {
  return {
    contender,
    events: 1_000_000,
    seconds,
    cpuSeconds: 4 * seconds,
    peakRssBytes: 1_000,
    result: undefined,
    notes: {},
  };
}

function result(name: string, runs: Readonly<Record<string, readonly number[]>>): ThroughputResult {
  return {
    name,
    form: "columnar",
    shape: loadShape(1_000_000, 10),
    batchSize: 1_000,
    partitionCount: 16,
    hash: "00",
    publishedPerSecond: 1,
    contenders: Object.entries(runs).map(([contender, seconds]) => ({
      contender,
      runs: seconds.map((each) => run(contender, each)),
    })),
    skipped: [],
  };
}

const columnar = rowsOf(
  result("columnar", { tributary: [0.5, 0.25, 1], duckdb: [5, 1, 9], "duckdb-batch": [0.1, 0.1, 0.1] }),
);
const all = rowsOf(result("columnar, small load", { tributary: [0.5], raw: [0.4], naive: [6] }));

function verdicts(measured: Parameters<typeof targetRows>[0]): Map<string, string> {
  return new Map(targetRows(measured).map(({ what, verdict }) => [what, verdict]));
}

function report(parts: Partial<Parameters<typeof buildReport>[0]> = {}): BenchReport {
  return buildReport({
    results: [
      { rows: columnar, hashes: { columnar: "ab".repeat(32) }, figures: { latencyP99Ms: 900 } },
      {
        figures: { cellBytes: 120 },
        growth: [
          { of: "accounts", count: 10, eventsPerSecond: 2_000 },
          { of: "accounts", count: 1_000, eventsPerSecond: 1_000 },
        ],
        latency: [
          { percentile: 50, ms: 500 },
          { percentile: 99, ms: 900 },
          { percentile: 100, ms: 950 },
        ],
        notes: ["postgres was left out."],
      },
    ],
    failures: [],
    machine: MACHINE,
    date: "2026-01-02",
    scale: 1,
    parameters: { partitions: 16 },
    ...parts,
  });
}

describe("rows of the report", () => {
  it("pair the runs of a round, and take the middle one", () => {
    const [worker, duckdb] = columnar;
    expect(worker).toMatchObject({
      eventsPerSecond: 2e6,
      slowest: 1e6,
      fastest: 4e6,
      cpuSecondsPerMillion: 2,
    });
    expect(worker?.workerRatio).toBeUndefined();
    // 10, 4 and 9 times.
    expect(duckdb?.workerRatio).toBe(9);
    expect(median([4, 1])).toBe(2.5);
  });

  it("compare growth round by round", () => {
    // 0.5, 0.9 and 0.1: the middle one, not the quotient of the medians.
    expect(pairedRatio([5, 9, 1], [10, 10, 10])).toBe(0.5);
    expect(pairedRatio([5, 9], [10, 3, 7])).toBe(1.75);
    expect(rowOfRuns("accounts", "few", [run("", 0.5), run("", 2)])).toMatchObject({
      runs: 2,
      eventsPerSecond: 1.25e6,
      workerRatio: undefined,
    });
  });
});

describe("the table of targets", () => {
  it("holds what was measured to its bounds, and says what was not", () => {
    const told = verdicts({
      rows: [...columnar, ...all],
      figures: { hotKeyBytes: 37.3, cellBytes: 151, accountGrowthRatio: 0.59, latencyP99Ms: 1_100 },
    });
    expect(Object.fromEntries([...told].filter(([, verdict]) => verdict !== "not measured"))).toEqual({
      "● columnar batches": "met",
      "● columnar batches, against duckdb": "met",
      "● columnar batches, against naive": "met",
      "columnar batches, beside duckdb-batch (for information)": "for information",
      "● cost growth, accounts: events/s at 1 M, of those at 10 k": "missed",
      "● memory: hot deduplication": "met",
      "● memory: open numeric cell": "missed",
      "● latency at half the maximum load: arrival → committed, p99": "met",
    });
    expect(told.get("● columnar batches, against postgres")).toBe("not measured");
  });

  it("takes a figure for met only at the load and the size that it is about", () => {
    const loop = "● event loop blocked at 1 M events/s, p99";
    expect(
      verdicts({ rows: [], figures: { loopDelayP99Ms: 20, loopRatePerSecond: 990_000 } }).get(loop),
    ).toBe("met");
    expect(
      verdicts({ rows: [], figures: { loopDelayP99Ms: 20, loopRatePerSecond: 900_000 } }).get(loop),
    ).toBe("missed");
    const recovery = "● recovery: 10 M keys and 1 M cells back";
    const whole = { restoreSeconds: 2.9, restoredKeys: 9_900_000, restoredCells: 1_000_000 };
    expect(verdicts({ rows: [], figures: whole }).get(recovery)).toBe("met");
    expect(verdicts({ rows: [], figures: { ...whole, restoreSeconds: 3.1 } }).get(recovery)).toBe("missed");
    expect(verdicts({ rows: [], figures: { ...whole, restoredCells: 10 } }).get(recovery)).toBe("missed");
  });

  it("wants half of the partitions to move where a second worker comes or goes, and snapshots of the last minute", () => {
    const join = "failover: partitions that move when a second worker comes";
    const death = "failover: partitions that move when one of two workers dies";
    const age = "failover: age of the newest snapshots at the kill";
    const told = (moved: number, ageSeconds: number): (string | undefined)[] => {
      const figures = {
        failoverPartitions: 16,
        failoverMovedByJoin: moved,
        failoverMovedByDeath: moved,
        failoverSnapshotAgeSeconds: ageSeconds,
      };
      const found = verdicts({ rows: [], figures });
      return [join, death, age].map((what) => found.get(what));
    };
    expect(told(8, 60)).toEqual(["met", "met", "met"]);
    expect(told(9, 60.1)).toEqual(["missed", "missed", "missed"]);
    expect(told(7, 0)).toEqual(["missed", "missed", "met"]);
    expect(verdicts({ rows: [], figures: { failoverMovedByJoin: 8 } }).get(join)).toBe("not measured");
  });
});

describe("floors of a smoke run", () => {
  it("find ratios below them, and those that are missing from scenarios that ran", () => {
    expect(floorFaults(all, ["columnar, small load"])).toEqual([]);
    expect(floorFaults(all, ["columnar, small load", "single events"])).toEqual([
      "single events: the worker is not measured × raw by processor time, the floor is 0.1 ×",
    ]);
    const slow = rowsOf(result("columnar, small load", { tributary: [0.5], raw: [0.4], naive: [0.5] }));
    expect(floorFaults(slow, ["columnar, small load"])).toEqual([
      "columnar, small load: the worker is 1.00 × naive by processor time, the floor is 1.2 ×",
    ]);
  });
});

describe("the report", () => {
  it("has everything that the scenarios say", () => {
    const whole = report();
    expect(whole).toMatchObject({
      isFull: true,
      figures: { latencyP99Ms: 900, cellBytes: 120 },
      hashes: { columnar: "ab".repeat(32) },
      parameters: { partitions: 16 },
    });
    const text = renderTables(whole);
    expect(text).toContain("| memory of an open numeric cell | 120 bytes |");
    expect(text).toContain("| columnar | duckdb | 200,000 | 111,111 – 1,000,000 | 9.00 × | 20.00 | 0 MiB |");
    expect(text).toContain("- columnar: all results have the hash abababababababab");
    expect(text).toContain("postgres was left out.");
  });

  it("tells no targets of a smoke run, and names the size of a scaled one", () => {
    expect(report({ scale: undefined }).targets).toEqual([]);
    const scaled = report({ scale: 0.1 });
    expect(scaled.isFull).toBe(false);
    expect(scaled.notes[0]).toContain("0.1 of those that the targets are about");
  });

  it("names a scenario that failed", () => {
    const text = renderTables(report({ failures: [{ scenario: "recovery", message: "no disk" }] }));
    expect(text).toContain("**The scenario “recovery” failed:** no disk");
  });

  it("draws what it has figures for", () => {
    const plots = plotsOf(report());
    expect([...plots.keys()]).toEqual(["throughput.svg", "growth.svg", "latency.svg"]);
    for (const svg of plots.values()) expect(svg).toMatch(/^<svg/u);
    expect(plots.get("throughput.svg")).toContain("duckdb");
    expect(plots.get("growth.svg")).toContain("accounts");
    expect([...plotsOf(report({ results: [{ rows: columnar }] })).keys()]).toEqual(["throughput.svg"]);
    expect([1, 10, 1_000].map(percentileLabel)).toEqual(["0", "90", "99.9"]);
  });
});
