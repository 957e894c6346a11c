import { TributaryError } from "../../../src/model/errors.ts";
import type { PostingRecord, PostingResult } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import type { ErpSink } from "../../../src/sinks/erp/erp-sink.ts";
import { defaultPolicy, type PostingPolicy } from "../../../src/sinks/posting/posting-policy.ts";
import { PostingRunner } from "../../../src/sinks/posting/posting-runner.ts";
import type { RequestQuota } from "../../../src/sinks/posting/request-gate.ts";
import {
  DEFAULT_RECONCILIATION,
  type ReconciliationOptions,
} from "../../../src/sinks/posting/runner-options.ts";
import { openPostingStore } from "../../../src/state/postings/posting-store.ts";
import { CONNECTION } from "./commands.ts";
import { MemoryLeases } from "../memory-leases.ts";
import { commandLog, MemoryStream, postingLog, type AppendFault } from "./memory-logs.ts";
import { seeded, SimClock } from "./sim-clock.ts";
import { SimProcess } from "./sim-process.ts";

/** Few, so that what waits goes in several requests. */
const MAX_RESULTS = 3;
const LEASE_MS = 90_000;

export interface RunnerWorldOptions {
  readonly quota?: Partial<RequestQuota>;
  readonly policy?: Partial<PostingPolicy>;
  readonly reconciliation?: Partial<ReconciliationOptions>;
  readonly leaseMs?: number;
  readonly appendLatencyMs?: number;
  readonly appendFault?: () => AppendFault;
  /** Whether a partition takes a result now. */
  readonly takesResult?: (partition: number, key: string) => boolean;
  readonly seed?: number;
}

/** A connection with its broker and partitions in memory, in front of an ERP of whatever kind; runners come and go. */
export abstract class RunnerWorld {
  readonly clock: SimClock;
  readonly commands: MemoryStream;
  readonly postings: MemoryStream;
  readonly leases: MemoryLeases;
  /** Last result of each document, by partition and key, and how many came. */
  readonly told = new Map<string, PostingResult>();
  readonly faults: unknown[] = [];
  /** Ends of subscriptions, each time that they stood anew; and why they could not be kept. */
  readonly subscribed: number[] = [];
  readonly subscriptionFaults: TributaryError[] = [];
  results = 0;
  readonly #options: RunnerWorldOptions;
  readonly #random: () => number;

  protected constructor(options: RunnerWorldOptions, clock = new SimClock()) {
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
    this.clock = clock;
    this.commands = new MemoryStream(`COMMANDS_${CONNECTION}`, clock);
    this.postings = new MemoryStream(`POSTINGS_${CONNECTION}`, clock);
    this.leases = new MemoryLeases(options.leaseMs ?? LEASE_MS);
  }

  /** The adapter of one process. */
  protected abstract sinkOf(process: SimProcess): ErpSink;

  store(): PostingStore {
    return openPostingStore(":memory:", CONNECTION);
  }

  /** A process with a runner on a store of its machine. */
  runner(store: PostingStore, process = new SimProcess(this.clock, 0)): PostingRunner {
    const {
      quota,
      policy,
      reconciliation,
      appendLatencyMs = 4,
      appendFault = () => undefined,
    } = this.#options;
    const sink = this.sinkOf(process);
    return new PostingRunner({
      connection: CONNECTION,
      leaseName: CONNECTION,
      owner: "worker",
      sink,
      commands: commandLog(this.commands, process, this.clock),
      postings: postingLog({
        stream: this.postings,
        process,
        clock: this.clock,
        latencyMs: appendLatencyMs,
        nextFault: appendFault,
      }),
      leases: this.leases.boardOf(process),
      store: process.guard(store),
      results: {
        maxResults: MAX_RESULTS,
        send: (partition, results) => process.call(() => this.#take(partition, results)),
      },
      quota: { maxConcurrent: 3, rate: undefined, perDay: undefined, ...quota },
      policy: { ...defaultPolicy(sink), ...policy },
      reconciliation: { ...DEFAULT_RECONCILIATION, ...reconciliation },
      clock: process.clock,
      random: this.#random,
      faults: process.faults,
      onFault: (fault) => {
        if (!process.isDead) this.faults.push(fault);
      },
      onResultFailed: () => undefined,
      onSubscribed: (endsAtMs) => this.subscribed.push(endsAtMs),
      onSubscriptionFailed: (fault) => this.subscriptionFaults.push(fault),
    });
  }

  async #take(partition: number, results: readonly PostingResult[]): Promise<void> {
    await this.clock.delay(5);
    if (results.some(({ key }) => this.#options.takesResult?.(partition, key) === false))
      throw new TributaryError("operator-no-owner", "nobody owns the partition");
    this.results += results.length;
    for (const result of results) {
      const name = `${partition}/${result.key}`;
      const before = this.told.get(name);
      if (before === undefined || before.posting < result.posting) this.told.set(name, result);
    }
  }
}

/** All records of a connection, in order. */
export function recordsOf({ postings }: Pick<RunnerWorld, "postings">): PostingRecord[] {
  return postings.messages.flatMap(({ data }): PostingRecord[] =>
    JSON.parse(Buffer.from(data).toString("utf8")),
  );
}

/** The states that a document went through, with reasons. */
export function trailOf(world: Pick<RunnerWorld, "postings">, key: string): string[] {
  return recordsOf(world).flatMap((record) =>
    record.kind === "transition" && record.key === key
      ? [record.reason === null ? record.to : `${record.to} (${record.reason})`]
      : [],
  );
}
