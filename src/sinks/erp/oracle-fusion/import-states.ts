/** States of an import's job. What isn't listed is not finished: PAUSED waits for its children, "" is all that is told of some. */

export const SUCCEEDED = "SUCCEEDED";
/** Ended with something wrong: nothing was imported, or (WARNING) a part. */
export const FAILED_STATES: ReadonlySet<string> = new Set(["ERROR", "WARNING", "VALIDATION_FAILED"]);
/** Ended without having been tried, for no reason that lies in the journal. */
export const ABANDONED_STATES: ReadonlySet<string> = new Set(["CANCELLED", "EXPIRED"]);
export const FINISHED_STATES: ReadonlySet<string> = new Set([
  SUCCEEDED,
  ...FAILED_STATES,
  ...ABANDONED_STATES,
]);
/** Waiting or working, as the scheduler says it. */
export const KNOWN_UNDER_WAY: ReadonlySet<string> = new Set([
  "WAIT",
  "READY",
  "SCHEDULED",
  "RUNNING",
  "PROCESSING",
  "PAUSED",
  "BLOCKED",
  "HOLD",
]);
