import { RecordField, RecordWord } from "../cell-record.ts";
import { comparePlaces } from "./place.ts";

/** Value of the event that comes last by event time, then by place in the log. */
export function addToLatest(
  doubles: Float64Array,
  words: Uint32Array,
  at: number,
  high: number,
  low: number,
  timeMs: number,
  sequence: number,
  index: number,
): void {
  if (doubles[at + RecordField.events] !== 0) {
    const order = comparePlaces(
      timeMs,
      sequence,
      index,
      doubles[at + RecordField.latestTime]!,
      doubles[at + RecordField.latestSequence]!,
      words[at * 2 + RecordWord.latestIndex]!,
    );
    if (order < 0) return;
  }
  doubles[at + RecordField.high] = high;
  doubles[at + RecordField.low] = low;
  doubles[at + RecordField.latestTime] = timeMs;
  doubles[at + RecordField.latestSequence] = sequence;
  words[at * 2 + RecordWord.latestIndex] = index;
}
