import type { PartitionSnapshot } from "../../ops/metrics.ts";
import { checkpointAgeLimitMs, readinessOf, type Readiness } from "../../ops/readiness.ts";
import type { WorkerState } from "../../ops/worker-lifecycle.ts";
import type { UnbilledTotal } from "../../operators/rate/rate-operator.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { noEvents } from "../../model/outputs.ts";
import type { PartitionEngine } from "../../pipeline/partition-engine.ts";
import { addRegionCounts } from "../../pipeline/partition-report.ts";
import { numberedFigures } from "../../pipeline/producer-report.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { regionStatus, retentionStatus, streamsNearLimit, streamSnapshot } from "./stream-status.ts";
import type { PartitionFault, PartitionWorker } from "./partition-worker.ts";
import type { Worker } from "./worker.ts";

/** Figures of a partition at a scrape. */
export function partitionSnapshot(partition: PartitionWorker): PartitionSnapshot {
  const { pipeline } = partition;
  const engine = pipeline?.engine;
  return {
    state: partition.state,
    backlogMessages: pipeline?.backlogMessages ?? 0,
    checkpointAgeMs: pipeline?.checkpointAgeMs ?? 0,
    watermarkMs: engine?.watermarkMs ?? Number.NEGATIVE_INFINITY,
    dedupeKeys: engine?.keys.size ?? 0,
    dedupeSealedKeys: engine?.keys.sealedSize ?? 0,
    dedupeBytes: engine?.keys.bytes ?? 0,
    ...(engine === undefined ? {} : { numbered: numberedFigures(engine) }),
    windowCells: engine?.cells.size ?? 0,
    replayProgressRatio: pipeline?.replayProgressRatio ?? 0,
    unbilled: amountsOf(engine?.rater.unbilledTotals() ?? new Map()),
    accrued: accruedOf(partition),
    outbox: partition.delivery.states().map((state) => ({ sink: state.target, pending: state.pending })),
    held: engine?.invoices.serviceTaxes.heldFigures() ?? [],
    streams: streamSnapshot(partition),
  };
}

function accruedOf(partition: PartitionWorker): PartitionSnapshot["accrued"] {
  const { figures, ageMs } = partition.accrued;
  return figures === undefined ? undefined : { totals: amountsOf(figures.totals), ageMs };
}

/** Amounts as floats, for metrics; books are kept in minor units. */
function amountsOf(totals: ReadonlyMap<string, UnbilledTotal>): { currency: string; amount: number }[] {
  return [...totals].map(([currency, { exponent, minorUnits }]) => ({
    currency,
    amount: Number(minorUnits) / 10 ** exponent,
  }));
}

export type PartitionStatus = ReturnType<typeof partitionStatus>;

/** What a worker (or the part of it that a thread runs) says of itself; plain data. */
export interface WorkerFigures {
  readonly broker: { readonly status: string; readonly version: string } | null;
  readonly partitions: readonly PartitionStatus[];
}

export function workerFigures(worker: Worker): WorkerFigures {
  const { broker } = worker;
  return {
    broker: { status: broker.status, version: broker.serverVersion },
    partitions: worker.partitions.map(partitionStatus),
  };
}

/** Figures of partitions whose thread has ended. */
export function lostFigures(partitions: readonly number[], fault: PartitionFault | null): WorkerFigures {
  return { broker: null, partitions: partitions.map((partition) => lostPartition(partition, fault)) };
}

/** Whether the worker is ready, and all that stands against it. `parts` is empty before it has started. */
export function workerReadiness(
  parts: readonly WorkerFigures[],
  config: Pick<WorkerConfig, "checkpointIntervalMs">,
  workerState: WorkerState,
): Readiness {
  return readinessOf({
    workerState,
    brokerConnected: parts.length > 0 && parts.every(({ broker }) => broker?.status === "connected"),
    partitions: parts.flatMap(({ partitions }) => partitions),
    checkpointAgeLimitMs: checkpointAgeLimitMs(config.checkpointIntervalMs),
  });
}

/** Body of /status: the worker, its partitions with counts as processed (committed or not), their sinks and faults. */
export function workerStatus(
  parts: readonly WorkerFigures[],
  config: Pick<WorkerConfig, "workerName">,
  workerState: WorkerState,
): object {
  const partitions = parts.flatMap((part) => part.partitions).toSorted((a, b) => a.partition - b.partition);
  // A connection that is down is what one wants to see.
  const broker = parts.find((part) => part.broker?.status !== "connected")?.broker ?? parts[0]?.broker;
  const totals = noEvents();
  let backlog = 0;
  for (const partition of partitions) {
    backlog += partition.backlog;
    addRegionCounts(totals, partition.regions);
  }
  return {
    worker: parts.length === 0 ? null : config.workerName,
    state: workerState,
    broker: broker ?? null,
    totals,
    backlog,
    partitions,
  };
}

function lostPartition(partition: number, fault: PartitionFault | null): PartitionStatus {
  return {
    partition,
    state: fault === null ? "starting" : "failed",
    fault,
    position: null,
    controlPosition: null,
    catalogVersion: null,
    watermark: null,
    checkpointAgeMs: 0,
    backlog: 0,
    cells: 0,
    keys: 0,
    messages: null,
    regions: [],
    accrued: null,
    heldDocuments: [],
    sinks: [],
    retention: [],
    streamsNearLimit: [],
    watermarks: [],
  };
}

function partitionStatus(partition: PartitionWorker) {
  const { pipeline } = partition;
  const engine = pipeline?.engine;
  const watermarkMs = engine?.watermarkMs ?? Number.NEGATIVE_INFINITY;
  return {
    partition: partition.partition,
    state: partition.state,
    fault: partition.fault ?? null,
    position: engine?.position.usageSequence ?? null,
    controlPosition: engine?.position.controlSequence ?? null,
    catalogVersion: engine?.catalog?.version ?? null,
    watermark: Number.isFinite(watermarkMs) ? new Date(watermarkMs).toISOString() : null,
    checkpointAgeMs: Math.round(pipeline?.checkpointAgeMs ?? 0),
    backlog: pipeline?.backlogMessages ?? 0,
    cells: engine?.cells.size ?? 0,
    keys: engine?.keys.size ?? 0,
    messages: engine?.messageCounts() ?? null,
    regions: engine?.regionCounts() ?? [],
    accrued: accruedStatus(partition),
    heldDocuments: heldStatus(engine),
    sinks: partition.delivery.states(),
    retention: retentionStatus(partition),
    streamsNearLimit: streamsNearLimit(partition),
    watermarks: regionStatus(partition),
  };
}

function accruedStatus(partition: PartitionWorker) {
  const { figures, ageMs } = partition.accrued;
  if (figures === undefined) return null;
  const totals = [...figures.totals].map(([currency, { exponent, minorUnits }]) => ({
    currency,
    amount: formatMinorUnits(minorUnits, exponent),
  }));
  return { ageMs: Math.round(ageMs), totals };
}

/** Documents that wait for their tax, by reason. */
function heldStatus(engine: PartitionEngine | undefined) {
  const figures = engine?.invoices.serviceTaxes.heldFigures() ?? [];
  return figures.map(({ reason, count, oldestMs }) => ({
    reason,
    count,
    oldestIssued: new Date(oldestMs).toISOString(),
  }));
}
