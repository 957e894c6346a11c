import type { Clock } from "../model/clock.ts";

/** Tasks that are done again and again until they are stopped, or one of them fails. */
export class RepeatedTasks {
  readonly #clock: Clock;
  readonly #onFault: (fault: unknown) => void;
  #stops: (() => void)[] = [];

  constructor(clock: Clock, onFault: (fault: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** The interval is from the end of one to the begin of the next. */
  every(intervalMs: number, task: () => Promise<void>): void {
    this.#repeat(intervalMs, () => intervalMs, task);
  }

  /** The interval is from the begin of one to the begin of the next; one that takes longer is followed by the next one at once. */
  atPace(firstMs: number, intervalMs: number, task: () => Promise<void>): void {
    this.#repeat(firstMs, (tookMs) => Math.max(0, intervalMs - tookMs), task);
  }

  #repeat(firstMs: number, pauseMs: (tookMs: number) => number, task: () => Promise<void>): void {
    let stopped = false;
    let cancel = (): void => undefined;
    const arm = (delayMs: number): void => {
      cancel = this.#clock.schedule(delayMs, () => {
        const startedMs = this.#clock.monotonicMs();
        void this.#run(task).then((again) => {
          if (again && !stopped) arm(pauseMs(this.#clock.monotonicMs() - startedMs));
          return again;
        });
      });
    };
    arm(firstMs);
    this.#stops.push(() => {
      stopped = true;
      cancel();
    });
  }

  /** What ends with the tasks. */
  whenStopped(stop: () => void): void {
    this.#stops.push(stop);
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /** False where the task failed. */
  async #run(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (fault) {
      this.#onFault(fault);
      return false;
    }
  }
}
