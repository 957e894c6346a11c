import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import { sortInSlices } from "../slices/sort-in-slices.ts";
import { DueSlots } from "../window/due-slots.ts";

/** Contracts by the time at which something is to be done for them; those of one time are taken in the order of their ids. */
export class DueContracts {
  readonly #due = new DueSlots();
  readonly #idOf: (number: number) => string;
  /** Contracts that are due at `#waitingMs`, in the order of their ids; `#next` is taken up first, by run after run. */
  #waiting: readonly number[] = [];
  #next = 0;
  #waitingMs = Infinity;

  /** @param idOf a contract's id, by its number */
  constructor(idOf: (number: number) => string) {
    this.#idOf = idOf;
  }

  /** When the first contract is due; Infinity where none is. */
  get nextMs(): number {
    return Math.min(this.#waitingMs, this.#due.nextMs);
  }

  add(dueMs: number, number: number): void {
    this.#due.add(dueMs, number);
  }

  clear(): void {
    this.#due.clear();
    this.#waiting = [];
    this.#next = 0;
    this.#waitingMs = Infinity;
  }

  /** The next contract that is due up to a time, and when it is. */
  *take(
    lastMs: number,
    budget: SliceBudget,
  ): SlicedWork<{ readonly number: number; readonly dueMs: number } | undefined> {
    if (this.#next === this.#waiting.length) {
      const dueMs = this.#due.nextMs;
      if (dueMs > lastMs) {
        this.#waitingMs = Infinity;
        return undefined;
      }
      this.#waitingMs = dueMs;
      const named = this.#due.take(dueMs).map((number) => ({ number, id: this.#idOf(number) }));
      const sorted = yield* sortInSlices(named, (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0), budget);
      this.#waiting = sorted.map(({ number }) => number);
      this.#next = 0;
    }
    if (this.#waitingMs > lastMs) return undefined;
    const number = this.#waiting[this.#next];
    if (number === undefined) return undefined;
    this.#next += 1;
    return { number, dueMs: this.#waitingMs };
  }
}
