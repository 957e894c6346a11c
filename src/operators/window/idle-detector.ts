/** What the caller knows about a region's input at the moment of the question. */
export interface InputState {
  /** Messages that are stored but not delivered yet. */
  readonly pending: number;
  /** Whether all that was delivered is processed and a request for more is outstanding. */
  readonly caughtUp: boolean;
}

const NOTHING_PENDING: InputState = { pending: 0, caughtUp: true };

/**
 * Finds regions from which nothing comes any more. It reads no clock: times are passed in, and what it finds becomes
 * a record of the control log before it counts. A region is idle when the timeout has passed since its last event
 * (or, where none came, since it was first asked about), nothing is pending and the reader is caught up: a source
 * that is only blocked is not idle. The comparison is `≥`: the documented timeout is the longest wait, where systems
 * that compare by `>` from the first check after an event wait up to twice as long.
 */
export class IdleDetector {
  readonly #timeoutMs: number;
  readonly #lastActivityMs = new Map<string, number>();

  /** RangeError unless timeoutMs > 0. */
  constructor(timeoutMs: number) {
    if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs must be greater than 0; got ${String(timeoutMs)}`);
    this.#timeoutMs = timeoutMs;
  }

  /** An event of the region was processed at `nowMs` of a clock that never goes back. */
  activity(region: string, nowMs: number): void {
    this.#lastActivityMs.set(region, nowMs);
  }

  isIdle(region: string, nowMs: number, input: InputState = NOTHING_PENDING): boolean {
    const lastMs = this.#lastActivityMs.get(region);
    if (lastMs === undefined) {
      this.#lastActivityMs.set(region, nowMs);
      return false;
    }
    return input.pending === 0 && input.caughtUp && nowMs - lastMs >= this.#timeoutMs;
  }
}
