import { RecordField } from "../cell-record.ts";

/** Greatest value so far. */
export function addToMax(
  doubles: Float64Array,
  _words: Uint32Array,
  at: number,
  high: number,
  low: number,
): void {
  const heldHigh = doubles[at + RecordField.high]!;
  const isGreater = high > heldHigh || (high === heldHigh && low > doubles[at + RecordField.low]!);
  if (isGreater || doubles[at + RecordField.events] === 0) {
    doubles[at + RecordField.high] = high;
    doubles[at + RecordField.low] = low;
  }
}
