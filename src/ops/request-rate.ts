import type { Clock } from "../model/clock.ts";

const MINUTE_MS = 60_000;

/** Lets so many requests a minute in: as many at once, and then as they come again. */
export class RequestRate {
  readonly #clock: Clock;
  readonly #perMinute: number;
  #left: number;
  #countedMs: number;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#left = perMinute;
    this.#countedMs = clock.monotonicMs();
  }

  /** False where there have been too many. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const earned = ((nowMs - this.#countedMs) / MINUTE_MS) * this.#perMinute;
    this.#countedMs = nowMs;
    this.#left = Math.min(this.#perMinute, this.#left + earned);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
