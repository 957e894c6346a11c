/** A window without a throttle after which one more request at a time is tried. */
export const CLEAN_WINDOW_MS = 10_000;

/**
 * How many requests may be under way at a time: from the configured number, halved when the ERP throttles, one more after each clean
 * window (additive increase, multiplicative decrease), never below one.
 */
export class ConcurrencyLimit {
  readonly #max: number;
  #limit: number;
  #changedMs = Number.NEGATIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  limit(nowMs: number): number {
    while (this.#limit < this.#max && nowMs - this.#changedMs >= CLEAN_WINDOW_MS) {
      this.#limit += 1;
      this.#changedMs += CLEAN_WINDOW_MS;
    }
    return this.#limit;
  }

  /**
   * The ERP throttled a request that started at `startedMs`: those that had started before the last halving don't halve again. Nothing is
   * sent until `resumesMs`.
   */
  throttled(startedMs: number, nowMs: number, resumesMs: number): void {
    const before = this.limit(nowMs);
    if (startedMs >= this.#changedMs || before === this.#max)
      this.#limit = Math.max(1, Math.floor(before / 2));
    // The window begins anew: a throttle is in it, and a pause shows nothing of what the ERP takes.
    this.#changedMs = Math.max(this.#changedMs, resumesMs);
  }

  get max(): number {
    return this.#max;
  }
}
