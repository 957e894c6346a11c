/** How a request to a service ended, for metrics. */
export const REQUEST_OUTCOMES = ["answered", "refused", "throttled", "timed-out", "failed"] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** A request that brought no answer: it may have been worked on all the same. The message names no secret. */
export class ServiceFailure extends Error {
  readonly outcome: RequestOutcome;
  /** How long the service is to be left alone; undefined: as the caller likes. */
  readonly retryInMs: number | undefined;

  constructor(
    outcome: RequestOutcome,
    message: string,
    options: { readonly retryInMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ServiceFailure";
    this.outcome = outcome;
    this.retryInMs = options.retryInMs;
  }
}
