import { expect, it } from "vitest";
import { WorkerMetrics, type PartitionSnapshot } from "../../../src/ops/metrics.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const BASE: PartitionSnapshot = {
  state: "running",
  backlogMessages: 0,
  checkpointAgeMs: 0,
  watermarkMs: Number.NEGATIVE_INFINITY,
  dedupeKeys: 0,
  dedupeSealedKeys: 0,
  dedupeBytes: 0,
  windowCells: 0,
  unbilled: [],
  accrued: undefined,
  held: [],
  replayProgressRatio: 1,
  outbox: [],
  streams: { retention: [], regions: [], sources: [] },
};

it("shows margins and regions, and forgets a limit that was taken away", async () => {
  const clock = new ManualClock();
  const metrics = new WorkerMetrics({ clock, processMetrics: false });
  let streams: PartitionSnapshot["streams"] = {
    retention: [
      {
        log: "usage",
        margin: { stream: "USAGE_2", messages: undefined, bytes: 5_000, seconds: 60, usedRatio: 0.75 },
      },
    ],
    regions: [
      { region: "eu", watermarkMs: clock.nowMs() - 90_000, idle: false },
      { region: "us", watermarkMs: Number.NEGATIVE_INFINITY, idle: true },
    ],
    sources: [{ region: "eu", lagMessages: 7, reachable: false }],
  };
  metrics.watchPartition(2, () => ({ ...BASE, streams }));
  const lines = (await metrics.scrape()).split("\n").filter((line) => /_(retention|region)_/.test(line));
  expect(lines.filter((line) => !line.startsWith("#"))).toEqual([
    'tributary_retention_used_ratio{partition="2",log="usage"} 0.75',
    'tributary_retention_margin_seconds{partition="2",log="usage"} 60',
    'tributary_retention_margin_bytes{partition="2",log="usage"} 5000',
    'tributary_region_watermark_lag_seconds{partition="2",region="eu"} 90',
    'tributary_region_idle{partition="2",region="eu"} 0',
    'tributary_region_idle{partition="2",region="us"} 1',
    'tributary_region_source_lag_messages{partition="2",region="eu"} 7',
    'tributary_region_source_reachable{partition="2",region="eu"} 0',
  ]);
  streams = BASE.streams;
  expect(await metrics.scrape()).not.toMatch(/_(retention|region)_\w+\{/);
  metrics.close();
});
