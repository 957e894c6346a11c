import { localDaysBetween } from "../zone-days.ts";
import { type Ratio, ratio } from "../ratio.ts";

/** The part of a billing period that is covered, in days of [start, end). */
export interface CoveredDays {
  readonly covered: number;
  readonly full: number;
}

export const WHOLE_PERIOD: CoveredDays = { covered: 1, full: 1 };

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Days of a covered part and of the full period that it belongs to, by the calendar of a time zone. */
export function coveredDays(timeZone: string, covered: Span, full: Span): CoveredDays {
  return {
    covered: localDaysBetween(timeZone, covered.startMs, covered.endMs),
    full: localDaysBetween(timeZone, full.startMs, full.endMs),
  };
}

/** Throws RangeError for days that no period has. */
export function shareOf({ covered, full }: CoveredDays): Ratio {
  if (covered < 0 || full < 1) throw new RangeError(`${covered} of ${full} days is no part of a period`);
  return ratio(BigInt(covered), BigInt(full));
}
