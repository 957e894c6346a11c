/** What a simulator's log says of how much it was asked, at a time and in any window. */

export interface RequestTimes {
  readonly startMs: number;
  readonly endMs: number;
}

/** Times of logged requests, by their start; `at` is when one was answered. */
export function requestTimes(
  log: readonly { readonly at: string; readonly elapsedMs: number }[],
): readonly RequestTimes[] {
  return log
    .map(({ at, elapsedMs }) => ({ startMs: Date.parse(at) - elapsedMs, endMs: Date.parse(at) }))
    .sort((one, other) => one.startMs - other.startMs);
}

/** The most requests that started within `windowMs`, wherever the window lies. */
export function mostInWindow(times: readonly RequestTimes[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, { startMs }] of times.entries()) {
    while ((times[first]?.startMs ?? startMs) <= startMs - windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Requests that started from one time to another (excluded). */
export function startedBetween(times: readonly RequestTimes[], fromMs: number, toMs: number): number {
  return times.filter(({ startMs }) => startMs >= fromMs && startMs < toMs).length;
}
