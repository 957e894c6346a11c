import { describe, expect, it } from "vitest";
import { LatencyRecorder } from "../../../bench/harness/latency-recorder.ts";
import { WrongResult } from "../../../bench/harness/sums.ts";
import { runScenarios } from "../../../bench/run-scenarios.ts";
import { BacklogMemory } from "../../../bench/scenarios/backlog-memory.ts";
import { cellMemory } from "../../../bench/scenarios/cell-memory.ts";
import { rating } from "../../../bench/scenarios/rating.ts";
import { SCENARIOS } from "../../../bench/scenarios/scenarios.ts";
import type { Scenario, ScenarioContext } from "../../../bench/scenarios/scenario.ts";
import { committedEvents, metricLabelled, sumOfMetric } from "../../../bench/worker/metrics-text.ts";

const CONTEXT: ScenarioContext = {
  isSmoke: true,
  rounds: 1,
  scale: 1,
  partitions: 1,
  onProgress: () => undefined,
};

it("has a short form of what is measured in seconds", () => {
  expect(SCENARIOS.filter(({ isInSmoke }) => isInSmoke).map(({ name }) => name)).toEqual([
    "cells",
    "rating",
    "single events",
    "columnar, numbered batches",
    "columnar, small load",
    "live load",
    "remembered keys",
  ]);
});

describe("latencies", () => {
  it("are counted from when a message was due, once an event, at the commit that has it", () => {
    const recorder = new LatencyRecorder(2);
    recorder.published({ partition: 0, sequence: 1, events: 98, dueMs: 1_000 });
    recorder.published({ partition: 0, sequence: 2, events: 1, dueMs: 1_050 });
    recorder.published({ partition: 1, sequence: 1, events: 1, dueMs: 1_100 });
    recorder.committed(0, 0, 1_060);
    expect(recorder.events).toBe(0);
    recorder.committed(0, 1, 1_100);
    expect(recorder.pendingPartitions).toEqual([0, 1]);
    recorder.committed(0, 2, 1_250);
    // Positions are looked at again and again.
    recorder.committed(0, 2, 9_000);
    recorder.committed(1, 5, 1_600);
    expect([recorder.events, recorder.waitingEvents]).toEqual([100, 0]);
    expect(recorder.pendingPartitions).toEqual([]);
    const at = (percentile: number): number => Math.round(recorder.percentileMs(percentile));
    expect([at(50), at(98), at(99), at(100)]).toEqual([100, 100, 200, 500]);
    expect(recorder.curve().at(-1)).toMatchObject({ percentile: 100 });
  });
});

describe("memory under a backlog", () => {
  const sample = (events: number, resident: number, keys: number): string =>
    `tributary_events_total{partition="0"} ${events}\nprocess_resident_memory_bytes ${resident}\n` +
    `tributary_dedupe_bytes{partition="0"} ${keys}\n`;

  it("is what the last third has more than the first, without the keys", () => {
    const memory = new BacklogMemory();
    const mib = 2 ** 20;
    memory.look(sample(0, 900 * mib, 0));
    memory.look(sample(10, 100 * mib, 10 * mib));
    memory.look(sample(30, 120 * mib, 20 * mib));
    memory.look(sample(50, 500 * mib, 30 * mib));
    memory.look(sample(90, 180 * mib, 60 * mib));
    expect(memory.figures(90)).toEqual({ backlogGrowthMiB: 20, backlogEvents: 90 });
  });

  it("is not told where a third was not looked at", () => {
    const memory = new BacklogMemory();
    memory.look(sample(10, 100, 0));
    expect(memory.figures(90)).toEqual({});
  });
});

describe("a worker's metrics", () => {
  const text =
    'tributary_events_total{partition="0",outcome="accepted"} 5\ntributary_events_total{partition="1",outcome="duplicate"} 2\n' +
    'tributary_events_total_other 100\nloop{quantile="0.99"} 0.025\nloop{quantile="1"} 0.5\n';

  it("are summed over labels, or taken by one", () => {
    expect(committedEvents(text)).toBe(7);
    expect(sumOfMetric(text, "absent")).toBe(0);
    expect(metricLabelled(text, "loop", 'quantile="1"')).toBe(0.5);
  });
});

describe("scenarios", () => {
  const failing = (name: string, error: Error): Scenario => ({
    name,
    isInSmoke: true,
    run: () => Promise.reject(error),
  });

  it("go on behind one that fails, which is named", async () => {
    const runs = await runScenarios(
      [failing("first", new Error("no disk")), cellMemory, failing("last", new WrongResult("a sum"))],
      CONTEXT,
    );
    expect(runs.done).toEqual(["cells"]);
    expect(runs.failures).toEqual([
      { scenario: "first", message: "no disk" },
      { scenario: "last", message: "wrong result: a sum" },
    ]);
    expect(runs.hasWrongResult).toBe(true);
  });

  it("have names of their own", () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  it("measure cells and rating without a broker", async () => {
    const { figures: { cellBytes = 0 } = {} } = await cellMemory.run(CONTEXT);
    // A cell has eight doubles and its entry of the index, at least.
    expect(cellBytes).toBeGreaterThan(64);
    expect(cellBytes).toBeLessThan(300);
    const rated = await rating.run({ ...CONTEXT });
    expect(rated.figures?.ratingGraduated).toBeGreaterThan(0);
    expect(Object.keys(rated.hashes ?? {})).toHaveLength(4);
  });
});
