import { StorageType } from "nats";
import type { KV, KvEntry, StreamAPI } from "nats";
import type { TributaryError } from "../../model/errors.ts";
import type { Clock } from "../../model/clock.ts";
import type { Lease, LeaseBoard, SeenLease } from "../../model/lease.ts";
import { brokerFault, isWrongLastSequence } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { LEASE_BUCKET } from "./names.ts";

/** A holder renews three times within its time, so that one lost answer, or two, cost nothing. */
const RENEWALS_PER_LEASE = 3;
/** Who waits looks so often within a lease's time. */
const LOOKS_PER_LEASE = 10;
/** Leases that are asked for at once when all are looked at. */
const PARALLEL_LOOKS = 32;
/** The stream behind the bucket, and its subjects. */
const LEASE_STREAM = `KV_${LEASE_BUCKET}`;
const LEASE_SUBJECT = `$KV.${LEASE_BUCKET}.`;

export interface LeaseKeeperOptions {
  readonly connection: BrokerConnection;
  /** Copies of the bucket in a cluster (1, 3 or 5). */
  readonly replicas: number;
  readonly clock: Clock;
  /** Unique to this process; shown to people who look at the bucket. */
  readonly owner: string;
  /** How long a lease that is not renewed is left to its holder. */
  readonly leaseMs: number;
  /** Told why an attempt to take a lease failed, but for another process having been faster; it goes on. */
  readonly onFault: (fault: TributaryError) => void;
}

/**
 * Leases as entries of a key-value bucket. Nobody compares clocks: who waits measures by its own clock how long an entry has not
 * changed, and takes it by compare-and-set when that is longer than a lease. A holder counts from before it asked for its last
 * renewal, which is earlier than anybody could see it, so its time has passed before another's can begin.
 */
export async function openLeaseKeeper(options: LeaseKeeperOptions): Promise<LeaseBoard> {
  const { connection, replicas } = options;
  try {
    const bucket = await connection.jetstream.views.kv(LEASE_BUCKET, {
      history: 1,
      storage: StorageType.File,
      replicas,
    });
    return leaseBoardOn(bucket, connection.manager.streams, options);
  } catch (error) {
    throw brokerFault(error, `opening the bucket ${LEASE_BUCKET}`);
  }
}

/** What leases need of a bucket, and of the stream behind it. */
export type LeaseBucket = Pick<KV, "get" | "create" | "update" | "delete">;
export type LeaseStreams = Pick<StreamAPI, "info" | "purge">;

/** Leases in an open bucket. */
export function leaseBoardOn(
  bucket: LeaseBucket,
  streams: LeaseStreams,
  options: Omit<LeaseKeeperOptions, "connection" | "replicas">,
): LeaseBoard {
  return new JetStreamLeaseKeeper(bucket, streams, options);
}

class JetStreamLeaseKeeper implements LeaseBoard {
  readonly #bucket: LeaseBucket;
  readonly #streams: LeaseStreams;
  readonly #options: Omit<LeaseKeeperOptions, "connection" | "replicas">;

  constructor(
    bucket: LeaseBucket,
    streams: LeaseStreams,
    options: Omit<LeaseKeeperOptions, "connection" | "replicas">,
  ) {
    this.#bucket = bucket;
    this.#streams = streams;
    this.#options = options;
  }

  async acquire(name: string, signal: AbortSignal): Promise<Lease> {
    const { clock, leaseMs } = this.#options;
    /** Revision that was seen last, and since when. */
    let seen: { readonly revision: number; readonly sinceMs: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      try {
        const entry = await this.#bucket.get(name);
        if (entry === null || entry.operation !== "PUT") return await this.#take(name, undefined);
        const isFree = seen?.revision === entry.revision && clock.monotonicMs() - seen.sinceMs > leaseMs;
        if (isFree) return await this.#take(name, entry.revision);
        if (seen?.revision !== entry.revision)
          seen = { revision: entry.revision, sinceMs: clock.monotonicMs() };
      } catch (error) {
        // Another process was faster, or the broker can't be asked: what stands there is looked at again.
        if (!isWrongLastSequence(error))
          this.#options.onFault(brokerFault(error, `taking the lease ${name}`));
      }
      await wait(clock, leaseMs / LOOKS_PER_LEASE, signal);
    }
  }

  async look(words: readonly string[]): Promise<readonly SeenLease[]> {
    const seen: SeenLease[] = [];
    try {
      const waiting = (await this.#names(words)).values();
      const ask = async (): Promise<void> => {
        // One iterator for all: each takes the next name.
        for (const name of waiting) {
          const entry = await this.#bucket.get(name);
          if (entry === null) continue;
          // The mark of a lease that was given back is of no use, and there would be one for each process that ever was.
          if (entry.operation !== "PUT") await this.#purge(name, entry.revision);
          else seen.push({ name, owner: ownerOf(entry) ?? "", revision: entry.revision });
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_LOOKS }, ask));
    } catch (error) {
      throw brokerFault(error, `looking at the leases in ${LEASE_BUCKET}`);
    }
    return seen;
  }

  async take(name: string, seen: SeenLease | undefined): Promise<Lease | undefined> {
    try {
      return await this.#take(name, seen?.revision);
    } catch (error) {
      if (isWrongLastSequence(error)) return undefined;
      throw brokerFault(error, `taking the lease ${name}`);
    }
  }

  async forget({ name, revision }: SeenLease): Promise<void> {
    try {
      await this.#purge(name, revision);
    } catch (error) {
      throw brokerFault(error, `removing the lease ${name}`);
    }
  }

  /** Rejects as a wrong last sequence where another process was faster. */
  async #take(name: string, revision: number | undefined): Promise<Lease> {
    const { clock, leaseMs, owner } = this.#options;
    const value = JSON.stringify({ owner });
    const startedMs = clock.monotonicMs();
    const epoch =
      revision === undefined
        ? await this.#bucket.create(name, value)
        : await this.#bucket.update(name, value, revision);
    return new HeldLease({ bucket: this.#bucket, name, epoch, clock, leaseMs, owner, startedMs });
  }

  /** Names with an entry, or the mark of one that was given back. */
  async #names(words: readonly string[]): Promise<readonly string[]> {
    const lists = await Promise.all(
      words.map(async (word) => {
        const subjects_filter = `${LEASE_SUBJECT}${word}.>`;
        const { state } = await this.#streams.info(LEASE_STREAM, { subjects_filter });
        return Object.keys(state.subjects ?? {});
      }),
    );
    return lists.flat().map((subject) => subject.slice(LEASE_SUBJECT.length));
  }

  /** Removes what stands there up to a revision; what is newer stays. */
  async #purge(name: string, revision: number): Promise<void> {
    await this.#streams.purge(LEASE_STREAM, { filter: LEASE_SUBJECT + name, seq: revision + 1 });
  }
}

interface HeldLeaseOptions {
  readonly bucket: LeaseBucket;
  readonly name: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly owner: string;
  /** Monotonic time from before it was asked for. */
  readonly startedMs: number;
}

class HeldLease implements Lease {
  readonly epoch: number;
  readonly lost: Promise<void>;
  readonly #options: HeldLeaseOptions;
  #revision: number;
  #validUntilMs: number;
  #isOver = false;
  #cancelTimer: () => void = () => undefined;
  #renewal: Promise<void> = Promise.resolve();
  #resolveLost: () => void = () => undefined;

  constructor(options: HeldLeaseOptions) {
    this.epoch = options.epoch;
    this.#options = options;
    this.#revision = options.epoch;
    this.#validUntilMs = options.startedMs + options.leaseMs;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#renewLater();
  }

  get validUntilMs(): number {
    return this.#isOver ? 0 : this.#validUntilMs;
  }

  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    await this.#renewal;
    // Who waits takes it at once. Where that can't be said, the time passes.
    await this.#options.bucket
      .delete(this.#options.name, { previousSeq: this.#revision })
      .catch(() => undefined);
  }

  #renewLater(): void {
    const { clock, leaseMs } = this.#options;
    this.#cancelTimer = clock.schedule(leaseMs / RENEWALS_PER_LEASE, () => {
      this.#renewal = this.#renewOnce();
    });
  }

  async #renewOnce(): Promise<void> {
    await this.#renew();
    if (this.#isOver) return;
    if (this.#options.clock.monotonicMs() < this.#validUntilMs) this.#renewLater();
    else this.#end();
  }

  /** Never rejects: a renewal that failed is tried again while there is time. */
  async #renew(): Promise<void> {
    const { bucket, name, owner, clock, leaseMs } = this.#options;
    const startedMs = clock.monotonicMs();
    if (this.#isOver) return;
    // Paused past its end: another process may have it, and had it even if it has given it back since.
    if (startedMs >= this.#validUntilMs) {
      this.#end();
      return;
    }
    try {
      this.#revision = await bucket.update(name, JSON.stringify({ owner }), this.#revision);
      this.#validUntilMs = startedMs + leaseMs;
    } catch (error) {
      if (isWrongLastSequence(error)) await this.#lookAgain();
    }
  }

  /** The entry has another revision than the last that was confirmed: a renewal of ours without an answer, or another holder's. */
  async #lookAgain(): Promise<void> {
    const { bucket, name, owner } = this.#options;
    const entry = await bucket.get(name).catch(() => undefined);
    if (entry === undefined) return;
    if (entry === null || ownerOf(entry) !== owner) this.#end();
    else this.#revision = entry.revision;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#resolveLost();
  }
}

function ownerOf(entry: KvEntry): string | undefined {
  if (entry.operation !== "PUT") return undefined;
  try {
    const value: unknown = entry.json();
    const owner: unknown =
      typeof value === "object" && value !== null ? Reflect.get(value, "owner") : undefined;
    return typeof owner === "string" ? owner : undefined;
  } catch {
    return undefined;
  }
}

async function wait(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.schedule(waitMs, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
