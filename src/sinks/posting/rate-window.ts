/**
 * At most `count` requests in any `windowMs`: a sliding log of the last starts, exact where a token bucket lets twice as many
 * through at the border of two windows.
 */
export interface RateQuota {
  readonly count: number;
  readonly windowMs: number;
}

/** The window is counted this much longer than the ERP says: requests that are sent apart may arrive closer together. */
const WINDOW_GUARD = 1.01;
/**
 * Longer windows are kept as shorter ones of their share: so requests are spread, and a successor, which does not know when the former
 * runner's were sent, has to wait only this long.
 */
const LONGEST_WINDOW_MS = 10_000;
/** Numbers kept; the largest published limit (6,000 in five minutes) fits well. */
export const MAX_WINDOW_COUNT = 100_000;

export class RateWindow {
  readonly #count: number;
  readonly #windowMs: number;
  /** Times of the last `count` starts, a ring. */
  readonly #starts: Float64Array;
  #next = 0;
  /** Chosen, not started yet: each has its place in the window already. */
  #reserved = 0;

  /** Throws RangeError for a count that is no whole number from 1 to MAX_WINDOW_COUNT. */
  constructor(quota: RateQuota) {
    const { count, windowMs } = spread(quota);
    if (!Number.isInteger(count) || count < 1 || count > MAX_WINDOW_COUNT)
      throw new RangeError(`a rate of ${count} requests can't be kept`);
    this.#count = count;
    this.#windowMs = windowMs * WINDOW_GUARD;
    this.#starts = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until one more may be reserved; Infinity: not before a reserved one has started. */
  waitMs(nowMs: number): number {
    if (this.#reserved >= this.#count) return Number.POSITIVE_INFINITY;
    // The start that has to leave the window so that all reserved ones and one more fit.
    const oldest = this.#starts[(this.#next + this.#reserved) % this.#count]!;
    return Math.max(0, oldest + this.#windowMs - nowMs);
  }

  reserve(): void {
    this.#reserved += 1;
  }

  /** A reserved request starts. */
  start(nowMs: number): void {
    this.#reserved -= 1;
    this.#starts[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#count;
  }

  /** A reserved request is not sent after all. */
  abandon(): void {
    this.#reserved -= 1;
  }

  /** Requests that started in the window that ends now. */
  used(nowMs: number): number {
    const sinceMs = nowMs - this.#windowMs;
    return this.#starts.reduce((used, startMs) => (startMs > sinceMs ? used + 1 : used), 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds in which `count` requests may start. */
  get windowMs(): number {
    return this.#windowMs;
  }
}

/** No window of the quota's length can hold more than `count` where each part of it holds no more than its share. */
function spread({ count, windowMs }: RateQuota): RateQuota {
  const parts = Math.min(count, Math.ceil(windowMs / LONGEST_WINDOW_MS));
  return { count: Math.floor(count / parts), windowMs: windowMs / parts };
}
