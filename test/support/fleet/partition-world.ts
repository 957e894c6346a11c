import { PartitionWorker } from "../../../src/cli/compose/partition-worker.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { decodeControl } from "../../../src/model/control.ts";
import { TributaryError, type ErrorCode } from "../../../src/model/errors.ts";
import type { ControlLog, PublicationLog, UsageLog } from "../../../src/model/log.ts";
import type { NumberingLog } from "../../../src/model/numbering.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import type { PartitionPipelineOptions } from "../../../src/pipeline/pipeline-options.ts";
import type { DeliveryTarget } from "../../../src/sinks/delivery-target.ts";
import { OutboxDelivery } from "../../../src/sinks/outbox-delivery.ts";
import { OutboxRunner } from "../../../src/sinks/outbox-runner.ts";
import {
  alertTarget,
  deadLetterTarget,
  documentTarget,
  ratedTarget,
} from "../../../src/sinks/publication-target.ts";
import { imageOf, openPartitionStore } from "../../../src/state/partition-store.ts";
import { HASH_KEY } from "../engine-fixture.ts";
import { MemoryPublicationLog } from "../memory-publication-log.ts";
import { MemoryLeases } from "../memory-leases.ts";
import { MemoryReader, MemoryStream } from "../posting/memory-logs.ts";
import { seeded, SimClock } from "../posting/sim-clock.ts";
import { SimProcess } from "../posting/sim-process.ts";

/** The partition of the world: there is one, and processes that want it. */
export const IDENTITY = { partition: 0, partitionCount: 1 };
const LATENCY_MS = 4;
const PAGE = 50;
const CHECKPOINT_MS = 60_000;
const IDLE_TIMEOUT_MS = 20 * 60_000;
const LOOK_MS = 10 * 60_000;
/** A schedule takes some ten thousand turns. */
const MAX_TURNS = 200_000;
const DUPLICATE_WINDOW_MS = 120_000;
const LIMITS = { entriesMax: 50, bytesMax: 100_000, lingerMs: 0 };

/** What a schedule may break, as shares of the calls. */
export interface BrokerFaults {
  /** An append or a publication of which nobody knows whether it was stored: it was not, or it was. */
  readonly lostBefore: number;
  readonly lostAfter: number;
  /** A reader that ends. */
  readonly reader: number;
  /** Told of each append before it is looked at; how much later it reaches the broker, milliseconds. */
  readonly lateAppend?: (data: Uint8Array) => number;
}

/** A fence that was taken away, to see that its absence is found. */
export type BrokenFence = "control-log" | "publications" | undefined;

/** A computer with a disk: at most one process a time runs on it. */
export interface Machine {
  readonly name: string;
  store: PartitionStore;
  process: SimProcess | undefined;
  worker: PartitionWorker | undefined;
}

/** A state in which nothing is yet: to begin with a copy of it is much cheaper than to make the tables again. */
let emptyImage: Buffer | undefined;

/** A partition's streams, and the machines whose processes want to own it. */
export class PartitionWorld {
  readonly clock = new SimClock(MAX_TURNS);
  readonly usage = new MemoryStream("USAGE_0", this.clock, "usage-created");
  readonly control = new MemoryStream("CONTROL_0", this.clock, "control-created");
  readonly publications = new MemoryPublicationLog();
  readonly leases: MemoryLeases;
  readonly random: () => number;
  faults: BrokerFaults;
  /** Faults that stopped a partition for good. */
  readonly stops: string[] = [];
  /** Faults after which a partition started again. */
  readonly restarts: ErrorCode[] = [];
  readonly #catalog: CompiledCatalog;
  readonly #broken: BrokenFence;
  readonly #ranks = new Map<string, Map<string, number>>();
  readonly #stores: PartitionStore[] = [];
  #instances = 0;
  #forgottenMs = 0;

  constructor(options: {
    readonly catalog: CompiledCatalog;
    readonly seed: number;
    readonly leaseMs: number;
    readonly faults: BrokerFaults;
    readonly broken?: BrokenFence;
  }) {
    this.#catalog = options.catalog;
    this.random = seeded(options.seed);
    this.faults = options.faults;
    this.#broken = options.broken;
    this.leases = new MemoryLeases(options.leaseMs);
  }

  /** A store in memory; `image` as of `imageOf`. */
  static store(image?: Buffer): PartitionStore {
    return openPartitionStore(":memory:", IDENTITY, {
      checkAtOpen: false,
      image: image ?? (emptyImage ??= imageOf(openPartitionStore(":memory:", IDENTITY))),
    });
  }

  /** A store in memory that is closed with the world. */
  newStore(image?: Buffer): PartitionStore {
    const store = PartitionWorld.store(image);
    this.#stores.push(store);
    return store;
  }

  /** Frees what its stores hold: nothing may happen in the world any more. */
  close(): void {
    for (const store of this.#stores) store.close();
  }

  /** Numbers that documents were given, by legal entity. */
  numbers(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#ranks;
  }

  /**
   * Makes a worker of the partition, in a process on a machine; `onStopped` is told when it will not go on by itself.
   * @param leaseEpoch of the lease that it holds the partition by
   */
  workerOn(
    machine: Machine,
    process: SimProcess,
    onStopped: (code: ErrorCode) => void,
    leaseEpoch?: number,
  ): PartitionWorker {
    const store = process.guard(machine.store);
    const instance = `instance-${++this.#instances}`;
    // What the runners are told when they exist.
    let worker: PartitionWorker | undefined;
    const runners = this.#targets(process).map(
      (target) =>
        new OutboxRunner({
          store,
          target,
          limits: LIMITS,
          clock: process.clock,
          random: this.random,
          onFailed: (fault) => worker?.abort(fault),
        }),
    );
    worker = new PartitionWorker({
      pipeline: {
        ...this.#pipeline(machine, process, instance, store, () => worker?.delivery.kick()),
        ...(leaseEpoch !== undefined && { leaseEpoch }),
      },
      delivery: new OutboxDelivery(store, runners),
      randomHashKey: () => HASH_KEY,
      accruedIntervalMs: 12 * 3_600_000,
      partitionsOfThread: 1,
      onAccruedFault: () => undefined,
      closeParts: { answer: () => Promise.resolve(undefined), stop: () => Promise.resolve() },
      serveOperators: () => () => undefined,
      onFault: ({ code, message }, restartInMs) => {
        if (process.isDead) return;
        if (restartInMs !== undefined) {
          this.restarts.push(code);
          return;
        }
        this.stops.push(`${code}: ${message}`);
        onStopped(code);
      },
    });
    return worker;
  }

  #pipeline(
    machine: Machine,
    process: SimProcess,
    instance: string,
    store: PartitionStore,
    onCommitted: () => void,
  ): Omit<PartitionPipelineOptions, "sha256" | "randomHashKey" | "knownControlSequence" | "fenceDeliveries"> {
    return {
      ...IDENTITY,
      worker: machine.name,
      instance,
      usageLog: this.#usageLog(process),
      controlLog: this.#controlLog(process),
      numbering: this.#numbering(process),
      onNumberingFailed: () => undefined,
      tax: {
        service: undefined,
        overdueAfterMs: 86_400_000,
        askAgainAfterMs: 86_400_000,
        onFailed: () => undefined,
      },
      store,
      createDecoder: () => createDecoder(HASH_KEY),
      catalog: this.#catalog,
      loadCatalog: () => Promise.resolve(this.#catalog),
      clock: process.clock,
      faults: process.faults,
      observer: {
        processed: () => undefined,
        committed: onCommitted,
        decided: () => undefined,
      },
      checkpointIntervalMs: CHECKPOINT_MS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      idleCheckMs: LOOK_MS,
      billingCheckMs: LOOK_MS,
    };
  }

  #usageLog(process: SimProcess): UsageLog {
    const { usage } = this;
    return {
      name: usage.name,
      identity: () => process.call(() => Promise.resolve(usage.identity())),
      messageAt: (sequence) => process.call(() => Promise.resolve(usage.messages[sequence - 1])),
      async *readRange(first, last) {
        for (let next = first; next <= last; next += PAGE) {
          const page = usage.messages.slice(next - 1, Math.min(last, next - 1 + PAGE));
          await process.call(() => Promise.resolve());
          yield* page;
        }
      },
      openReader: (first) =>
        process.call(async () => {
          await this.clock.delay(LATENCY_MS / 2);
          return new MemoryReader(usage, process, this.clock, first, () =>
            this.#happens(this.faults.reader)
              ? new TributaryError("consumer-stalled", "nothing is delivered")
              : undefined,
          );
        }),
    };
  }

  #controlLog(process: SimProcess): ControlLog {
    const { control } = this;
    return {
      name: control.name,
      identity: () => process.call(() => Promise.resolve(control.identity())),
      messageAt: (sequence) => process.call(() => Promise.resolve(control.messages[sequence - 1])),
      readFrom: (first) => process.call(() => Promise.resolve(control.messages.slice(first - 1))),
      append: (data, expectedLastSequence) =>
        process.call(async () => {
          const unknown = new TributaryError("control-append-unknown", "no acknowledgement");
          await this.clock.delay(LATENCY_MS / 2 + (this.faults.lateAppend?.(data) ?? 0));
          if (this.#happens(this.faults.lostBefore)) throw unknown;
          const isLast = control.messages.length === expectedLastSequence;
          if (!isLast && this.#broken !== "control-log")
            throw new TributaryError("control-log-moved", "another owner has written");
          const sequence = control.store(data.slice());
          await this.clock.delay(LATENCY_MS / 2);
          if (this.#happens(this.faults.lostAfter)) throw unknown;
          return sequence;
        }),
    };
  }

  #targets(process: SimProcess): DeliveryTarget[] {
    const { publications } = this;
    const lost = (): TributaryError => new TributaryError("publish-failed", "no acknowledgement");
    const log: PublicationLog = {
      last: (subject) => process.call(() => publications.last(subject)),
      publish: (subject, body, options) =>
        process.call(async () => {
          await this.clock.delay(LATENCY_MS / 2);
          if (this.#happens(this.faults.lostBefore)) throw lost();
          this.#forgetMessageIds();
          const expectedSequence =
            this.#broken === "publications"
              ? (await publications.last(subject)).sequence
              : options.expectedSequence;
          const sequence = await publications.publish(subject, body, { ...options, expectedSequence });
          await this.clock.delay(LATENCY_MS / 2);
          if (this.#happens(this.faults.lostAfter)) throw lost();
          return sequence;
        }),
    };
    const options = { partition: IDENTITY.partition, log, faults: process.faults };
    return [ratedTarget(options), deadLetterTarget(options), alertTarget(options), documentTarget(options)];
  }

  /** The broker knows ids of messages for some minutes only. */
  #forgetMessageIds(): void {
    if (this.clock.nowMs() - this.#forgottenMs < DUPLICATE_WINDOW_MS) return;
    this.#forgottenMs = this.clock.nowMs();
    this.publications.forgetWindow();
  }

  #numbering(process: SimProcess): NumberingLog {
    return {
      ranksOf: (legalEntity, documents) =>
        process.call(async () => {
          await this.clock.delay(LATENCY_MS / 2);
          const failed = new TributaryError("numbering-failed", "no acknowledgement");
          if (this.#happens(this.faults.lostBefore)) throw failed;
          const ranks = this.#ranks.get(legalEntity) ?? new Map<string, number>();
          this.#ranks.set(legalEntity, ranks);
          const given = documents.map((document) => {
            const rank = ranks.get(document) ?? ranks.size + 1;
            ranks.set(document, rank);
            return rank;
          });
          await this.clock.delay(LATENCY_MS / 2);
          if (this.#happens(this.faults.lostAfter)) throw failed;
          return given;
        }),
    };
  }

  /** Records of the control log, in order. */
  records(): ReturnType<typeof decodeControl>[] {
    return this.control.messages.map(({ data }) => decodeControl(data));
  }

  #happens(share: number): boolean {
    return share > 0 && this.random() < share;
  }
}
