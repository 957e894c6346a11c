/** How a connection treats its documents. Times in milliseconds. */
export interface PostingPolicy {
  /** How long after a request without an answer the ERP is asked whether it has the document. */
  readonly settleDelayMs: number;
  /** The longest that one request takes. */
  readonly requestDeadlineMs: number;
  /** Requests that count after which a document is given to people. */
  readonly maxAttempts: number;
  /**
   * What becomes of a document whose posting period is closed: `hold` tries it again each `recheckMs`, `reject` gives it to people at once.
   * Nothing posts it with another date by itself: the date is part of what was billed, and of the content that is compared.
   */
  readonly periodClosed: "hold" | "reject";
  readonly recheckMs: number;
  /** Polls of an accepted document begin with this distance and end with the other. */
  readonly firstPollMs: number;
  readonly longestPollMs: number;
}

/** Lago and others give an ERP six tries; some more cover an outage that begins while a document is alone in the queue. */
export const DEFAULT_MAX_ATTEMPTS = 8;
/** Accountants open and close periods in hours, not seconds. */
export const DEFAULT_RECHECK_MS = 60 * 60_000;
export const DEFAULT_FIRST_POLL_MS = 5_000;
const DEFAULT_LONGEST_POLL_MS = 5 * 60_000;

/** The policy of a connection whose file says nothing, from what its adapter says of itself. */
export function defaultPolicy(sink: {
  readonly settleDelayMs: number;
  readonly requestDeadlineMs: number;
}): PostingPolicy {
  return {
    settleDelayMs: sink.settleDelayMs,
    requestDeadlineMs: sink.requestDeadlineMs,
    maxAttempts: DEFAULT_MAX_ATTEMPTS,
    periodClosed: "hold",
    recheckMs: DEFAULT_RECHECK_MS,
    firstPollMs: DEFAULT_FIRST_POLL_MS,
    longestPollMs: DEFAULT_LONGEST_POLL_MS,
  };
}
