/** The latest requests that are kept. */
const MAX_LOGGED = 200_000;

/** A request of a log that keeps times. */
export interface TimedRequest {
  readonly at: string;
  readonly method: string;
  /** With the query; it has no secrets. */
  readonly path: string;
  /** 0: the connection was broken. */
  readonly status: number;
  readonly elapsedMs: number;
}

/** The latest requests that a simulator answered, oldest first. */
export class RequestLog<Entry> {
  readonly #entries: Entry[] = [];
  readonly #most: number;

  constructor(most = MAX_LOGGED) {
    this.#most = most;
  }

  add(entry: Entry): void {
    if (this.#entries.length >= this.#most) this.#entries.shift();
    this.#entries.push(entry);
  }

  all(): readonly Entry[] {
    return [...this.#entries];
  }
}
