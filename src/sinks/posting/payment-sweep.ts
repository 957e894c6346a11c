import type { Clock } from "../../model/clock.ts";
import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";

/** From the beginning of one to that of the next: a hundred thousand open invoices are some thousand requests. */
const SPACING_MS = 15 * 60_000;
/** A page that could not be read is read again after this. */
const RETRY_MS = 60_000;

/**
 * One look at every open invoice, a page a request, whatever time each has: where the ERP says that much has changed, or may have changed without a word.
 * Where it has come to is not kept: a runner that begins polls by time, and looks at all of them when it has subscribed.
 */
export class PaymentSweep {
  readonly #clock: Clock;
  readonly #store: Pick<PostingStore, "openPayments">;
  /** Behind which document it goes on; undefined while none is under way. */
  #position: number | undefined;
  #isWanted = false;
  #begunMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isReading = false;
  #begun = 0;
  #completed = 0;

  constructor(clock: Clock, store: Pick<PostingStore, "openPayments">) {
    this.#clock = clock;
    this.#store = store;
  }

  /** Wants a sweep that begins from now on, as one that is under way has passed documents; gives its number. */
  want(): number {
    this.#isWanted = true;
    return this.#begun + 1;
  }

  /** Number of the last sweep that has come to its end; 0 before the first. */
  get completed(): number {
    return this.#completed;
  }

  /** When the next page is wanted, milliseconds since the epoch; Infinity where none is. */
  get nextMs(): number {
    const isIdle = this.#position === undefined && !this.#isWanted;
    if (this.#isReading || isIdle) return Number.POSITIVE_INFINITY;
    const beginMs = this.#position === undefined ? this.#begunMs + SPACING_MS : Number.NEGATIVE_INFINITY;
    return Math.max(beginMs, this.#notBeforeMs);
  }

  /**
   * The next page, without documents that are busy: those are looked at just now. Undefined behind the last.
   * @param size documents of a page, at most
   */
  page(size: number, busy: ReadonlySet<string>): readonly PostingDocument[] | undefined {
    if (this.#position === undefined) {
      this.#isWanted = false;
      this.#begun += 1;
      this.#begunMs = this.#clock.nowMs();
      this.#position = -1;
    }
    for (;;) {
      const read = this.#store.openPayments(this.#position, size);
      const free = read.filter(({ key }) => !busy.has(key));
      if (free.length > 0) return free;
      const last = read.at(-1);
      if (last === undefined) {
        this.#position = undefined;
        this.#completed = this.#begun;
        return undefined;
      }
      this.#position = last.position;
    }
  }

  /** @param read asks the ERP about the page; false where there was no answer */
  async step(page: readonly PostingDocument[], read: () => Promise<boolean>): Promise<void> {
    this.#isReading = true;
    try {
      if (await read()) this.#position = page.at(-1)?.position;
      else this.#notBeforeMs = this.#clock.nowMs() + RETRY_MS;
    } finally {
      this.#isReading = false;
    }
  }
}
