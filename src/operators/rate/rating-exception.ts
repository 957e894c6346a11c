import type { RatedAggregate } from "../../model/outputs.ts";
import type { Journal } from "../journal.ts";
import type { SeriesInfo } from "./series-info.ts";

/**
 * A window that was rated and that somebody has to look at.
 * - `no-contract`: the contract was ended, by a later catalog, before usage that had been counted.
 * - `event-amounts-missing`: the price charges events one by one, and some of the window came in under another price.
 */
export function ratingException(
  journal: Journal,
  reason: "no-contract" | "event-amounts-missing",
  { id, account, meter }: SeriesInfo,
  { start, value, revision }: RatedAggregate,
): void {
  const startMs = Date.parse(start);
  journal.exception({
    id: `${reason}-${id}-${startMs}-${revision}`,
    stage: "rate",
    reason,
    sinceMs: startMs,
    details: JSON.stringify({ account, meter: meter.key, start, value }),
  });
}
