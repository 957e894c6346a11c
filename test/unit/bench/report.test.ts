import { describe, expect, it } from "vitest";
import type { Measurement } from "../../../bench/harness/measurement.ts";
import { hashOfCells, hourStart, numberIn } from "../../../bench/harness/sums.ts";
import { throughputPlot } from "../../../bench/report/plots.ts";
import { rowsOf } from "../../../bench/report/report.ts";
import { floorFaults } from "../../../bench/report/smoke-floors.ts";
import { median } from "../../../bench/report/statistics.ts";
import { targetRows } from "../../../bench/report/targets.ts";
import { loadShape, type ThroughputResult } from "../../../bench/scenarios/throughput.ts";
import { expectedTotals } from "../../../src/load/expected-totals.ts";

function run(contender: string, seconds: number, notes: Measurement["notes"] = {}): Measurement {
  return {
    contender,
    events: 1_000_000,
    seconds,
    cpuSeconds: 2,
    peakRssBytes: 1_000,
    result: undefined,
    notes,
  };
}

function result(name: string, runs: Readonly<Record<string, readonly Measurement[]>>): ThroughputResult {
  return {
    name,
    form: "columnar",
    shape: loadShape(1_000_000, 10),
    batchSize: 1_000,
    partitionCount: 16,
    hash: "00",
    publishedPerSecond: 1,
    contenders: Object.entries(runs).map(([contender, list]) => ({ contender, runs: list })),
    skipped: [],
  };
}

const KEYS = { dedupeKeys: 1_000, dedupeBytes: 37_000 };

describe("the report", () => {
  const columnar = result("columnar", {
    tributary: [run("tributary", 0.5, KEYS), run("tributary", 0.25, KEYS), run("tributary", 1, KEYS)],
    naive: [run("naive", 5), run("naive", 1), run("naive", 9)],
  });

  it("pairs the runs of a round, and takes the middle one", () => {
    const [worker, naive] = rowsOf(columnar);
    expect(worker).toMatchObject({
      eventsPerSecond: 2e6,
      slowest: 1e6,
      fastest: 4e6,
      cpuSecondsPerMillion: 2,
    });
    expect(worker?.workerRatio).toBeUndefined();
    // 10, 4 and 9 times.
    expect(naive?.workerRatio).toBe(9);
    expect(median([4, 1])).toBe(2.5);
  });

  it("holds what was measured to the targets, and says what was not", () => {
    const targets = targetRows(rowsOf(columnar), [columnar]);
    const verdict = (what: string) => targets.find((row) => row.what === what)?.verdict;
    expect(verdict("● columnar batches")).toBe("met");
    expect(verdict("● columnar batches, against naive")).toBe("met");
    expect(verdict("● columnar batches, against postgres")).toBe("not measured");
    expect(verdict("● memory: hot deduplication")).toBe("met");
    const slow = result("columnar", {
      tributary: [run("tributary", 0.6, { ...KEYS, dedupeBytes: 50_000 })],
      naive: [run("naive", 0.7)],
    });
    const missed = targetRows(rowsOf(slow), [slow])
      .filter((row) => row.verdict === "missed")
      .map(({ what }) => what);
    expect(missed).toEqual([
      "● columnar batches",
      "● columnar batches, against naive",
      "● memory: hot deduplication",
    ]);
  });

  it("finds ratios below their floor, and those that are missing", () => {
    expect(floorFaults(rowsOf(columnar))).toEqual([
      "single events: the worker is not measured × raw, the floor is 0.1 ×",
      "columnar: the worker is not measured × raw, the floor is 0.05 ×",
    ]);
  });

  it("draws a bar for each figure", () => {
    const svg = throughputPlot(rowsOf(columnar));
    expect(svg).toMatch(/^<svg/u);
    expect(svg).toContain("tributary");
    expect(svg).toContain("naive");
  });
});

describe("totals of contenders", () => {
  it("have the hash of the load whatever their order, and another where one differs", () => {
    const shape = { ...loadShape(2_000, 7), startMs: 1_760_000_000_000 };
    const expected = expectedTotals(shape);
    const cells = [...expected.cells()].reverse();
    expect(hashOfCells([...cells])).toBe(expected.hash);
    const changed = cells.map((cell, index) => (index === 3 ? { ...cell, sum: cell.sum + 1 } : cell));
    expect(hashOfCells(changed)).not.toBe(expected.hash);
  });

  it("read names and hours", () => {
    expect(numberIn("load.meter_12")).toBe(12);
    expect(hourStart(3_600_000 * 5 + 1)).toBe(3_600_000 * 5);
  });
});
