import { concurrencyExceeded } from "./errors.ts";

/** The places of an account's pool, which all of its integrations share. */
export class RequestPool {
  readonly #places: number;
  readonly #nowMs: () => number;
  /** Taken by other integrations. */
  occupied = 0;
  /** The most that were taken at once. */
  highest = 0;
  refused = 0;
  #own = 0;
  #stormUntilMs = 0;
  /** Settles when held requests may go on. */
  #released = Promise.resolve();
  #release = (): void => undefined;

  /** @param nowMs milliseconds: what storms end by */
  constructor(places: number, nowMs: () => number) {
    this.#places = places;
    this.#nowMs = nowMs;
  }

  /** Everything is refused for a time. */
  beginStorm(ms: number): void {
    this.#stormUntilMs = this.#nowMs() + ms;
  }

  endStorm(): void {
    this.#stormUntilMs = 0;
  }

  /** Requests that get a place from now on wait in it. */
  hold(): void {
    this.release();
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  /** A place is taken until the work is done, also where the client has gone away. Throws 429 where none is left. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const taken = this.#own + this.occupied;
    if (this.#nowMs() < this.#stormUntilMs || taken >= this.#places) {
      this.refused += 1;
      throw concurrencyExceeded();
    }
    this.#own += 1;
    this.highest = Math.max(this.highest, taken + 1);
    try {
      await this.#released;
      return await work();
    } finally {
      this.#own -= 1;
    }
  }
}
