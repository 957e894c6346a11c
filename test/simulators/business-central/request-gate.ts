import { tooManyRequests } from "./errors.ts";

export interface GateOptions {
  /** Requests that run at once. */
  readonly running: number;
  /** Requests that wait behind them. */
  readonly waiting: number;
  /** Requests of a window, each operation of a batch one. */
  readonly perWindow: number;
  readonly windowMs: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
}

/** What one user may ask for: five requests run, some wait, and a window has so many. */
export class RequestGate {
  readonly #options: GateOptions;
  /** Places that others of the same user take. */
  #occupied = 0;
  /** The most that ran at once. */
  highest = 0;
  refused = 0;
  #running = 0;
  #waiting: (() => void)[] = [];
  #times: number[] = [];
  #stormUntilMs = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  beginStorm(ms: number): void {
    this.#stormUntilMs = this.#options.nowMs() + ms;
  }

  endStorm(): void {
    this.#stormUntilMs = 0;
  }

  occupy(places: number): void {
    this.#occupied = places;
    this.#admit();
  }

  /** Throws 429 where too much is asked; else waits for a place. */
  async run<Result>(operations: number, work: () => Promise<Result>): Promise<Result> {
    this.#count(operations);
    if (this.#isFull()) {
      if (this.#waiting.length >= this.#options.waiting) {
        this.refused += 1;
        throw tooManyRequests(
          `Too many requests reached. Actual (${this.#options.running + this.#options.waiting + 1}). Maximum (${this.#options.running + this.#options.waiting}).`,
        );
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#running += 1;
    this.highest = Math.max(this.highest, this.#running + this.#occupied);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#admit();
    }
  }

  /** Lets everything go that waits: the simulator ends. */
  release(): void {
    for (const admit of this.#waiting.splice(0)) admit();
  }

  #isFull(): boolean {
    return this.#running + this.#occupied >= this.#options.running;
  }

  #admit(): void {
    if (!this.#isFull()) this.#waiting.shift()?.();
  }

  #count(operations: number): void {
    const nowMs = this.#options.nowMs();
    const { perWindow, windowMs } = this.#options;
    const isStorm = nowMs < this.#stormUntilMs;
    this.#times = this.#times.filter((time) => time > nowMs - windowMs);
    if (isStorm || this.#times.length + operations > perWindow) {
      this.refused += 1;
      const [first = nowMs] = this.#times;
      const waitMs = isStorm ? this.#stormUntilMs - nowMs : first + windowMs - nowMs;
      throw tooManyRequests(
        "The request limit of the time window is reached.",
        isStorm ? undefined : Math.max(1, Math.ceil(waitMs / 1000)),
      );
    }
    for (let operation = 0; operation < operations; operation++) this.#times.push(nowMs);
  }
}
