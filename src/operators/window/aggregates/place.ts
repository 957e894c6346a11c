/**
 * The order that decides ties: event time, then usage sequence, then index in the message. Negative where the first
 * comes before the second.
 */
export function comparePlaces(
  timeMs: number,
  sequence: number,
  index: number,
  otherTimeMs: number,
  otherSequence: number,
  otherIndex: number,
): number {
  if (timeMs !== otherTimeMs) return timeMs - otherTimeMs;
  if (sequence !== otherSequence) return sequence - otherSequence;
  return index - otherIndex;
}
