import { monitorEventLoopDelay } from "node:perf_hooks";

/** Time between two looks at the loop: short beside the 50 ms that a pause may take. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** How late the event loop runs its timers. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Delays in seconds since the last call, by quantile ("0.5", "0.99", "1"). */
  take(): { readonly quantile: string; readonly seconds: number }[] {
    const delay = (nanoseconds: number): number =>
      // The histogram holds the time between two looks, so that an idle loop shows the resolution.
      Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
    const seen = this.#histogram.count > 0;
    const result = [
      { quantile: "0.5", seconds: seen ? delay(this.#histogram.percentile(50)) : 0 },
      { quantile: "0.99", seconds: seen ? delay(this.#histogram.percentile(99)) : 0 },
      { quantile: "1", seconds: seen ? delay(this.#histogram.max) : 0 },
    ];
    this.#histogram.reset();
    return result;
  }

  stop(): void {
    this.#histogram.disable();
  }
}
