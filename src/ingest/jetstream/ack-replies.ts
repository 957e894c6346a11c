/** More unacknowledged runs than this are thinned out: a reader that never checkpoints must not grow. */
const MAX_ENTRIES = 4096;

interface Entry {
  readonly sequence: number;
  readonly reply: string;
}

/**
 * Where acknowledgements go: the reply subject of each run's last message. With AckAll one reply stands for all
 * messages before it, so an acknowledgement of a sequence uses the newest entry at or before it.
 */
export class AckReplies {
  #entries: Entry[] = [];

  /** Sequences rise. */
  add(sequence: number, reply: string): void {
    this.#entries.push({ sequence, reply });
    if (this.#entries.length > MAX_ENTRIES) {
      const newest = this.#entries.length - 1;
      this.#entries = this.#entries.filter((_, i) => i % 2 === 0 || i === newest);
    }
  }

  /** The reply that acknowledges as much as possible up to `sequence`; it and all before it are forgotten. */
  take(sequence: number): string | undefined {
    let count = 0;
    while (count < this.#entries.length && (this.#entries[count]?.sequence ?? Infinity) <= sequence)
      count += 1;
    const reply = this.#entries[count - 1]?.reply;
    if (count > 0) this.#entries.splice(0, count);
    return reply;
  }

  /** The consumer is another one: replies of the former would only confuse its counts. */
  clear(): void {
    this.#entries = [];
  }
}
