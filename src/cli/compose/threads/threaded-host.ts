import { setFlagsFromString } from "node:v8";
import type { Logger } from "pino";
import type { Clock } from "../../../model/clock.ts";
import { codeOf, messageOf, TributaryError } from "../../../model/errors.ts";
import { startThread } from "../../../state/writer/start-thread.ts";
import type { MetricData } from "../../../ops/merged-metrics.ts";
import type { WorkerConfig } from "../../config/worker-config.ts";
import type { PartitionFault } from "../partition-worker.ts";
import type { WorkerHost } from "../worker-host.ts";
import { lostFigures, type WorkerFigures } from "../worker-status.ts";
import { ThreadLink } from "./thread-link.ts";
import type { ThreadData, ThreadResult, ThreadTask } from "./thread-messages.ts";

/** Wait before a thread that ended is started again: doubled each time up to the longest. */
const FIRST_RESTART_DELAY_MS = 250;
const LONGEST_RESTART_DELAY_MS = 30_000;

/**
 * A thread's heap is first collected as a whole when it has grown to so much. V8 would begin with some megabytes, and go through
 * the catalog again for each few more: a sixth of a worker's processor time in its first millions of events. For threads that
 * begin afterwards; half of what a heap may grow to at most is the bound.
 */
const FIRST_COLLECTION_MIB = 256;

export interface ThreadedHostOptions {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told when a thread has ended and its partitions are down, for each of them. */
  readonly onLost: (partition: number, fault: PartitionFault) => void;
  /** Told when they are up again. */
  readonly onFound: (partition: number) => void;
}

/** One thread's place: the thread that runs its partitions now, or the wait for the next one. */
class ThreadPlace {
  readonly #options: ThreadedHostOptions;
  readonly #index: number;
  /** With the epoch of the lease where they are shared out by leases. */
  readonly #partitions: Map<number, number | undefined>;
  #link: ThreadLink<ThreadTask, ThreadResult> | undefined;
  #fault: PartitionFault | undefined;
  #restarts = 0;
  #startedMs = 0;
  #isStopping = false;
  #cancelRestart: () => void = () => undefined;

  constructor(options: ThreadedHostOptions, index: number, partitions: readonly number[]) {
    this.#options = options;
    this.#index = index;
    this.#partitions = new Map(partitions.map((partition) => [partition, undefined]));
  }

  get partitions(): readonly number[] {
    return [...this.#partitions.keys()];
  }

  /** Opens the states of the first thread; a fault is the caller's to report. */
  async create(): Promise<void> {
    const { config } = this.#options;
    // Those that came by leases are adopted again, like at their first time.
    const owned = config.partitions.assignment === "static" ? this.partitions : config.partitions.owned;
    const partitions = { ...config.partitions, owned };
    const data: ThreadData = { config: { ...config, partitions } };
    const name = `partitions-${this.#index}`;
    const thread = startThread("cli/compose/threads/partition-thread", { name, data });
    const link: ThreadLink<ThreadTask, ThreadResult> = new ThreadLink(thread, (fault) => {
      if (this.#link === link) this.#onEnd(fault);
    });
    this.#link = link;
    await link.ask({ kind: "create" });
  }

  async start(): Promise<void> {
    await this.#link?.ask({ kind: "start" });
    for (const [partition, leaseEpoch] of this.#partitions)
      if (leaseEpoch !== undefined) await this.#link?.ask({ kind: "adopt", partition, leaseEpoch });
    this.#startedMs = this.#options.clock.monotonicMs();
  }

  async adopt(partition: number, leaseEpoch: number): Promise<void> {
    this.#partitions.set(partition, leaseEpoch);
    // A thread that has ended adopts it when it is up again.
    await this.#link?.ask({ kind: "adopt", partition, leaseEpoch });
  }

  async release(partition: number, deliveryTimeoutMs: number): Promise<void> {
    await this.#link?.ask({ kind: "release", partition, deliveryTimeoutMs });
    this.#partitions.delete(partition);
  }

  async drop(partition: number): Promise<void> {
    this.#partitions.delete(partition);
    // Of a thread that has ended nothing is left to be dropped.
    await this.#link?.ask({ kind: "drop", partition }).catch(() => undefined);
  }

  async figures(): Promise<WorkerFigures> {
    const lost = lostFigures(this.partitions, this.#fault ?? null);
    if (this.#link === undefined || this.#fault !== undefined) return lost;
    try {
      return (await this.#link.ask({ kind: "figures" })).figures ?? lost;
    } catch {
      return lostFigures(this.partitions, this.#fault ?? null);
    }
  }

  async metrics(): Promise<readonly MetricData[]> {
    try {
      return (await this.#link?.ask({ kind: "metrics" }))?.metrics ?? [];
    } catch {
      // The thread ends: its partitions show as failed.
      return [];
    }
  }

  async stop(deliveryTimeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#cancelRestart();
    const link = this.#link;
    if (link === undefined) return;
    try {
      await link.ask({ kind: "stop", deliveryTimeoutMs });
    } finally {
      await link.terminate();
    }
  }

  async terminate(): Promise<void> {
    this.#isStopping = true;
    this.#cancelRestart();
    await this.#link?.terminate();
  }

  #onEnd(fault: unknown): void {
    this.#link = undefined;
    if (this.#isStopping) return;
    const { clock, logger, onLost } = this.#options;
    // One that ran for long has shown that it can: it does not wait for what happened hours ago.
    if (clock.monotonicMs() - this.#startedMs > LONGEST_RESTART_DELAY_MS) this.#restarts = 0;
    this.#fault = { code: codeOf(fault), message: messageOf(fault), atMs: clock.nowMs() };
    const restartInMs = Math.min(LONGEST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** this.#restarts);
    this.#restarts++;
    for (const partition of this.partitions) onLost(partition, this.#fault);
    logger.error(
      { code: this.#fault.code, partitions: this.partitions, restartInMs },
      `The partitions of a thread are down: ${this.#fault.message}`,
    );
    this.#cancelRestart = clock.schedule(restartInMs, () => {
      void this.#restart();
    });
  }

  async #restart(): Promise<void> {
    try {
      await this.create();
      await this.start();
    } catch (fault) {
      const link = this.#link;
      this.#link = undefined;
      await link?.terminate();
      // Where the thread has ended, its end was told already.
      if (link !== undefined) this.#onEnd(fault);
      return;
    }
    this.#fault = undefined;
    for (const partition of this.partitions) this.#options.onFound(partition);
    this.#options.logger.info({ partitions: this.partitions }, "The partitions of a thread are up again.");
  }
}

/** Partitions spread over threads; the main thread serves the admin port and the signals. */
export class ThreadedHost implements WorkerHost {
  readonly #places: readonly ThreadPlace[];

  private constructor(places: readonly ThreadPlace[]) {
    this.#places = places;
  }

  /**
   * Starts the threads, all at once: loading their modules takes longer than what they do then. What is missing on the broker is made by
   * whoever comes first.
   */
  static async create(options: ThreadedHostOptions): Promise<ThreadedHost> {
    const { threads, partitions } = options.config;
    const owned = Array.from({ length: Math.min(threads, partitions.owned.length) }, (): number[] => []);
    if (partitions.assignment === "static")
      for (const [i, partition] of partitions.owned.entries()) owned[i % owned.length]?.push(partition);
    setFlagsFromString(`--initial-old-space-size=${FIRST_COLLECTION_MIB}`);
    const places = owned.map((of, index) => new ThreadPlace(options, index, of));
    const created = await Promise.allSettled(places.map((place) => place.create()));
    const failed = created.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) {
      await Promise.all(places.map((place) => place.terminate()));
      throw failed.reason;
    }
    return new ThreadedHost(places);
  }

  async start(): Promise<void> {
    await Promise.all(this.#places.map((place) => place.start()));
  }

  /** The thread with the fewest partitions takes it. */
  async adopt(partition: number, leaseEpoch: number): Promise<void> {
    const [place] = this.#places.toSorted((one, other) => one.partitions.length - other.partitions.length);
    await place?.adopt(partition, leaseEpoch);
  }

  async release(partition: number, deliveryTimeoutMs: number): Promise<void> {
    await this.#placeOf(partition)?.release(partition, deliveryTimeoutMs);
  }

  async drop(partition: number): Promise<void> {
    await this.#placeOf(partition)?.drop(partition);
  }

  async stop(deliveryTimeoutMs: number): Promise<void> {
    const ends = await Promise.allSettled(this.#places.map((place) => place.stop(deliveryTimeoutMs)));
    for (const end of ends) {
      if (end.status === "rejected")
        throw new TributaryError(codeOf(end.reason), messageOf(end.reason), { cause: end.reason });
    }
  }

  figures(): Promise<readonly WorkerFigures[]> {
    return Promise.all(this.#places.map((place) => place.figures()));
  }

  metrics(): Promise<readonly (readonly MetricData[])[]> {
    return Promise.all(this.#places.map((place) => place.metrics()));
  }

  #placeOf(partition: number): ThreadPlace | undefined {
    return this.#places.find(({ partitions }) => partitions.includes(partition));
  }
}
