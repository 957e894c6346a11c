import { NatsError, type KvEntry, type PurgeBySeq, type StreamInfo } from "nats";
import type { LeaseBoard } from "../../src/model/lease.ts";
import {
  leaseBoardOn,
  type LeaseBucket,
  type LeaseStreams,
} from "../../src/ingest/jetstream/lease-keeper.ts";
import type { SimProcess } from "./posting/sim-process.ts";

const WRONG_LAST_SEQUENCE = 10071;

interface Entry {
  readonly revision: number;
  /** Undefined: the mark of a lease that was given back. */
  readonly value: string | undefined;
}

/**
 * The bucket of the leases in memory: one sequence for all entries, compare-and-set by the last revision of a name. The leases on it are the
 * worker's own.
 */
export class MemoryLeases {
  readonly #leaseMs: number;
  /** Nothing reaches the broker while it is away. */
  isAway = false;
  readonly #entries = new Map<string, Entry>();
  #sequence = 0;
  #owners = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** The leases of a process, which signs them in a way that no other does. */
  boardOf(process: SimProcess, owner = `process-${++this.#owners}`): LeaseBoard {
    const bucket = this.#bucketOf(process);
    const options = { clock: process.clock, owner, leaseMs: this.#leaseMs, onFault: () => undefined };
    return leaseBoardOn(bucket, bucket, options);
  }

  /** As a process reaches it. */
  #bucketOf(process: SimProcess): LeaseBucket & LeaseStreams {
    const reach = <Answer>(effect: () => Answer): Promise<Answer> =>
      process.call(() => {
        if (this.isAway) return Promise.reject(new NatsError("no answer", "TIMEOUT"));
        return Promise.resolve().then(effect);
      });
    return {
      get: (name) => reach(() => this.#entryOf(name)),
      create: (name, value) =>
        reach(() => {
          const entry = this.#entries.get(name);
          if (entry?.value !== undefined) throw wrongLastSequence();
          return this.#put(name, String(value));
        }),
      update: (name, value, revision) =>
        reach(() => {
          if (this.#entries.get(name)?.revision !== revision) throw wrongLastSequence();
          return this.#put(name, String(value));
        }),
      delete: (name, options) =>
        reach(() => {
          if (this.#entries.get(name)?.revision !== options?.previousSeq) throw wrongLastSequence();
          this.#put(name, undefined);
        }),
      info: (_stream, options) =>
        reach(() => {
          const prefix = String(options?.subjects_filter).replace(/>$/, "");
          const subjects = [...this.#entries.keys()].flatMap((name) => {
            const subject = `$KV.TRIBUTARY_LEASES.${name}`;
            return subject.startsWith(prefix) ? [[subject, 1]] : [];
          });
          // Leases look at nothing else of it.
          const info: StreamInfo = Object.assign(Object.create(null), {
            state: { subjects: Object.fromEntries(subjects) },
          });
          return info;
        }),
      purge: (_stream, options) =>
        reach(() => {
          const { filter, seq }: PurgeBySeq = { seq: 0, ...options };
          const name = filter?.replace("$KV.TRIBUTARY_LEASES.", "") ?? "";
          const entry = this.#entries.get(name);
          if (entry !== undefined && entry.revision < seq) this.#entries.delete(name);
          return { success: true, purged: 1 };
        }),
    };
  }

  /** Names with an entry, marks included. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  #put(name: string, value: string | undefined): number {
    this.#entries.set(name, { revision: ++this.#sequence, value });
    return this.#sequence;
  }

  #entryOf(name: string): KvEntry | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    const { revision, value } = entry;
    // Nor at anything else of an entry.
    const found: KvEntry = Object.assign(Object.create(null), {
      revision,
      operation: value === undefined ? "DEL" : "PUT",
      json: () => JSON.parse(value ?? "null"),
    });
    return found;
  }
}

function wrongLastSequence(): NatsError {
  const error = new NatsError("wrong last sequence", "JETSTREAM");
  error.api_error = { code: 400, err_code: WRONG_LAST_SEQUENCE, description: "wrong last sequence" };
  return error;
}
