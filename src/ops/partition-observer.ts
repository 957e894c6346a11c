import { UNDECODABLE_REASONS } from "../model/event-batch.ts";
import { Outcome, REASONS } from "../model/outcome.ts";
import type { Alert, ExceptionRecord, RegionCounts } from "../model/outputs.ts";
import type { CheckpointChanges, PartitionStore } from "../model/store.ts";
import type { PipelineObserver } from "../pipeline/pipeline-options.ts";
import { ArrivalAges } from "./arrival-ages.ts";
import { OTHER_LABEL } from "./bounded-label.ts";
import type { WaitingFigures, WorkerMetrics } from "./metrics.ts";

/** Outcomes that only ever grow; `parked` shrinks when an event leaves parking. */
const GROWING_OUTCOMES = ["accepted", "duplicate", "conflicting", "rejected", "misrouted"] as const;

const NO_COUNTS = { accepted: 0, duplicate: 0, conflicting: 0, rejected: 0, misrouted: 0, read: 0, late: 0 };

/** What stood in the state before this process: counters start behind it. */
export type ObserverBaseline = Pick<PartitionStore, "load" | "parked" | "exceptions">;

/**
 * Feeds the metrics of one partition from its checkpoints. Made once a partition, before its pipeline starts; it goes
 * on when the pipeline starts again, since a checkpoint holds absolute counts.
 */
export function createPartitionObserver(
  metrics: WorkerMetrics,
  partition: number,
  baseline: ObserverBaseline,
): PipelineObserver {
  const { set } = metrics;
  const stored = baseline.load();
  const differences = new CountDifferences(stored?.regionCounts ?? []);
  const ages = new ArrivalAges();
  const waiting: WaitingFigures = {
    parkedEvents: baseline.parked().length,
    exceptions: new Map(),
    outcomeGap: 0,
  };
  addExceptions(waiting, baseline.exceptions());
  metrics.watchWaiting(partition, waiting);
  let counted = stored?.messageCounts ?? { messages: 0, undecodable: 0, probes: 0 };

  return {
    processed(messages, elapsedMs) {
      set.batches.inc({ partition });
      set.batchSeconds.observe(elapsedMs / 1000);
      ages.add(messages, metrics.clock.nowMs());
    },
    committed(changes, elapsedMs) {
      set.checkpointSeconds.observe(elapsedMs / 1000);
      const read = differences.take(metrics, partition, changes);
      ages.take(read, metrics.clock.nowMs(), (ageMs, events) => {
        set.eventLatencySeconds.observeWeighted(ageMs / 1000, events);
      });
      set.messages.inc({ partition }, Math.max(0, changes.messageCounts.messages - counted.messages));
      if (changes.messageCounts.undecodable > counted.undecodable) {
        countUndecodable(metrics, partition, changes);
      }
      counted = changes.messageCounts;
      countOutcomes(metrics, changes);
      countOutbox(metrics, partition, changes);
      waiting.parkedEvents += changes.parkedAdded.length - changes.parkedRemoved.length;
      waiting.outcomeGap = outcomeGap(changes.regionCounts);
      addExceptions(waiting, changes.exceptionsAdded);
    },
    decided(record) {
      set.controlRecords.inc({ partition, kind: record.kind });
    },
  };
}

/** Counter increments out of absolute counts. */
class CountDifferences {
  readonly #before = new Map<string, Omit<RegionCounts, "region" | "parked">>();

  constructor(counts: readonly RegionCounts[]) {
    for (const region of counts) this.#before.set(region.region, region);
  }

  /** Feeds the counters; returns how many events were read since the last call. */
  take(metrics: WorkerMetrics, partition: number, changes: CheckpointChanges): number {
    const { set, regions } = metrics;
    let read = 0;
    for (const now of changes.regionCounts) {
      const region = regions.of(now.region);
      const before = this.#before.get(now.region) ?? NO_COUNTS;
      for (const outcome of GROWING_OUTCOMES) {
        const added = now[outcome] - before[outcome];
        if (added > 0) set.events.inc({ partition, region, outcome }, added);
      }
      if (now.late > before.late) set.lateEvents.inc({ partition, region }, now.late - before.late);
      read += Math.max(0, now.read - before.read);
      this.#before.set(now.region, now);
    }
    for (const event of changes.parkedAdded) {
      set.events.inc({ partition, region: regions.of(event.region), outcome: "parked" });
    }
    return read;
  }
}

function countOutcomes(metrics: WorkerMetrics, changes: CheckpointChanges): void {
  const { set } = metrics;
  const failures = new Map<number, { failed: number; rejected: number }>();
  for (const { outcome, reason } of changes.eventOutcomes) {
    if (outcome === Outcome.accepted || outcome === Outcome.duplicate) continue;
    let count = failures.get(reason);
    if (count === undefined) failures.set(reason, (count = { failed: 0, rejected: 0 }));
    count.failed++;
    if (outcome === Outcome.rejected) count.rejected++;
  }
  for (const [code, { failed, rejected }] of failures) {
    const known = REASONS[code];
    const labels = { stage: known?.stage ?? OTHER_LABEL, reason: known?.name ?? OTHER_LABEL };
    set.transformFailures.inc(labels, failed);
    // Every rejected event is a dead letter.
    if (rejected > 0) set.deadLetters.inc(labels, rejected);
  }
}

const ALERT_KINDS: readonly Alert["kind"][] = ["commitment", "credits"];

const UNDECODABLE: ReadonlySet<string> = new Set(UNDECODABLE_REASONS);
const REASON_NAMES: ReadonlySet<string> = new Set(REASONS.map(({ name }) => name));
const REASON_FIELD = /"reason":"([a-z-]{1,40})"/;

/** Messages without events are known by their dead letters, which have the place −1. */
function countUndecodable(metrics: WorkerMetrics, partition: number, changes: CheckpointChanges): void {
  const { set } = metrics;
  for (const { channel, body } of changes.outbox) {
    // Not parsed: a body holds the whole message. In flat JSON these texts stand nowhere but at the top level, since
    // a quote inside a value is escaped.
    if (channel !== "dead-letter" || !body.startsWith(`{"stage":"decode"`) || !body.includes(`"index":-1`))
      continue;
    const found = REASON_FIELD.exec(body)?.[1] ?? "";
    const reason = UNDECODABLE.has(found) ? found : OTHER_LABEL;
    set.undecodableMessages.inc({ partition, reason });
    set.transformFailures.inc({ stage: "decode", reason });
    set.deadLetters.inc({ stage: "decode", reason });
  }
}

/** A manifest that does not count is a dead letter without an event. */
function countRefusedMessage({ set }: WorkerMetrics, body: string): void {
  if (!body.startsWith(`{"stage":"deduplicate"`) || !body.includes(`"index":-1`)) return;
  const found = REASON_FIELD.exec(body)?.[1] ?? "";
  const labels = { stage: "deduplicate", reason: REASON_NAMES.has(found) ? found : OTHER_LABEL };
  set.transformFailures.inc(labels);
  set.deadLetters.inc(labels);
}

function countOutbox(metrics: WorkerMetrics, partition: number, changes: CheckpointChanges): void {
  const channels = new Map<string, number>();
  for (const { channel, body } of changes.outbox) {
    if (channel === "dead-letter") countRefusedMessage(metrics, body);
    if (channel !== "alert") continue;
    // The kind is the first member; the rest of the body is of no use here.
    const kind = ALERT_KINDS.find((each) => body.startsWith(`{"kind":"${each}"`));
    metrics.set.alerts.inc({ kind: kind ?? OTHER_LABEL });
  }
  for (const { channel } of changes.outbox) channels.set(channel, (channels.get(channel) ?? 0) + 1);
  for (const [channel, count] of channels) metrics.set.outboxEntries.inc({ partition, channel }, count);
}

function outcomeGap(counts: readonly RegionCounts[]): number {
  return counts.reduce((gap, region) => {
    const outcomes = GROWING_OUTCOMES.reduce((sum, outcome) => sum + region[outcome], region.parked);
    return gap + Math.abs(region.read - outcomes);
  }, 0);
}

function addExceptions(waiting: WaitingFigures, records: readonly ExceptionRecord[]): void {
  for (const { stage, sinceMs } of records) {
    const known = waiting.exceptions.get(stage);
    waiting.exceptions.set(stage, {
      count: (known?.count ?? 0) + 1,
      oldestMs: Math.min(known?.oldestMs ?? Infinity, sinceMs),
    });
  }
}
