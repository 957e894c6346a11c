import { localDaysBetween } from "../zone-days.ts";
import { divideHalfAwayFromZero } from "../rating/money.ts";

/**
 * What of an amount for [startMs, endMs) is earned by a time: straight-line by calendar days of a time zone, rounded half
 * away from zero; all of it from the end on. Releasing the difference to what was released before adds up to the amount,
 * whatever the months are.
 */
export function earnedBy(
  amount: bigint,
  timeZone: string,
  startMs: number,
  endMs: number,
  timeMs: number,
): bigint {
  if (timeMs >= endMs) return amount;
  if (timeMs <= startMs) return 0n;
  const days = localDaysBetween(timeZone, startMs, endMs);
  // A service period within one day is earned on it.
  if (days <= 0) return amount;
  const elapsed = localDaysBetween(timeZone, startMs, timeMs);
  return divideHalfAwayFromZero(amount * BigInt(elapsed), BigInt(days));
}
