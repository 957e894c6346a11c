import { tap, type MonoTypeOperatorFunction } from "rxjs";
import { decide } from "../../model/event-batch.ts";
import { Outcome, reasonCode } from "../../model/outcome.ts";
import type { PipelineItem, UsageItem } from "../stage.ts";
import type { KeyTable } from "./key-table.ts";

const SAME_PAYLOAD = reasonCode("same-payload");
const OTHER_PAYLOAD = reasonCode("other-payload");

/**
 * Decides by (source, id): the first event wins, a repeat with the same payload is a duplicate, one with another
 * payload is conflicting. Exact: every key of the horizon is compared, repeats within the batch included.
 */
export function deduplicate(table: KeyTable): MonoTypeOperatorFunction<PipelineItem> {
  return tap((item) => {
    if (item.kind === "usage" && !item.unparked) deduplicateBatch(item, table);
    if (item.kind === "control" && item.catalog !== undefined) {
      table.setHorizon(item.catalog.settings.dedupeHorizonMs);
    }
  });
}

function deduplicateBatch({ run: { batch }, firstPlaces }: UsageItem, table: KeyTable): void {
  const { outcome, key, checksum, message, messages, index } = batch;
  for (let row = 0; row < batch.count; row++) {
    if (outcome[row] !== Outcome.pending) continue;
    const source = messages[message[row] ?? 0];
    if (source === undefined) throw new RangeError("a row without a message");
    const seen = table.probeAndInsert(
      key,
      row * 4,
      checksum[row * 2] ?? 0,
      checksum[row * 2 + 1] ?? 0,
      source.arrivalMs,
      source.sequence,
      index[row] ?? 0,
    );
    if (seen === 1) decide(batch, row, Outcome.duplicate, SAME_PAYLOAD);
    else if (seen === 2) {
      decide(batch, row, Outcome.conflicting, OTHER_PAYLOAD);
      // Looked up now: a later event of the batch may let the first one's generation expire.
      const first = table.firstOf(key, row * 4);
      if (first !== undefined) firstPlaces.set(row, first);
    }
  }
}
