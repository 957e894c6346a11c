import { expect, it } from "vitest";
import { WorkerMetrics } from "../../../src/ops/metrics.ts";
import { createPartitionObserver } from "../../../src/ops/partition-observer.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { NO_CHANGES } from "./checkpoint-fixture.ts";

const NOTHING_STORED = { load: () => undefined, parked: () => [], exceptions: () => [] };

it("shows producers and what is missing of them, once the state is open", async () => {
  const metrics = new WorkerMetrics({ clock: new ManualClock(), processMetrics: false });
  const snapshot = {
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
    streams: { retention: [], regions: [], sources: [] },
    replayProgressRatio: 1,
    outbox: [],
  } as const;
  metrics.watchPartition(1, () => snapshot);
  const numbered = { producers: 4, missingBatches: 3, missingEvents: 250 };
  metrics.watchPartition(2, () => ({ ...snapshot, numbered }));
  const text = await metrics.scrape();
  for (const [name, value] of Object.entries({ producers: 4, missing_batches: 3, missing_events: 250 })) {
    expect(text).toContain(`tributary_${name}{partition="2"} ${value}`);
    expect(text).not.toContain(`tributary_${name}{partition="1"}`);
  }
  metrics.close();
});

it("counts a manifest that was refused as a dead letter of its reason", async () => {
  const metrics = new WorkerMetrics({ clock: new ManualClock(), processMetrics: false });
  const observer = createPartitionObserver(metrics, 0, NOTHING_STORED);
  const letter = (index: number, reason: string): string =>
    JSON.stringify({ stage: "deduplicate", reason, index, event: JSON.stringify({ index: -1 }) });
  observer.committed(
    {
      ...NO_CHANGES,
      outbox: [
        { channel: "dead-letter", ordinal: 1, body: letter(-1, "epoch-fenced") },
        // An event: counted with its outcome.
        { channel: "dead-letter", ordinal: 2, body: letter(0, "epoch-fenced") },
        { channel: "dead-letter", ordinal: 3, body: letter(-1, "made-up") },
      ],
    },
    1,
  );
  const text = await metrics.scrape();
  expect(text).toContain('tributary_dead_letters_total{stage="deduplicate",reason="epoch-fenced"} 1');
  expect(text).toContain('tributary_dead_letters_total{stage="deduplicate",reason="other"} 1');
  expect(text).toContain('tributary_transform_failures_total{stage="deduplicate",reason="epoch-fenced"} 1');
  metrics.close();
});
