import { addTime } from "./safe-time.ts";

/** When the period that a window belongs to closes: at W ≥ T − 1 for the T that it returns; Infinity is never. */
export type CloseTime = (series: number, windowStartMs: number, windowEndMs: number) => number;

/** Each window closes by itself, `graceMs` after its end. RangeError unless graceMs is an integer ≥ 0 or Infinity. */
export function closeAfterGrace(graceMs: number): CloseTime {
  if (graceMs !== Infinity && (!Number.isSafeInteger(graceMs) || graceMs < 0)) {
    throw new RangeError(
      `graceMs must be an integer ≥ 0 of milliseconds or Infinity; got ${String(graceMs)}`,
    );
  }
  return (_series, _windowStartMs, windowEndMs) => addTime(windowEndMs, graceMs);
}
