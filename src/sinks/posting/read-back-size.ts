import type { ErpFaultKind } from "../../model/posting.ts";

/** Faults by which a request that was too much for its deadline ends, or for what the quota leaves of it. */
const TOO_MUCH: ReadonlySet<ErpFaultKind> = new Set(["transient", "unknown"]);

/**
 * How many documents are read back by one call. A call for many may be many requests of the ERP, and where they don't fit in its deadline it would fail
 * in the same way again and again: so each failure halves the number, and each answer doubles it again.
 */
export class ReadBackSize {
  readonly #max: number;
  #size: number;

  /** @param max the most that the sink takes at once */
  constructor(max: number) {
    this.#max = max;
    this.#size = max;
  }

  get size(): number {
    return this.#size;
  }

  answered(): void {
    this.#size = Math.min(this.#max, this.#size * 2);
  }

  /** @param documents how many the call was for */
  failed(kind: ErpFaultKind, documents: number): void {
    if (TOO_MUCH.has(kind)) this.#size = Math.max(1, Math.min(this.#size, Math.floor(documents / 2)));
  }
}
