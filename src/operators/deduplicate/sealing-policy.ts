import type { KeySegment } from "../../model/key-segments.ts";

/** When keys leave memory, and when segments become one. Results never depend on it, so that it may change at any time. */
export interface SealingLimits {
  /** Keys of the generation that is filled at which they are sealed, at least; an integer ≥ 1. */
  readonly sealRecords: number;
  /** The same for a generation that has ended; with fewer it stays in memory as it is. */
  readonly sealEndedRecords: number;
}

export const SEALING_LIMITS: SealingLimits = {
  // 20 MB in memory, and a sort of a tenth of a second on another thread.
  sealRecords: 2 ** 19,
  // 2.4 MB in memory: less than what a file and a filter cost a probe.
  sealEndedRecords: 2 ** 16,
};

/**
 * A large generation is sealed in parts of this share of it: fewer, larger segments are merged less often. So a key costs
 * memory a sixteenth of its time, 2.3 bytes on average.
 */
const SEALED_SHARE = 1 / 16;

/** Keys in memory at which a generation is to be sealed. */
export function sealAt(limits: SealingLimits, keysOfGeneration: number, hasEnded: boolean): number {
  if (hasEnded) return limits.sealEndedRecords;
  return Math.max(limits.sealRecords, keysOfGeneration * SEALED_SHARE);
}

/**
 * Segments that a generation has at most while it is filled (one more until their merge is done): a probe looks into each
 * one's filter. A generation that has ended has one.
 */
const MAX_SEGMENTS = 4;
/** Fewer are not worth a merge. */
const LEAST_MERGED = 3;

/**
 * The segments of a generation to merge next, none where that is not due. While it is filled, the smallest ones, and larger
 * ones as long as they are no larger than what is merged already: a key is copied some three times until it is one of
 * 100 million.
 */
export function segmentsToMerge(segments: readonly KeySegment[], hasEnded: boolean): readonly KeySegment[] {
  if (hasEnded) return segments.length > 1 ? segments : [];
  if (segments.length <= MAX_SEGMENTS) return [];
  const bySize = segments.toSorted((a, b) => a.count - b.count || a.number - b.number);
  let length = 0;
  let count = 0;
  for (const segment of bySize) {
    if (length >= LEAST_MERGED && segment.count > count) break;
    count += segment.count;
    length += 1;
  }
  return bySize.slice(0, length);
}
