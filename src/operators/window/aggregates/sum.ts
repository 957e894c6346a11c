import { TributaryError } from "../../../model/errors.ts";
import { RecordField } from "../cell-record.ts";
import { MAX_PAIR_HIGH, PAIR_BASE } from "../exact-pair.ts";

/** Sum: two pairs added, with the carry from low to high. */
export function addToSum(
  doubles: Float64Array,
  _words: Uint32Array,
  at: number,
  high: number,
  low: number,
): void {
  let sum = doubles[at + RecordField.low]! + low;
  let carried = high;
  if (sum >= PAIR_BASE) {
    sum -= PAIR_BASE;
    carried += 1;
  }
  doubles[at + RecordField.low] = sum;
  if (carried !== 0) {
    const total = doubles[at + RecordField.high]! + carried;
    if (Math.abs(total) >= MAX_PAIR_HIGH) {
      throw new TributaryError("internal-fault", "A cell's sum has grown beyond 2^104.");
    }
    doubles[at + RecordField.high] = total;
  }
}
