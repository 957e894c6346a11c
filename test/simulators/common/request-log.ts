/** The latest requests that are kept. */
const MAX_LOGGED = 200_000;

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
