import { Aggregation } from "../stage.ts";
import {
  AGGREGATION_SHIFT,
  offsetOf,
  RecordField,
  RecordWord,
  TAKEN,
  TOUCHED,
  type CellPages,
} from "./cell-record.ts";
import { PAIR_BASE } from "./exact-pair.ts";

/** Flags of an open cell of sums, touched or not; the phase `open` is 0. */
const OPEN_SUM = TAKEN | (Aggregation.sum << AGGREGATION_SHIFT);

/** Adds what most events are: a whole number to a sum that is open. */
export class OpenSums {
  readonly #pages: CellPages;

  constructor(pages: CellPages) {
    this.#pages = pages;
  }

  /**
   * Adds `values[entry]` where that is nothing but two additions: true. False, and nothing done, where the slot (−1 included)
   * has not the cell of (series, `startMs[at]`), the cell is not open, or the value or its carry wants the way of
   * `CellTable.add`. All arguments are small integers or arrays: the compiler would allocate every other number.
   */
  add(
    slot: number,
    series: number,
    startMs: Float64Array,
    at: number,
    values: Float64Array,
    entry: number,
  ): boolean {
    if (slot < 0) return false;
    const record = offsetOf(slot);
    const words = this.#pages.words(slot);
    const doubles = this.#pages.doubles(slot);
    if (
      words[record * 2 + RecordWord.series] !== series ||
      (words[record * 2 + RecordWord.flags]! & ~TOUCHED) !== OPEN_SUM ||
      doubles[record + RecordField.start] !== startMs[at]
    )
      return false;
    const value = values[entry]!;
    const sum = doubles[record + RecordField.low]! + value;
    if (!(value >= 0 && sum < PAIR_BASE) || Math.floor(value) !== value) return false;
    this.#pages.beforeChange(slot);
    doubles[record + RecordField.low] = sum;
    doubles[record + RecordField.events]! += 1;
    return true;
  }
}
