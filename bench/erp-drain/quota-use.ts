import { mostInWindow, type RequestTimes, startedBetween } from "../../test/support/erp/request-log.ts";

/** What the ERP takes: as a connection's settings say it. */
export interface Quota {
  readonly maxConcurrent: number;
  /** Undefined: no limit. */
  readonly requestsPerSecond: number | undefined;
}

export interface QuotaUse {
  /** Part of the quota that was used in the time: of the places at a time, or of the requests a second where those are limited. */
  readonly share: number;
  /** The most that was ever used at once, as a part of the quota: above 1, more than it allows. */
  readonly most: number;
}

/**
 * Requests that are sent a second apart arrive closer together where the ERP's process was busy when the first one came. Twice the quota in a
 * second would still be seen.
 */
const ARRIVAL_JITTER_MS = 250;
const SECOND_MS = 1_000;

/** What an ERP's log says of all requests. */
export interface SeenRequests {
  /** By their start. */
  readonly times: readonly RequestTimes[];
  /** The most that were worked on at a time. */
  readonly highestConcurrency: number;
}

/** What of a quota was used from one time to another; nothing but the most says anything of the time before and behind. */
export function quotaUse(
  quota: Quota,
  { times, highestConcurrency }: SeenRequests,
  fromMs: number,
  toMs: number,
): QuotaUse {
  const { maxConcurrent, requestsPerSecond } = quota;
  const lengthMs = toMs - fromMs;
  const mostAtATime = highestConcurrency / maxConcurrent;
  if (requestsPerSecond === undefined) {
    let busyMs = 0;
    for (const { startMs, endMs } of times)
      busyMs += Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs));
    return { share: busyMs / (maxConcurrent * lengthMs), most: mostAtATime };
  }
  const inASecond = mostInWindow(times, SECOND_MS - ARRIVAL_JITTER_MS) / requestsPerSecond;
  const perSecond = startedBetween(times, fromMs, toMs) / (lengthMs / SECOND_MS);
  return { share: perSecond / requestsPerSecond, most: Math.max(mostAtATime, inASecond) };
}
