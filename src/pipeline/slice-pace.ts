/** What a slice should take. Several of them, of several partitions, may come between two turns of other things. */
const AIM_MS = 8;
/** Slices don't get smaller: below this share what each costs by itself would show. */
const LEAST_SHARE = 1 / 8;
const FIRST_SHARE = 1 / 4;
const LONGEST_STEP = 2;
const GROWTH = 1.5;

/**
 * How large slices are on this machine at this time, as a share of the largest: code that has just been loaded is some
 * times slower than later, and so is a machine that is busy. Outcomes don't depend on slices, so a clock may size them.
 */
export class SlicePace {
  #share = FIRST_SHARE;

  /** Above 0, 1 at most. */
  get share(): number {
    return this.#share;
  }

  /** Notes what a slice took. */
  note(elapsedMs: number): void {
    if (elapsedMs > AIM_MS)
      this.#share = Math.max(LEAST_SHARE, this.#share / Math.min(LONGEST_STEP, elapsedMs / AIM_MS));
    else if (elapsedMs * GROWTH < AIM_MS) this.#share = Math.min(1, this.#share * GROWTH);
  }
}
