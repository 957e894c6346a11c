import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Clock } from "../../../model/clock.ts";
import { codeOf, messageOf, type ErrorCode } from "../../../model/errors.ts";
import type { Lease } from "../../../model/lease.ts";
import type { OwnershipHost } from "../../../fleet/ownership/ownership-host.ts";
import type { WorkerMetrics } from "../../../ops/metrics.ts";
import { partitionFolder, STATE_FILE } from "../../../state/open-database.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import type { WorkerHost } from "../worker-host.ts";
import type { StateMover } from "./state-mover.ts";

/** Faults by which the broker tells a worker that its partition has another owner. */
const OVERTAKEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["control-log-moved", "publication-fenced"]);

export interface ElasticHostOptions {
  readonly config: WorkerConfig;
  readonly host: WorkerHost;
  readonly states: StateMover;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  /** Of a hand-over: what is left of the outbox then is the next owner's to deliver. */
  readonly deliveryTimeoutMs: number;
}

/** A partition that is here, until it is forgotten. */
class Tenancy {
  cancelSnapshot: () => void = () => undefined;
}

/** Runs the partitions that the leases give to this process: brings their states here, keeps snapshots of them, hands them over. */
export class ElasticHost implements OwnershipHost {
  readonly #options: ElasticHostOptions;
  readonly #tenancies = new Map<number, Tenancy>();

  constructor(options: ElasticHostOptions) {
    this.#options = options;
  }

  hasState(partition: number): boolean {
    return existsSync(join(partitionFolder(this.#options.config.stateDir, partition), STATE_FILE));
  }

  async adopt(partition: number, lease: Lease): Promise<void> {
    const { host, states, logger, clock, metrics } = this.#options;
    const tenancy = new Tenancy();
    this.#tenancies.set(partition, tenancy);
    const startedMs = clock.monotonicMs();
    await states.bring(partition, async ({ state, leftOut }) => {
      for (const { state: name, reason } of leftOut)
        logger.warn({ partition, state: name }, `A state of the partition is left out: ${reason}.`);
      if (this.#isOver(partition, tenancy)) return;
      const providedMs = clock.monotonicMs() - startedMs;
      await host.adopt(partition, lease.epoch);
      const elapsedMs = clock.monotonicMs() - startedMs;
      metrics.partitionAdopted(state.source, elapsedMs);
      logger.info(
        { partition, ...state, providedMs: Math.round(providedMs), elapsedMs: Math.round(elapsedMs) },
        "The partition runs here.",
      );
    });
    if (!this.#isOver(partition, tenancy)) this.#snapshotLater(partition, tenancy);
  }

  async release(partition: number): Promise<void> {
    const { host, deliveryTimeoutMs } = this.#options;
    const tenancy = this.#tenancies.get(partition);
    tenancy?.cancelSnapshot();
    await host.release(partition, deliveryTimeoutMs);
    // Overtaken meanwhile: what is on the disk may be a state that nobody can use.
    if (tenancy === undefined || this.#isOver(partition, tenancy)) return;
    await this.#snapshot(partition, tenancy);
    this.#forget(partition, tenancy);
  }

  async drop(partition: number): Promise<void> {
    const tenancy = this.#tenancies.get(partition);
    if (tenancy !== undefined) this.#forget(partition, tenancy);
    try {
      await this.#options.host.drop(partition);
    } catch (error) {
      this.#options.logger.error(
        { partition, code: codeOf(error) },
        `The partition could not be ended in order: ${messageOf(error)}`,
      );
    }
  }

  async refused(): Promise<readonly number[]> {
    const parts = await this.#options.host.figures();
    return parts
      .flatMap(({ partitions }) => partitions)
      .filter(({ state, fault }) => state === "failed" && fault !== null && OVERTAKEN.has(fault.code))
      .map(({ partition }) => partition);
  }

  #isOver(partition: number, tenancy: Tenancy): boolean {
    return this.#tenancies.get(partition) !== tenancy;
  }

  #forget(partition: number, tenancy: Tenancy): void {
    tenancy.cancelSnapshot();
    if (!this.#isOver(partition, tenancy)) this.#tenancies.delete(partition);
    this.#options.metrics.snapshotForgotten(partition);
  }

  #snapshotLater(partition: number, tenancy: Tenancy): void {
    const { clock, config } = this.#options;
    tenancy.cancelSnapshot = clock.schedule(config.snapshots.intervalMs, () => {
      void this.#snapshotAgain(partition, tenancy);
    });
  }

  async #snapshotAgain(partition: number, tenancy: Tenancy): Promise<void> {
    await this.#snapshot(partition, tenancy);
    if (!this.#isOver(partition, tenancy)) this.#snapshotLater(partition, tenancy);
  }

  /** Never rejects: without it the next owner reads more. */
  async #snapshot(partition: number, tenancy: Tenancy): Promise<void> {
    const { states, clock, metrics, logger } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      const { id, bytes, storedBytes } = await states.snapshot(partition);
      metrics.snapshotTaken(partition, startedMs, storedBytes);
      logger.debug(
        {
          partition,
          snapshot: id,
          bytes,
          storedBytes,
          elapsedMs: Math.round(clock.monotonicMs() - startedMs),
        },
        "Took a snapshot of the partition.",
      );
    } catch (error) {
      if (this.#isOver(partition, tenancy)) return;
      metrics.snapshotFailed(codeOf(error));
      logger.warn(
        { partition, code: codeOf(error) },
        `No snapshot of the partition was taken: ${messageOf(error)}`,
      );
    }
  }
}
