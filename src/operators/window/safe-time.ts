/** Times are integers that a double holds exactly; arithmetic at the ends of that range saturates, it never wraps. */
export const MAX_TIME_MS = Number.MAX_SAFE_INTEGER;
export const MIN_TIME_MS = Number.MIN_SAFE_INTEGER;

/** `timeMs` kept within the range of exact integers. */
export function saturate(timeMs: number): number {
  if (timeMs > MAX_TIME_MS) return MAX_TIME_MS;
  if (timeMs < MIN_TIME_MS) return MIN_TIME_MS;
  return timeMs;
}

/** a + b, saturating; an infinite summand stays infinite (it stands for "never"). */
export function addTime(a: number, b: number): number {
  const sum = a + b;
  return Number.isFinite(sum) ? saturate(sum) : sum;
}

/** Remainder with the sign of the divisor (which is positive): in [0, divisor) also for negative times. */
export function floorModulo(value: number, divisor: number): number {
  const remainder = value % divisor;
  // The sum with 0 turns −0 into 0.
  return remainder < 0 ? remainder + divisor : remainder + 0;
}
