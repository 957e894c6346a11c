import type { Clock } from "../model/clock.ts";
import { codeOf, messageOf, TributaryError, type ErrorCode } from "../model/errors.ts";
import type { Channel, DeliveredOrdinal, OutboxEntry } from "../model/outputs.ts";
import type { PartitionStore } from "../model/store.ts";
import { backoffDelayMs } from "./backoff.ts";
import type { DeliveryTarget } from "./delivery-target.ts";
import { nextChunk, type ChunkLimits } from "./outbox-chunk.ts";
import { WakeUp } from "./wake-up.ts";

/** Faults that another try can't mend: another owner is at work, or the outbox can't be read. */
const FINAL_FAULTS: readonly ErrorCode[] = ["publication-fenced", "state-corrupt"];

export type OutboxRunnerPhase = "starting" | "idle" | "delivering" | "backing-off" | "stopped" | "failed";

/** What metrics and the status page show of a runner. */
export interface OutboxRunnerState {
  readonly target: string;
  readonly channel: Channel;
  readonly phase: OutboxRunnerPhase;
  /** Last ordinal the target is known to have. */
  readonly deliveredOrdinal: number;
  /** Entries committed but not delivered. */
  readonly pending: number;
  /**
   * Entries that were delivered before but that the target no longer proved to have at start (expired, moved away,
   * or lost); they are not delivered again.
   */
  readonly missingAtTarget: number;
  /** Failures since the last success; 0 when all is well. */
  readonly failures: number;
  readonly lastErrorCode: ErrorCode | undefined;
  readonly lastErrorMessage: string | undefined;
  /** Wall clock of the first failure since the last success, milliseconds since the epoch. */
  readonly failingSinceMs: number | undefined;
}

export interface OutboxRunnerOptions {
  readonly store: Pick<
    PartitionStore,
    "outboxAfter" | "outboxPending" | "deliveredOrdinal" | "setDeliveredOrdinal"
  >;
  readonly target: DeliveryTarget;
  readonly limits: ChunkLimits;
  readonly clock: Clock;
  /** Gives [0, 1); spreads retries. */
  readonly random: () => number;
  /** Told of each failed attempt; the next one follows by itself unless `onFailed` is called too. */
  readonly onAttemptFailed?: (error: unknown, failures: number) => void;
  /** Called once, when a fault ended the runner for good (`publication-fenced`, `state-corrupt`). */
  readonly onFailed: (error: TributaryError) => void;
}

/**
 * Delivers the committed entries of one channel of one partition to one target, in order, and never gives up: an
 * outage is a backlog in the outbox (on disk, not in memory) and a visible state. The cursor moves after the target
 * has the entries; what is delivered twice because of a crash in between is the target's to recognise.
 */
export class OutboxRunner {
  readonly #options: OutboxRunnerOptions;
  readonly #wakeUp: WakeUp;
  #phase: OutboxRunnerPhase = "starting";
  #position = 0;
  #positionKnown = false;
  #missingAtTarget = 0;
  #failures = 0;
  #lastError: { readonly code: ErrorCode; readonly message: string } | undefined;
  #failingSinceMs: number | undefined;
  #stopping = false;
  #drainsWaiting = 0;
  #loop: Promise<void> | undefined;

  constructor(options: OutboxRunnerOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
    this.#position = options.store.deliveredOrdinal(options.target.name);
  }

  /** See `DeliveryTarget.fence`; undefined where the target has none. */
  async fence(owner: string): Promise<DeliveredOrdinal | undefined> {
    const { target } = this.#options;
    const ordinal = await target.fence?.(owner);
    return ordinal === undefined ? undefined : { channel: target.channel, ordinal };
  }

  /** Begins to deliver; a second call does nothing. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Says that entries may have been committed. Never throws, never waits. */
  kick(): void {
    this.#wakeUp.signal("kick");
  }

  state(): OutboxRunnerState {
    const { store, target } = this.#options;
    return {
      target: target.name,
      channel: target.channel,
      phase: this.#phase,
      deliveredOrdinal: this.#position,
      pending: store.outboxPending(target.name, target.channel),
      missingAtTarget: this.#missingAtTarget,
      failures: this.#failures,
      lastErrorCode: this.#lastError?.code,
      lastErrorMessage: this.#lastError?.message,
      failingSinceMs: this.#failingSinceMs,
    };
  }

  /**
   * Delivers what is committed without lingering; resolves true when nothing is pending, false when `timeoutMs` have
   * passed or the runner has ended with entries pending.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    const { clock, store, target } = this.#options;
    const pending = (): number => store.outboxPending(target.name, target.channel);
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#drainsWaiting += 1;
    try {
      this.#wakeUp.signal("drain");
      while (pending() > 0 && this.#loop !== undefined && !this.#ended) {
        const leftMs = deadlineMs - clock.monotonicMs();
        if (leftMs <= 0) return false;
        await this.#wakeUp.nextChange(leftMs);
      }
      return pending() === 0;
    } finally {
      this.#drainsWaiting -= 1;
    }
  }

  /** Ends after what is under delivery; resolves when the store and the target are no longer used. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeUp.signal("stop");
    await this.#loop;
    if (this.#phase !== "failed") this.#enter("stopped");
  }

  get #ended(): boolean {
    return this.#phase === "stopped" || this.#phase === "failed";
  }

  #enter(phase: OutboxRunnerPhase): void {
    this.#phase = phase;
    this.#wakeUp.announceChange();
  }

  async #run(): Promise<void> {
    let chunk: readonly OutboxEntry[] | undefined;
    while (!this.#stopping) {
      try {
        if (!this.#positionKnown) await this.#findPosition();
        // A chunk that failed is tried again as it was, so that a target can recognise it.
        chunk ??= await this.#collectChunk();
        if (chunk === undefined) continue;
        await this.#deliver(chunk);
        chunk = undefined;
      } catch (error) {
        if (this.#noteFailure(error)) return;
        this.#enter("backing-off");
        // A commit must not cut the wait short: there is one a second.
        await this.#wakeUp.wait(backoffDelayMs(this.#failures, this.#options.random), ["drain", "stop"]);
      }
    }
  }

  async #findPosition(): Promise<void> {
    const { store, target } = this.#options;
    const recorded = store.deliveredOrdinal(target.name);
    const proven = await target.lastDelivered();
    this.#missingAtTarget = target.provesDelivery ? Math.max(0, recorded - proven) : 0;
    this.#position = Math.max(recorded, proven);
    if (proven > recorded) store.setDeliveredOrdinal(target.name, target.channel, proven);
    this.#positionKnown = true;
    this.#noteSuccess();
  }

  /** The next chunk; undefined after a wait, when it is time to look again. */
  async #collectChunk(): Promise<readonly OutboxEntry[] | undefined> {
    const { store, target, limits } = this.#options;
    const first = nextChunk(store, target, this.#position, limits);
    if (first.entries.length === 0) {
      this.#enter("idle");
      await this.#wakeUp.wait(undefined, ["kick", "drain", "stop"]);
      return undefined;
    }
    if (first.full || limits.lingerMs === 0) return first.entries;
    return this.#linger();
  }

  /** Waits for a fuller chunk, at most `lingerMs`, not at all while something drains. */
  async #linger(): Promise<readonly OutboxEntry[] | undefined> {
    const { store, target, limits, clock } = this.#options;
    this.#enter("idle");
    const untilMs = clock.monotonicMs() + limits.lingerMs;
    for (;;) {
      const chunk = nextChunk(store, target, this.#position, limits);
      const leftMs = untilMs - clock.monotonicMs();
      if (chunk.full || leftMs <= 0 || this.#drainsWaiting > 0) return chunk.entries;
      if (this.#stopping) return undefined;
      await this.#wakeUp.wait(leftMs, ["kick", "drain", "stop"]);
    }
  }

  async #deliver(chunk: readonly OutboxEntry[]): Promise<void> {
    const { store, target } = this.#options;
    const last = chunk.at(-1);
    if (last === undefined) return;
    this.#enter("delivering");
    await target.deliver(chunk);
    store.setDeliveredOrdinal(target.name, target.channel, last.ordinal);
    this.#position = last.ordinal;
    this.#noteSuccess();
  }

  #noteSuccess(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#failingSinceMs = undefined;
    this.#wakeUp.announceChange();
  }

  /** True where the runner is at its end. */
  #noteFailure(error: unknown): boolean {
    const code = codeOf(error);
    this.#failures += 1;
    this.#failingSinceMs ??= this.#options.clock.nowMs();
    this.#lastError = { code, message: messageOf(error) };
    this.#options.onAttemptFailed?.(error, this.#failures);
    if (!FINAL_FAULTS.includes(code)) return false;
    this.#enter("failed");
    this.#options.onFailed(
      error instanceof TributaryError ? error : new TributaryError(code, messageOf(error), { cause: error }),
    );
    return true;
  }
}
