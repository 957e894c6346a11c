import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Clock } from "../model/clock.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { PipelineState } from "../pipeline/pipeline-options.ts";
import type { PostingSnapshot } from "../sinks/posting/posting-runner.ts";
import { BoundedLabel } from "./bounded-label.ts";
import type { MetricData } from "./merged-metrics.ts";
import { EventLoopDelay } from "./event-loop-delay.ts";
import { defineMetrics, METRIC_PREFIX, type MetricSet } from "./metric-definitions.ts";
import { definePostingMetrics, type PostingMetricSet, refreshPostings } from "./posting-metrics.ts";
import {
  defineStreamMetrics,
  refreshStreams,
  resetStreams,
  type StreamMetricSet,
  type StreamSnapshot,
} from "./stream-metrics.ts";
import { WORKER_STATES, type WorkerState } from "./worker-lifecycle.ts";

/** Regions with a label of their own; a business has a handful of regions. */
export const MAX_REGIONS = 64;

const PARTITION_STATES: readonly PipelineState[] = ["starting", "running", "draining", "stopped", "failed"];

/** What a partition tells when metrics are scraped. */
export interface PartitionSnapshot {
  readonly state: PipelineState;
  readonly backlogMessages: number;
  readonly checkpointAgeMs: number;
  /** Milliseconds since the epoch; not finite before the first event. */
  readonly watermarkMs: number;
  readonly dedupeKeys: number;
  readonly dedupeSealedKeys: number;
  readonly dedupeBytes: number;
  /** Of producers of numbered batches; absent before the state is open. */
  readonly numbered?: {
    readonly producers: number;
    readonly missingBatches: number;
    readonly missingEvents: number;
  };
  readonly windowCells: number;
  /** 0 … 1: share of the messages stored at the start that are processed. */
  readonly replayProgressRatio: number;
  /** Rated and not invoiced, in currency units: for people and alerts, as a float; books are kept elsewhere. */
  readonly unbilled: readonly { readonly currency: string; readonly amount: number }[];
  /** The same with open hours, and how old it is at most; undefined before the first rotation has ended. */
  readonly accrued:
    | {
        readonly totals: readonly { readonly currency: string; readonly amount: number }[];
        readonly ageMs: number;
      }
    | undefined;
  readonly outbox: readonly { readonly sink: string; readonly pending: number }[];
  /** Documents that wait for their tax; `oldestMs` is the date of issue of the oldest, milliseconds since the epoch. */
  readonly held: readonly { readonly reason: string; readonly count: number; readonly oldestMs: number }[];
  readonly streams: StreamSnapshot;
}

/** What is committed and waits for somebody; kept by the partition's observer. */
export interface WaitingFigures {
  parkedEvents: number;
  /** By stage: how many, and since when the oldest (milliseconds since the epoch). */
  readonly exceptions: Map<string, { count: number; oldestMs: number }>;
  /** Events read less the sum of their outcomes: 0, or something was lost or counted twice. */
  outcomeGap: number;
}

/** The metrics of a worker, in a registry of its own. Counters are fed once a batch or commit, gauges at each scrape. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly set: MetricSet;
  readonly postings: PostingMetricSet;
  readonly streams: StreamMetricSet;
  readonly clock: Clock;
  readonly regions = new BoundedLabel(MAX_REGIONS);
  readonly #partitions = new Map<number, () => PartitionSnapshot>();
  readonly #waiting = new Map<number, WaitingFigures>();
  readonly #snapshotsMs = new Map<number, number>();
  readonly #eventLoopDelay = new EventLoopDelay();
  #postings: () => readonly PostingSnapshot[] = () => [];

  /** @param options.processMetrics the usual `process_…` and `nodejs_…` metrics as well; true by default */
  constructor(options: { readonly clock: Clock; readonly processMetrics?: boolean }) {
    this.clock = options.clock;
    this.set = defineMetrics(this.registry);
    this.postings = definePostingMetrics(this.registry, METRIC_PREFIX);
    this.streams = defineStreamMetrics(this.registry, METRIC_PREFIX);
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Asks a partition at each scrape. */
  watchPartition(partition: number, snapshot: () => PartitionSnapshot): void {
    this.#partitions.set(partition, snapshot);
  }

  /** A partition runs in this process no more: it is not asked, and its gauges go. Its counters stay, since what they counted was counted here. */
  async forgetPartition(partition: number): Promise<void> {
    this.#partitions.delete(partition);
    this.#waiting.delete(partition);
    for (const metric of this.registry.getMetricsAsArray())
      if (metric instanceof Gauge) {
        const { values } = await metric.get();
        for (const { labels } of values)
          if (Number(Reflect.get(labels, "partition")) === partition) metric.remove(labels);
      }
  }

  /** Asks the ERP connections of the process at each scrape. */
  watchPostings(snapshots: () => readonly PostingSnapshot[]): void {
    this.#postings = snapshots;
  }

  /** A request to an ERP has ended. */
  erpAsked(sink: string, operation: string, outcome: string, elapsedMs: number): void {
    this.postings.requests.inc({ sink, operation, outcome });
    this.postings.requestSeconds.observe({ sink }, elapsedMs / 1000);
  }

  /** Requests to the webhooks port; `outcome` is a fixed word. */
  erpNotified(sink: string, outcome: string, count: number): void {
    this.postings.notifications.inc({ sink, outcome }, count);
  }

  /** Figures that the partition's observer changes at each commit. */
  watchWaiting(partition: number, figures: WaitingFigures): void {
    this.#waiting.set(partition, figures);
  }

  /** A delivery failed and will be tried again. */
  sinkFailed(sink: string, reason: ErrorCode): void {
    this.set.sinkFailures.inc({ sink, reason });
  }

  /** A request to the tax service has ended. */
  taxAsked(operation: string, outcome: string, elapsedMs: number): void {
    this.set.taxRequests.inc({ operation, outcome });
    this.set.taxRequestSeconds.observe(elapsedMs / 1000);
  }

  /** A partition stopped with a fault. */
  partitionFailed(partition: number, reason: ErrorCode): void {
    this.set.partitionFaults.inc({ partition, reason });
  }

  /** A partition came by a lease, or left; `owned` are here now. */
  partitionMoved(move: string, owned: number): void {
    this.set.partitionMoves.inc({ kind: move });
    this.set.partitionsOwned.set(owned);
  }

  partitionAdopted(source: string, elapsedMs: number): void {
    this.set.adoptions.inc({ kind: source });
    this.set.adoptionSeconds.observe(elapsedMs / 1000);
  }

  /** @param atMs monotonic time of the state that it is of */
  snapshotTaken(partition: number, atMs: number, storedBytes: number): void {
    this.#snapshotsMs.set(partition, atMs);
    this.set.snapshots.inc();
    this.set.snapshotBytes.inc(storedBytes);
  }

  snapshotFailed(reason: ErrorCode): void {
    this.set.snapshotFailures.inc({ reason });
  }

  /** The partition is elsewhere from now on. */
  snapshotForgotten(partition: number): void {
    this.#snapshotsMs.delete(partition);
    this.set.snapshotAgeSeconds.remove({ partition });
  }

  setBrokerConnected(connected: boolean): void {
    this.set.brokerConnected.set(connected ? 1 : 0);
  }

  setWorkerState(current: WorkerState): void {
    for (const state of WORKER_STATES) this.set.workerState.set({ state }, state === current ? 1 : 0);
  }

  /** The metrics in Prometheus' text form. */
  async scrape(): Promise<string> {
    this.#refresh();
    return this.registry.metrics();
  }

  /** The same as data, for `mergeMetrics`. */
  async scrapeAsData(): Promise<readonly MetricData[]> {
    this.#refresh();
    return this.registry.getMetricsAsJSON();
  }

  /** A thread that ran partitions has ended: until it is back, nobody else tells of them. */
  partitionLost(partition: number): void {
    for (const state of PARTITION_STATES)
      this.set.partitionState.set({ partition, state }, state === "failed" ? 1 : 0);
  }

  partitionFound(partition: number): void {
    for (const state of PARTITION_STATES) this.set.partitionState.remove({ partition, state });
  }

  /** Stops measuring. */
  close(): void {
    this.#eventLoopDelay.stop();
    this.registry.clear();
  }

  #refresh(): void {
    for (const { quantile, seconds } of this.#eventLoopDelay.take()) {
      this.set.eventLoopDelaySeconds.set({ quantile }, seconds);
    }
    const unbilled = new Map<string, number>();
    const accrued = new Map<string, number>();
    const oldestHeld = new Map<string, number>();
    let isAccruedWhole = true;
    this.set.documentsHeld.reset();
    resetStreams(this.streams);
    for (const [partition, read] of this.#partitions) {
      const snapshot = this.#readPartition(partition, read);
      isAccruedWhole &&= snapshot?.accrued !== undefined;
      if (snapshot === undefined) continue;
      this.#refreshPartition(partition, snapshot);
      addAmounts(unbilled, snapshot.unbilled);
      addAmounts(accrued, snapshot.accrued?.totals ?? []);
      for (const { reason, count, oldestMs } of snapshot.held) {
        this.set.documentsHeld.set({ partition, reason }, count);
        oldestHeld.set(reason, Math.min(oldestHeld.get(reason) ?? Infinity, oldestMs));
      }
    }
    this.set.heldDocumentAgeSeconds.reset();
    for (const [reason, oldestMs] of oldestHeld)
      this.set.heldDocumentAgeSeconds.set({ reason }, Math.max(0, this.clock.nowMs() - oldestMs) / 1000);
    // Of a partition that went elsewhere nothing must be left.
    this.set.unbilledValue.reset();
    for (const [currency, amount] of unbilled) this.set.unbilledValue.set({ currency }, amount);
    // A sum without some of the partitions would look like a loss.
    if (isAccruedWhole) {
      this.set.accruedValue.reset();
      for (const [currency, amount] of accrued) this.set.accruedValue.set({ currency }, amount);
    }
    for (const [partition, atMs] of this.#snapshotsMs)
      this.set.snapshotAgeSeconds.set({ partition }, (this.clock.monotonicMs() - atMs) / 1000);
    this.#refreshWaiting();
    refreshPostings(this.postings, this.#postings());
  }

  #readPartition(partition: number, read: () => PartitionSnapshot): PartitionSnapshot | undefined {
    try {
      return read();
    } catch {
      // One partition that can't be read must not hide the others.
      this.set.scrapeFailures.inc({ partition });
      return undefined;
    }
  }

  #refreshPartition(partition: number, snapshot: PartitionSnapshot): void {
    const { set } = this;
    for (const state of PARTITION_STATES) {
      set.partitionState.set({ partition, state }, state === snapshot.state ? 1 : 0);
    }
    set.backlogEvents.set({ partition }, snapshot.backlogMessages);
    set.checkpointAgeSeconds.set({ partition }, snapshot.checkpointAgeMs / 1000);
    if (Number.isFinite(snapshot.watermarkMs)) {
      set.watermarkLagSeconds.set({ partition }, (this.clock.nowMs() - snapshot.watermarkMs) / 1000);
    }
    set.dedupeKeys.set({ partition }, snapshot.dedupeKeys);
    set.dedupeSealedKeys.set({ partition }, snapshot.dedupeSealedKeys);
    set.dedupeBytes.set({ partition }, snapshot.dedupeBytes);
    if (snapshot.numbered !== undefined) {
      set.producers.set({ partition }, snapshot.numbered.producers);
      set.missingBatches.set({ partition }, snapshot.numbered.missingBatches);
      set.missingEvents.set({ partition }, snapshot.numbered.missingEvents);
    }
    set.windowCells.set({ partition }, snapshot.windowCells);
    set.replayProgressRatio.set({ partition }, snapshot.replayProgressRatio);
    if (snapshot.accrued !== undefined)
      set.accruedValueAgeSeconds.set({ partition }, snapshot.accrued.ageMs / 1000);
    refreshStreams(this.streams, partition, snapshot.streams, {
      nowMs: this.clock.nowMs(),
      regions: this.regions,
    });
    for (const { sink, pending } of snapshot.outbox) set.outboxPending.set({ partition, sink }, pending);
  }

  #refreshWaiting(): void {
    const { set } = this;
    const stages = new Map<string, { count: number; oldestMs: number }>();
    let outcomeGap = 0;
    for (const [partition, figures] of this.#waiting) {
      set.parkedEvents.set({ partition }, figures.parkedEvents);
      // Gaps of different sign must not hide each other.
      outcomeGap += Math.abs(figures.outcomeGap);
      for (const [stage, { count, oldestMs }] of figures.exceptions) {
        const total = stages.get(stage);
        stages.set(stage, {
          count: (total?.count ?? 0) + count,
          oldestMs: Math.min(total?.oldestMs ?? Infinity, oldestMs),
        });
      }
    }
    set.reconciliationGap.set({ kind: "outcomes" }, outcomeGap);
    set.exceptions.reset();
    set.exceptionAgeSeconds.reset();
    for (const [stage, { count, oldestMs }] of stages) {
      set.exceptions.set({ stage }, count);
      set.exceptionAgeSeconds.set({ stage }, Math.max(0, this.clock.nowMs() - oldestMs) / 1000);
    }
  }
}

function addAmounts(
  totals: Map<string, number>,
  amounts: readonly { readonly currency: string; readonly amount: number }[],
): void {
  for (const { currency, amount } of amounts) totals.set(currency, (totals.get(currency) ?? 0) + amount);
}
