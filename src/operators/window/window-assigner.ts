import { MAX_TIME_MS, MIN_TIME_MS, floorModulo } from "./safe-time.ts";

/** Says which windows a time lies in. All windows of an assigner have one length; bounds are half-open: [start, end). */
export interface WindowAssigner {
  readonly sizeMs: number;
  /** Distance between the starts of neighbouring windows. */
  readonly slideMs: number;
  /** Window starts are `offsetMs` plus multiples of `slideMs`. */
  readonly offsetMs: number;
  /** The most windows that one time lies in: how long `outStarts` must be. */
  readonly windowsPerEvent: number;
  /**
   * Writes the starts of the windows that hold `timeMs` in ascending order and returns how many they are. RangeError
   * for a time that is not a number or so near the end of the exact integers that a window would lie outside them.
   */
  assign(timeMs: number, outStarts: Float64Array): number;
}

/** Windows side by side. RangeError unless sizeMs is a positive and offsetMs an integer with |offsetMs| < sizeMs. */
export function tumbling(sizeMs: number, offsetMs: number): WindowAssigner {
  requirePositive("sizeMs", sizeMs);
  requireOffset(offsetMs, sizeMs, "sizeMs");
  const shiftMs = floorModulo(offsetMs, sizeMs);
  const earliestMs = MIN_TIME_MS + sizeMs;
  // Usage comes in near one time: the window of the last event is mostly that of the next, and a comparison of numbers
  // costs a tenth of a division with remainder.
  let lastStartMs = Infinity;
  let lastEndMs = -Infinity;
  return {
    sizeMs,
    slideMs: sizeMs,
    offsetMs,
    windowsPerEvent: 1,
    assign(timeMs, outStarts) {
      if (!(timeMs >= lastStartMs && timeMs < lastEndMs)) {
        requireTime(timeMs, earliestMs);
        lastStartMs = timeMs - floorModulo(floorModulo(timeMs, sizeMs) - shiftMs, sizeMs);
        lastEndMs = lastStartMs + sizeMs;
      }
      outStarts[0] = lastStartMs;
      return 1;
    },
  };
}

/**
 * Windows of `sizeMs` that start every `slideMs` and overlap. RangeError unless both are positive integers,
 * slideMs ≤ sizeMs (else times would lie in no window and usage would be lost) and |offsetMs| < slideMs.
 */
export function hopping(sizeMs: number, slideMs: number, offsetMs: number): WindowAssigner {
  requirePositive("sizeMs", sizeMs);
  requirePositive("slideMs", slideMs);
  if (slideMs > sizeMs) {
    throw new RangeError(
      `slideMs must not exceed sizeMs: between windows usage would be lost; got ${String(slideMs)} > ${String(sizeMs)}`,
    );
  }
  requireOffset(offsetMs, slideMs, "slideMs");
  const shiftMs = floorModulo(offsetMs, slideMs);
  const earliestMs = MIN_TIME_MS + sizeMs;
  return {
    sizeMs,
    slideMs,
    offsetMs,
    windowsPerEvent: Math.ceil(sizeMs / slideMs),
    assign(timeMs, outStarts) {
      requireTime(timeMs, earliestMs);
      const sinceLastStart = floorModulo(floorModulo(timeMs, slideMs) - shiftMs, slideMs);
      // The last start is at or before the time; a window holds the time while its start is less than a size away.
      const count = Math.ceil((sizeMs - sinceLastStart) / slideMs);
      const firstStart = timeMs - sinceLastStart - (count - 1) * slideMs;
      for (let i = 0; i < count; i++) outStarts[i] = firstStart + i * slideMs;
      return count;
    },
  };
}

function requirePositive(name: string, valueMs: number): void {
  if (!Number.isSafeInteger(valueMs) || valueMs <= 0) {
    throw new RangeError(`${name} must be a positive integer of milliseconds; got ${String(valueMs)}`);
  }
}

function requireOffset(offsetMs: number, limitMs: number, limitName: string): void {
  if (!Number.isSafeInteger(offsetMs) || Math.abs(offsetMs) >= limitMs) {
    throw new RangeError(
      `offsetMs must be an integer with |offsetMs| < ${limitName}; got ${String(offsetMs)} with ${limitName} ${String(limitMs)}`,
    );
  }
}

function requireTime(timeMs: number, earliestMs: number): void {
  if (timeMs >= earliestMs && timeMs <= MAX_TIME_MS) return;
  throw new RangeError(`an event time must be an exact integer of milliseconds; got ${String(timeMs)}`);
}
