import type { PartitionSnapshot } from "../../ops/metrics.ts";
import { checkpointAgeLimitMs, readinessOf, type Readiness } from "../../ops/readiness.ts";
import type { WorkerState } from "../../ops/worker-lifecycle.ts";
import type { BilledTotal } from "../../operators/rate/rate-operator.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { noEvents } from "../../model/outputs.ts";
import { addRegionCounts } from "../../pipeline/partition-report.ts";
import type { PartitionWorker } from "./partition-worker.ts";
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
    dedupeBytes: engine?.keys.bytes ?? 0,
    windowCells: engine?.cells.size ?? 0,
    replayProgressRatio: pipeline?.replayProgressRatio ?? 0,
    unbilled: amountsOf(engine?.rater.billedTotals() ?? new Map()),
    accrued: accruedOf(partition),
    outbox: partition.delivery.states().map((state) => ({ sink: state.target, pending: state.pending })),
  };
}

function accruedOf(partition: PartitionWorker): PartitionSnapshot["accrued"] {
  const { figures, ageMs } = partition.accrued;
  return figures === undefined ? undefined : { totals: amountsOf(figures.totals), ageMs };
}

/** Amounts as floats, for metrics; books are kept in minor units. */
function amountsOf(totals: ReadonlyMap<string, BilledTotal>): { currency: string; amount: number }[] {
  return [...totals].map(([currency, { exponent, minorUnits }]) => ({
    currency,
    amount: Number(minorUnits) / 10 ** exponent,
  }));
}

/** Whether the worker is ready, and all that stands against it. */
export function workerReadiness(worker: Worker | undefined, workerState: WorkerState): Readiness {
  return readinessOf({
    workerState,
    brokerConnected: worker?.broker.status === "connected",
    partitions: (worker?.partitions ?? []).map((partition) => ({
      partition: partition.partition,
      state: partition.state,
      checkpointAgeMs: partition.pipeline?.checkpointAgeMs ?? 0,
    })),
    checkpointAgeLimitMs: checkpointAgeLimitMs(worker?.config.checkpointIntervalMs ?? 0),
  });
}

/** Body of /status: the worker, its partitions with counts as processed (committed or not), their sinks and faults. */
export function workerStatus(worker: Worker | undefined, workerState: WorkerState): object {
  const partitions = (worker?.partitions ?? []).map(partitionStatus);
  const totals = noEvents();
  let backlog = 0;
  for (const partition of partitions) {
    backlog += partition.backlog;
    addRegionCounts(totals, partition.regions);
  }
  return {
    worker: worker?.config.workerName ?? null,
    state: workerState,
    broker:
      worker === undefined ? null : { status: worker.broker.status, version: worker.broker.serverVersion },
    totals,
    backlog,
    partitions,
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
    sinks: partition.delivery.states(),
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
