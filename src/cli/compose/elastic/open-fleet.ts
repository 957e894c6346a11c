import type { Logger } from "pino";
import { systemClock } from "../../../model/clock.ts";
import { connectBroker } from "../../../ingest/jetstream/connection.ts";
import { openLeaseKeeper } from "../../../ingest/jetstream/lease-keeper.ts";
import { PartitionOwnership } from "../../../fleet/ownership/partition-ownership.ts";
import { RepeatedFaultLog } from "../../../ops/logging.ts";
import type { WorkerMetrics } from "../../../ops/metrics.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import { randomHashKey } from "../partition-worker.ts";
import type { WorkerHost } from "../worker-host.ts";
import { ElasticHost } from "./elastic-host.ts";
import { StateMover } from "./state-mover.ts";

/** A broker that is away says so this often. */
const REPEATED_FAULT_INTERVAL_MS = 30_000;

/** This worker's membership of a fleet. */
export interface Fleet {
  start(): void;
  /** Hands all partitions over and leaves. */
  stop(): Promise<void>;
}

/** Opens what shares the partitions out among the workers that are there, each with the same configuration. */
export async function openFleet(
  config: WorkerConfig,
  host: WorkerHost,
  logger: Logger,
  metrics: WorkerMetrics,
  deliveryTimeoutMs: number,
): Promise<Fleet> {
  const broker = await connectBroker({ ...config.nats, name: `tributary-${config.workerName}-leases` });
  const states = new StateMover(config);
  try {
    const repeated = new RepeatedFaultLog({
      logger,
      clock: systemClock,
      intervalMs: REPEATED_FAULT_INTERVAL_MS,
    });
    const instance = randomHashKey();
    const owner = `${config.workerName} ${instance}`;
    const { leaseMs, count: partitionCount } = config.partitions;
    const board = await openLeaseKeeper({
      connection: broker,
      replicas: config.replicas,
      clock: systemClock,
      owner,
      leaseMs,
      onFault: (fault) => {
        repeated.write(
          "warn",
          "lease",
          { code: fault.code },
          `A lease could not be asked for: ${fault.message}`,
        );
      },
    });
    const ownership = new PartitionOwnership({
      board,
      host: new ElasticHost({ config, host, states, clock: systemClock, logger, metrics, deliveryTimeoutMs }),
      clock: systemClock,
      owner,
      instance,
      partitionCount,
      leaseMs,
      onMove: (move, partition) => {
        metrics.partitionMoved(move, ownership.partitions.length);
        const level = move === "taken" || move === "handed-over" ? "info" : "warn";
        logger[level]({ partition, move, members: ownership.members.length }, "A partition has moved.");
      },
      onFault: (fault, partition) => {
        const about = partition === undefined ? "The leases" : `Partition ${partition}`;
        repeated.write(
          "warn",
          `ownership ${partition ?? ""} ${fault.code}`,
          { code: fault.code, ...(partition !== undefined && { partition }) },
          `${about}: ${fault.message}`,
        );
      },
    });
    return {
      start: () => {
        ownership.start();
      },
      stop: async () => {
        try {
          await ownership.stop();
          await states.close();
        } finally {
          await broker.close();
        }
      },
    };
  } catch (fault) {
    await broker.close();
    throw fault;
  }
}
