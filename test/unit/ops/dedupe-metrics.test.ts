import { expect, it } from "vitest";
import { WorkerMetrics, type PartitionSnapshot } from "../../../src/ops/metrics.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const SNAPSHOT: PartitionSnapshot = {
  state: "running",
  backlogMessages: 0,
  checkpointAgeMs: 0,
  watermarkMs: Number.NEGATIVE_INFINITY,
  dedupeKeys: 100,
  dedupeSealedKeys: 60,
  dedupeBytes: 4_000,
  windowCells: 0,
  unbilled: [],
  accrued: undefined,
  held: [],
  streams: { retention: [], regions: [], sources: [] },
  replayProgressRatio: 1,
  outbox: [],
};

it("a partition tells its remembered keys, the sealed ones among them, and what they cost", async () => {
  const metrics = new WorkerMetrics({ clock: new ManualClock(), processMetrics: false });
  metrics.watchPartition(3, () => SNAPSHOT);
  const text = await metrics.scrape();
  expect(text).toContain('tributary_dedupe_keys{partition="3"} 100');
  expect(text).toContain('tributary_dedupe_sealed_keys{partition="3"} 60');
  expect(text).toContain('tributary_dedupe_bytes{partition="3"} 4000');
  expect(text).toContain("# TYPE tributary_dedupe_sealed_keys gauge");
  metrics.close();
});
