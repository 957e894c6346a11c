import type { Logger } from "pino";
import type { MetricData } from "../../ops/merged-metrics.ts";
import type { WorkerMetrics } from "../../ops/metrics.ts";
import { createPartitionObserver } from "../../ops/partition-observer.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { faultInjectorFrom } from "./fault-injector.ts";
import { partitionSnapshot, workerFigures, type WorkerFigures } from "./worker-status.ts";
import { Worker } from "./worker.ts";

/** Where a process runs its partitions: on its main thread, or on several others. */
export interface WorkerHost {
  start(): Promise<void>;
  /** Opens and runs a partition; resolves when the first attempt has succeeded or its fault has been reported. */
  adopt(partition: number, leaseEpoch: number): Promise<void>;
  /** Drains a partition, delivers what was committed for at most `deliveryTimeoutMs`, closes it. */
  release(partition: number, deliveryTimeoutMs: number): Promise<void>;
  /** Ends a partition where it stands; nothing more is delivered. */
  drop(partition: number): Promise<void>;
  /** Drains all partitions, delivers what was committed for at most `deliveryTimeoutMs`, closes. */
  stop(deliveryTimeoutMs: number): Promise<void>;
  /** One item a thread. */
  figures(): Promise<readonly WorkerFigures[]>;
  /** Metrics of the other threads. */
  metrics(): Promise<readonly (readonly MetricData[])[]>;
}

/** Makes the worker of this thread, its partitions watched by `metrics`; `catalog` as in WorkerPorts. */
export async function createMeasuredWorker(
  config: WorkerConfig,
  logger: Logger,
  metrics: WorkerMetrics,
  catalog?: LoadedCatalog,
): Promise<Worker> {
  const worker = await Worker.create(config, {
    logger,
    catalog,
    faults: faultInjectorFrom(process.env),
    observerOf: (partition, store) => createPartitionObserver(metrics, partition, store),
    onSinkFault: (target, code) => {
      metrics.sinkFailed(target, code);
    },
    onTaxRequest: (operation, outcome, elapsedMs) => {
      metrics.taxAsked(operation, outcome, elapsedMs);
    },
    onPartitionFault: (partition, code) => {
      metrics.partitionFailed(partition, code);
    },
    onOpened: (partition) => {
      metrics.watchPartition(partition.partition, () => partitionSnapshot(partition));
    },
    onClosed: (partition) => {
      void metrics.forgetPartition(partition);
    },
  });
  metrics.setBrokerConnected(worker.broker.status === "connected");
  worker.broker.onStatus((status) => {
    metrics.setBrokerConnected(status === "connected");
    logger.warn({ status }, "The connection to NATS changed.");
  });
  return worker;
}

/** All partitions on the thread that calls. */
export function hostHere(worker: Worker): WorkerHost {
  return {
    start: () => worker.start(),
    adopt: (partition, leaseEpoch) => worker.adopt(partition, leaseEpoch),
    release: (partition, deliveryTimeoutMs) => worker.release(partition, deliveryTimeoutMs),
    drop: (partition) => worker.drop(partition),
    stop: (deliveryTimeoutMs) => worker.stop(deliveryTimeoutMs),
    figures: () => Promise.resolve([workerFigures(worker)]),
    metrics: () => Promise.resolve([]),
  };
}
