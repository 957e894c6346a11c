import { RecordField } from "../cell-record.ts";

/** Least value so far. */
export function addToMin(
  doubles: Float64Array,
  _words: Uint32Array,
  at: number,
  high: number,
  low: number,
): void {
  const heldHigh = doubles[at + RecordField.high]!;
  const isLess = high < heldHigh || (high === heldHigh && low < doubles[at + RecordField.low]!);
  if (isLess || doubles[at + RecordField.events] === 0) {
    doubles[at + RecordField.high] = high;
    doubles[at + RecordField.low] = low;
  }
}
