/**
 * Units of work in one slice. A unit is about a fifth of a microsecond, so that a slice is some 8 ms: several of them, of
 * several partitions, may come between two looks of the event loop at its sockets and stay below 50 ms.
 */
export const UNITS_PER_SLICE = 40_000;

/**
 * Work that may be more than one turn of the event loop should carry. Each yield is a place where the event loop may go
 * on; whoever drives the work may as well run it to its end at once. Nothing may be decided by where the yields are.
 */
export type SlicedWork<Result = void> = Generator<void, Result, void>;

/** How much the slice under way may still do, counted by the work itself: no clock is read, so slices are reproducible. */
export class SliceBudget {
  readonly #unitsPerSlice: number;
  #share = 1;
  #units: number;
  #left: number;

  /** @param unitsPerSlice an integer ≥ 1; only tests give another than the default */
  constructor(unitsPerSlice: number = UNITS_PER_SLICE) {
    this.#unitsPerSlice = unitsPerSlice;
    this.#units = unitsPerSlice;
    this.#left = unitsPerSlice;
  }

  /** Units spent in the slice under way. */
  get spent(): number {
    return this.#units - this.#left;
  }

  /** Slices from the next one on have this share of the units: above 0, 1 at most. */
  set share(share: number) {
    this.#share = share;
  }

  /** A new slice begins. */
  begin(): void {
    this.#units = Math.ceil(this.#unitsPerSlice * this.#share);
    this.#left = this.#units;
  }

  /** Counts work that was done; true where the slice has had its share, and the work has to yield. */
  spend(units: number): boolean {
    this.#left -= units;
    return this.#left <= 0;
  }
}

/** Runs work to its end at once. */
export function runWhole<Result>(work: SlicedWork<Result>, budget?: SliceBudget): Result {
  for (;;) {
    budget?.begin();
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
