import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../../../src/model/clock.ts";
import { WorkerMetrics, type PartitionSnapshot } from "../../../src/ops/metrics.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const SNAPSHOT: PartitionSnapshot = {
  state: "running",
  backlogMessages: 7,
  checkpointAgeMs: 1_500,
  watermarkMs: NOW_MS - 90_000,
  dedupeKeys: 100,
  dedupeSealedKeys: 60,
  dedupeBytes: 4_000,
  windowCells: 12,
  unbilled: [{ currency: "EUR", amount: 12.5 }],
  accrued: { totals: [{ currency: "EUR", amount: 14.25 }], ageMs: 2_500 },
  replayProgressRatio: 0.5,
  held: [],
  streams: { retention: [], regions: [], sources: [] },
  outbox: [{ sink: "rated", pending: 3 }],
};

let nowMs = NOW_MS;
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  schedule: () => () => undefined,
  yieldTurn: () => Promise.resolve(),
};

let metrics: WorkerMetrics;
beforeEach(() => {
  nowMs = NOW_MS;
  metrics = new WorkerMetrics({ clock, processMetrics: false });
});
afterEach(() => {
  metrics.close();
});

/** Samples of a scrape by name and labels. */
async function samples(): Promise<Map<string, number>> {
  const lines = (await metrics.scrape()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space).replace("tributary_", ""), Number(line.slice(space + 1))];
    }),
  );
}

test("the gauges of a partition go with it, its counters stay", async () => {
  metrics.watchPartition(0, () => SNAPSHOT);
  metrics.watchPartition(1, () => SNAPSHOT);
  metrics.partitionFailed(0, "broker-full");
  expect(
    [...(await samples()).keys()].filter((name) => name.includes('partition="0"')).length,
  ).toBeGreaterThan(5);
  await metrics.forgetPartition(0);
  const after = await samples();
  expect([...after.keys()].filter((name) => name.includes('partition="0"'))).toEqual([
    'partition_faults_total{partition="0",reason="broker-full"}',
  ]);
  expect(after.get('backlog_events{partition="1"}')).toBe(7);
  expect(after.get('unbilled_value{currency="EUR"}')).toBe(12.5);
  await metrics.forgetPartition(1);
  // No sum is left of partitions that are elsewhere.
  expect([...(await samples()).keys()].filter((name) => /^(unbilled|accrued)_value/.test(name))).toEqual([]);
});
