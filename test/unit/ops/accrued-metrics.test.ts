import { expect, it } from "vitest";
import { WorkerMetrics, type PartitionSnapshot } from "../../../src/ops/metrics.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const SNAPSHOT: PartitionSnapshot = {
  state: "running",
  backlogMessages: 0,
  checkpointAgeMs: 0,
  watermarkMs: Number.NEGATIVE_INFINITY,
  dedupeKeys: 0,
  dedupeSealedKeys: 0,
  dedupeBytes: 0,
  windowCells: 0,
  unbilled: [],
  accrued: { totals: [{ currency: "EUR", amount: 14.25 }], ageMs: 2_500 },
  replayProgressRatio: 1,
  held: [],
  streams: { retention: [], regions: [], sources: [] },
  outbox: [],
};

it("the accrued value is the sum of all partitions, or not there, and its age that of each", async () => {
  const metrics = new WorkerMetrics({ clock: new ManualClock(), processMetrics: false });
  metrics.watchPartition(3, () => SNAPSHOT);
  metrics.watchPartition(4, () => ({ ...SNAPSHOT, accrued: undefined }));
  const partly = await metrics.scrape();
  expect(partly).not.toContain("tributary_accrued_value{");
  expect(partly).toContain('tributary_accrued_value_age_seconds{partition="3"} 2.5');
  metrics.watchPartition(4, () => SNAPSHOT);
  expect(await metrics.scrape()).toContain('tributary_accrued_value{currency="EUR"} 28.5');
  metrics.close();
});
