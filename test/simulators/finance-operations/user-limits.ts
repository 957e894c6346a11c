import { throttled } from "./errors.ts";
import type { Switches } from "./controls.ts";

/** Too much at once, or in a window: by the service's resources (a storm that a fault begins), and by the limits of a user where they are set. */
export class UserLimits {
  readonly #switches: Switches;
  readonly #nowMs: () => number;
  #times: number[] = [];
  #running = 0;
  highest = 0;

  constructor(switches: Switches, nowMs: () => number) {
    this.#switches = switches;
    this.#nowMs = nowMs;
  }

  /** Throws 429 with `Retry-After` for what is too much. */
  async run<Result>(act: () => Promise<Result>): Promise<Result> {
    const nowMs = this.#nowMs();
    const { userLimits, stormEndsMs } = this.#switches;
    if (nowMs < stormEndsMs) throw throttled(Math.ceil((stormEndsMs - nowMs) / 1_000), "resources");
    if (userLimits !== null) {
      const { requests, windowMs, concurrent } = userLimits;
      this.#times = this.#times.filter((time) => time > nowMs - windowMs);
      if (this.#times.length >= requests)
        throw throttled(Math.ceil(((this.#times[0] ?? nowMs) + windowMs - nowMs) / 1_000), "requests");
      if (this.#running >= concurrent) throw throttled(1, "concurrency");
      this.#times.push(nowMs);
    }
    this.#running += 1;
    this.highest = Math.max(this.highest, this.#running);
    try {
      return await act();
    } finally {
      this.#running -= 1;
    }
  }
}
