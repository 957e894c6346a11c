import type { RegionCounts } from "../model/outputs.ts";
import type { Position } from "../model/store.ts";
import { TributaryError } from "../model/errors.ts";

const COUNT_NAMES = [
  "read",
  "accepted",
  "duplicate",
  "conflicting",
  "rejected",
  "parked",
  "misrouted",
  "late",
] as const;

/**
 * Throws `books-unbalanced` where a region's counts can't be true: not whole numbers, read ≠ the sum of the
 * outcomes, more late than accepted, or fewer read than at the checkpoint before.
 */
export function assertBalanced(counts: RegionCounts, readBefore: number): void {
  const sum =
    counts.accepted +
    counts.duplicate +
    counts.conflicting +
    counts.rejected +
    counts.parked +
    counts.misrouted;
  const whole = COUNT_NAMES.every((name) => Number.isSafeInteger(counts[name]) && counts[name] >= 0);
  if (whole && counts.read === sum && counts.late <= counts.accepted && counts.read >= readBefore) return;
  throw new TributaryError("books-unbalanced", `The counts of region ${counts.region} do not add up.`, {
    details: { ...counts, sum, readBefore },
  });
}

/**
 * Throws `internal-fault` where a checkpoint would take a position back in either log; in the control log it may where
 * an operator repaired it (`controlRepaired`).
 */
export function assertForward(before: Position, after: Position, controlRepaired = false): void {
  const controlForward = controlRepaired || after.controlSequence >= before.controlSequence;
  if (after.usageSequence >= before.usageSequence && controlForward) return;
  throw new TributaryError("internal-fault", "A checkpoint must not take the position back.", {
    details: {
      usageBefore: before.usageSequence,
      usageAfter: after.usageSequence,
      controlBefore: before.controlSequence,
      controlAfter: after.controlSequence,
    },
  });
}
