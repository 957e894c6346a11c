import { codeOf, messageOf, type ErrorCode } from "../../model/errors.ts";
import type { Lease } from "../../model/lease.ts";
import { POSTING_STATES, type PostingState } from "../../model/posting.ts";
import type { BacklogRow } from "../../model/posting-store.ts";
import { backoffDelayMs } from "../backoff.ts";
import type { ChangeHint } from "../erp/change-notifications.ts";
import { WakeUp } from "../wake-up.ts";
import { drainEstimateMs, drainingDocuments, RecentRate } from "./backlog-figures.ts";
import type { BreakerState } from "./connection-breaker.ts";
import type { DecisionAnswer, DecisionRequest } from "./operator-decisions.ts";
import { PostingTenure } from "./posting-tenure.ts";
import type { GateState } from "./request-gate.ts";
import type { PostingRunnerOptions } from "./runner-options.ts";

/** Faults that another try can't mend: somebody has to look at the logs or the state first. */
const FINAL_FAULTS: readonly ErrorCode[] = [
  "posting-log-corrupt",
  "posting-command-invalid",
  "stream-recreated",
  "stream-rolled-back",
  "stream-refilled",
  "stream-gap",
  "state-corrupt",
  "state-mismatch",
];

/** `waiting`: another process may have the connection; `backing-off`: a fault ended the last try and the next one follows. */
export type RunnerPhase = "waiting" | "posting" | "backing-off" | "stopped" | "failed";

/** What metrics and people see of a connection. */
export interface PostingSnapshot {
  readonly connection: string;
  readonly phase: RunnerPhase;
  /** Undefined while this process does not have the connection. */
  readonly breaker: BreakerState | undefined;
  readonly gate: GateState | undefined;
  /** Documents and money by state, kind and currency. */
  readonly backlog: readonly BacklogRow[];
  /** How long the oldest document of each state has been in it, milliseconds. */
  readonly oldestAgeMs: Partial<Record<PostingState, number>>;
  readonly resultsPending: number;
  readonly strays: number;
  /** When the ERP's subscriptions end unless they are renewed; undefined where none is known to be alive, or another process has the connection. */
  readonly subscriptionEndsAtMs: number | undefined;
  readonly confirmedPerSecond: number;
  /** Until what waits for the ERP is posted; null where nothing says. */
  readonly drainMs: number | null;
  readonly lastErrorCode: ErrorCode | undefined;
  readonly lastErrorMessage: string | undefined;
}

/**
 * A connection's runner, one of many candidates: waits for the lease, posts while it has it, and begins again when it was lost or the broker
 * was away. An ERP that is down is no fault of it: documents wait, visibly.
 */
export class PostingRunner {
  readonly #options: PostingRunnerOptions;
  readonly #rate = new RecentRate();
  readonly #wakeUp: WakeUp;
  readonly #stop = new AbortController();
  #tenure: PostingTenure | undefined;
  #phase: RunnerPhase = "waiting";
  #lastFault: { readonly code: ErrorCode; readonly message: string } | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: PostingRunnerOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes what is under way and gives the connection up. The store is the caller's to close. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#tenure?.stop();
    this.#wakeUp.signal("stop");
    await this.#loop;
    if (this.#phase !== "failed") this.#phase = "stopped";
  }

  /** An operator's decision; only the process that has the connection can take it. */
  decide(request: DecisionRequest): Promise<DecisionAnswer> {
    return (
      this.#tenure?.decide(request) ??
      Promise.resolve({ status: "refused", message: "This process does not have the connection." })
    );
  }

  /** Has what an ERP has told of read; false where this process does not have the connection. Throws what the store says. */
  notice(hint: ChangeHint): boolean {
    return this.#tenure?.notice(hint) ?? false;
  }

  get phase(): RunnerPhase {
    return this.#phase;
  }

  snapshot(): PostingSnapshot {
    const { connection, store, clock, quota } = this.#options;
    const nowMs = clock.nowMs();
    const backlog = store.backlog();
    const perSecond = this.#rate.perSecond(nowMs);
    const gate = this.#tenure?.gate;
    return {
      connection,
      phase: this.#phase,
      breaker: this.#tenure?.breaker?.state,
      gate: gate?.state(),
      backlog,
      oldestAgeMs: this.#oldestAges(nowMs),
      resultsPending: store.resultsPending(),
      strays: store.strayCount(),
      subscriptionEndsAtMs: this.#tenure?.subscriptionEndsAtMs,
      confirmedPerSecond: perSecond,
      drainMs: drainEstimateMs(drainingDocuments(backlog), {
        perSecond,
        quota,
        leftToday: gate?.leftToday() ?? quota.perDay ?? Number.POSITIVE_INFINITY,
        nowMs,
      }),
      lastErrorCode: this.#lastFault?.code,
      lastErrorMessage: this.#lastFault?.message,
    };
  }

  #oldestAges(nowMs: number): Partial<Record<PostingState, number>> {
    const ages: Partial<Record<PostingState, number>> = {};
    for (const state of POSTING_STATES) {
      const sinceMs = this.#options.store.oldestSinceMs(state);
      if (sinceMs !== undefined) ages[state] = Math.max(0, nowMs - sinceMs);
    }
    return ages;
  }

  async #run(): Promise<void> {
    const { clock, random, onFault } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted;) {
      const startedMs = clock.monotonicMs();
      try {
        await this.#hold();
        failures = 0;
      } catch (fault) {
        // One that was stopped while it was starting says so by a fault too.
        if (this.#stop.signal.aborted && codeOf(fault) === "posting-lease-lost") return;
        this.#lastFault = { code: codeOf(fault), message: messageOf(fault) };
        onFault(fault);
        if (FINAL_FAULTS.includes(codeOf(fault))) {
          this.#phase = "failed";
          return;
        }
        // One that worked for a while begins with short waits again.
        failures = clock.monotonicMs() - startedMs > HEALTHY_MS ? 1 : failures + 1;
        this.#phase = "backing-off";
        await this.#wakeUp.wait(backoffDelayMs(failures, random), ["stop"]);
      }
    }
  }

  /** Has the connection once. */
  async #hold(): Promise<void> {
    this.#phase = "waiting";
    const lease = await this.#acquire();
    if (lease === undefined) return;
    this.#phase = "posting";
    const tenure = new PostingTenure(this.#options, lease, this.#rate);
    this.#tenure = tenure;
    if (this.#stop.signal.aborted) tenure.stop();
    try {
      await tenure.run();
    } finally {
      this.#tenure = undefined;
      // Nothing of it is under way any more: the next one need not wait for the lease's end.
      await lease.release().catch(() => undefined);
    }
  }

  /** Undefined where the wait was ended by `stop`. */
  async #acquire(): Promise<Lease | undefined> {
    const { leases, leaseName } = this.#options;
    try {
      return await leases.acquire(leaseName, this.#stop.signal);
    } catch (fault) {
      if (this.#stop.signal.aborted) return undefined;
      throw fault;
    }
  }
}

/** A tenure that has lasted so long was a healthy one. */
const HEALTHY_MS = 60_000;
