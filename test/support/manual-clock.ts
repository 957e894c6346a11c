import type { Clock } from "../../src/model/clock.ts";

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #nowMs = 1_767_225_600_000;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  schedule(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }
  async yieldTurn(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Delay of the next task, undefined where none is waiting. */
  nextDelayMs(): number | undefined {
    const times = this.#tasks.map((entry) => entry.atMs);
    return times.length === 0 ? undefined : Math.min(...times) - this.#nowMs;
  }

  /** Moves on and runs what is due, in order; then lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#tasks.filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((entry) => entry !== due);
      this.#nowMs = due.atMs;
      due.task();
      await this.settle();
    }
    this.#nowMs = untilMs;
    await this.settle();
  }

  /** Lets pending callbacks of memory-only work finish. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await this.yieldTurn();
  }
}
