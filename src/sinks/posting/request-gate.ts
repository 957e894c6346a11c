import type { Clock } from "../../model/clock.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import type { DailyBudget } from "./daily-budget.ts";
import { RateWindow, type RateQuota } from "./rate-window.ts";

/** What an ERP takes of us, all workers together. */
export interface RequestQuota {
  /** Requests under way at a time. */
  readonly maxConcurrent: number;
  /** Undefined: no limit. */
  readonly rate: RateQuota | undefined;
  /** Per UTC day; undefined: no limit. */
  readonly perDay: number | undefined;
}

/** How soon one looks again where nothing says when there will be room. */
const LOOK_MS = 5;
/** Where the ERP throttles and does not say for how long: doubling with each throttle in a row. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const DOUBLINGS_MAX = 6;
/** No answer keeps the connection quiet for longer than this. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

export interface GateState {
  readonly inFlight: number;
  /** How many the ERP is trusted to take now. */
  readonly limit: number;
  readonly maxConcurrent: number;
  /** Share of the quota in use: the largest of concurrency, rate and day. */
  readonly utilization: number;
  /** Milliseconds for which the ERP wants to be left alone; 0 where it does not. */
  readonly pausedMs: number;
}

/** A right to one request; ended once. */
export interface Permit {
  /** The request is sent now. */
  start(): void;
  /** It has ended, however. */
  end(): void;
  /** Its deadline has ended it without an answer: the ERP may still work on it for so long. */
  unanswered(forMs: number): void;
  /** It has ended and the ERP wants less; `retryAfterMs` where it says for how long. */
  throttled(retryAfterMs: number | undefined): void;
}

/** Lets requests through as the ERP's quotas allow: every kind of request counts, whoever makes it. Never more than allowed. */
export class RequestGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #concurrency: ConcurrencyLimit;
  readonly #window: RateWindow | undefined;
  readonly #budget: DailyBudget;
  #inFlight = 0;
  /** Until when places are kept of requests that were given up: in the ERP they may be under way. */
  #keptUntilMs: number[] = [];
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  #throttlesInRow = 0;
  /** Further requests of calls that are under way, which wait for room: they come first, since others wait for their calls to end. */
  #waiting = 0;

  constructor(options: {
    readonly quota: RequestQuota;
    readonly budget: DailyBudget;
    readonly clock: Clock;
    readonly random: () => number;
  }) {
    const { quota, budget, clock, random } = options;
    this.#clock = clock;
    this.#random = random;
    this.#concurrency = new ConcurrencyLimit(quota.maxConcurrent);
    this.#window = quota.rate === undefined ? undefined : new RateWindow(quota.rate);
    this.#budget = budget;
  }

  /** Milliseconds until one more request may be chosen; Infinity: not before one has ended or started. */
  waitMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const limit = this.#concurrency.limit(nowMs);
    if (this.#inFlight >= limit) return Number.POSITIVE_INFINITY;
    const kept = this.#kept(nowMs);
    // So many have to end until one more fits.
    const excess = this.#inFlight + kept.length - limit;
    if (excess >= 0) return Math.max(1, (kept[excess] ?? nowMs) - nowMs);
    return Math.max(this.#waiting === 0 ? 0 : LOOK_MS, this.#roomMs(nowMs));
  }

  /**
   * Resolves when the quota has room for one request more of a call that has its permit, and counts it: the call has its place among those
   * that are under way, rate and day count each request. Rejects when the signal ends the wait, or the day's requests are used up.
   */
  async further(signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#budget.waitMs() > 0) throw new RangeError("the requests of the day are used up");
        const nowMs = this.#clock.monotonicMs();
        const waitMs = this.#roomMs(nowMs);
        if (waitMs === 0) break;
        await this.#pass(Number.isFinite(waitMs) ? waitMs : LOOK_MS, signal);
      }
    } finally {
      this.#waiting -= 1;
    }
    this.#window?.reserve();
    this.#window?.start(this.#clock.monotonicMs());
    this.#budget.use();
  }

  /** Ends of the places that are kept now, the soonest first. */
  #kept(nowMs: number): readonly number[] {
    this.#keptUntilMs = this.#keptUntilMs
      .filter((untilMs) => untilMs > nowMs)
      .sort((one, other) => one - other);
    return this.#keptUntilMs;
  }

  /** Milliseconds until rate, day and the ERP's own wish let one more request through. */
  #roomMs(nowMs: number): number {
    return Math.max(0, this.#closedUntilMs - nowMs, this.#window?.waitMs(nowMs) ?? 0, this.#budget.waitMs());
  }

  /** Waits, or until the signal ends it. */
  #pass(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#clock.schedule(ms, end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** Throws where `waitMs` is not 0. */
  take(): Permit {
    if (this.waitMs() > 0) throw new RangeError("the gate is closed");
    this.#inFlight += 1;
    this.#window?.reserve();
    // Counted before it is sent: a crash between must not forget it.
    const day = this.#budget.use();
    let startedMs: number | undefined;
    let isEnded = false;
    const end = (): boolean => {
      if (isEnded) return false;
      isEnded = true;
      this.#inFlight -= 1;
      if (startedMs === undefined) {
        this.#window?.abandon();
        this.#budget.giveBack(day);
      }
      return true;
    };
    return {
      start: () => {
        startedMs = this.#clock.monotonicMs();
        this.#window?.start(startedMs);
        this.#budget.sent(day);
      },
      unanswered: (forMs) => {
        if (end()) this.#keptUntilMs.push(this.#clock.monotonicMs() + forMs);
      },
      end: () => {
        if (end() && startedMs !== undefined) this.#throttlesInRow = 0;
      },
      throttled: (retryAfterMs) => {
        if (end()) this.#pause(startedMs ?? this.#clock.monotonicMs(), retryAfterMs);
      },
    };
  }

  state(): GateState {
    const nowMs = this.#clock.monotonicMs();
    const { max } = this.#concurrency;
    const rate = this.#window === undefined ? 0 : this.#window.used(nowMs) / this.#window.count;
    const inFlight = this.#inFlight + this.#kept(nowMs).length;
    return {
      inFlight,
      limit: this.#concurrency.limit(nowMs),
      maxConcurrent: max,
      utilization: Math.max(inFlight / max, rate, this.#budget.utilization()),
      pausedMs: Math.max(0, this.#closedUntilMs - nowMs),
    };
  }

  /** Milliseconds for which requests that a former runner has sent still count. */
  get memoryMs(): number {
    return this.#window?.windowMs ?? 0;
  }

  /** Requests that are left today; Infinity where there is no limit. */
  leftToday(): number {
    return this.#budget.left();
  }

  #pause(startedMs: number, retryAfterMs: number | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    const doublings = Math.min(this.#throttlesInRow, DOUBLINGS_MAX);
    this.#throttlesInRow += 1;
    const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** doublings);
    const pauseMs =
      retryAfterMs === undefined
        ? bound / 2 + (this.#random() * bound) / 2
        : Math.min(LONGEST_RETRY_AFTER_MS, retryAfterMs);
    this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + pauseMs);
    this.#concurrency.throttled(startedMs, nowMs, this.#closedUntilMs);
  }
}
