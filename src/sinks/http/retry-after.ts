/** No service is left alone for longer than this because of one answer. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds: seconds or an HTTP date. Undefined where there is none
 * that can be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, waitMs));
}
