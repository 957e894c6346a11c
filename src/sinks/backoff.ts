/** First wait after a failure: about one round trip of a broker that is electing a leader. */
const FIRST_DELAY_MS = 200;
/** A target that came back is noticed within this. */
const LONGEST_DELAY_MS = 30_000;
/** 200 ms doubled this often is above the longest delay; keeps the power from overflowing. */
const DOUBLINGS_MAX = 10;

/**
 * How long to wait after the n-th failure in a row (from 1), in milliseconds: doubling up to a bound; the upper half
 * is random, so that partitions that failed together don't come back together. `random` gives [0, 1).
 */
export function backoffDelayMs(failures: number, random: () => number): number {
  const doublings = Math.min(failures - 1, DOUBLINGS_MAX);
  const bound = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** doublings);
  return bound / 2 + (random() * bound) / 2;
}
