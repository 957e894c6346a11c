import { tap, type MonoTypeOperatorFunction } from "rxjs";
import { decide } from "../../model/event-batch.ts";
import { Outcome, reasonCode } from "../../model/outcome.ts";
import type { PipelineItem, UsageItem } from "../stage.ts";
import type { KeyTable } from "./key-table.ts";

const SAME_PAYLOAD = reasonCode("same-payload");
const OTHER_PAYLOAD = reasonCode("other-payload");

/**
 * Decides by (source, id): the first event wins, a repeat with the same payload is a duplicate, one with another
 * payload is conflicting. Exact: every key of the horizon is compared, repeats within the batch included. Events of
 * numbered messages are passed over: `takeNumbers` has decided about them.
 */
export function deduplicate(table: KeyTable): MonoTypeOperatorFunction<PipelineItem> {
  return tap((item) => {
    if (item.kind === "usage" && !item.unparked) deduplicateBatch(item, table);
    if (item.kind === "control" && item.catalog !== undefined) {
      table.setHorizon(item.catalog.settings.dedupeHorizonMs);
    }
  });
}

/** Rows whose keys are looked up ahead of their probes: what they bring into the processor's cache stays there so long. */
const READ_AHEAD_ROWS = 1_024;

function deduplicateBatch(item: UsageItem, table: KeyTable): void {
  const { count, numbered } = item.run.batch;
  let from = 0;
  for (const { firstRow, endRow } of numbered) {
    deduplicateRows(item, table, from, firstRow);
    from = endRow;
  }
  deduplicateRows(item, table, from, count);
}

function deduplicateRows(
  { run: { batch }, firstPlaces, foundTargets }: UsageItem,
  table: KeyTable,
  from: number,
  to: number,
): void {
  const { outcome, key, checksum, message, messages, index, retractions } = batch;
  let current = -1;
  for (let row = from; row < to; row++) {
    if ((row - from) % READ_AHEAD_ROWS === 0) table.prepare(key, row, Math.min(READ_AHEAD_ROWS, to - row));
    if (outcome[row] !== Outcome.pending) continue;
    if (message[row] !== current) {
      current = message[row]!;
      const source = messages[current];
      if (source === undefined) throw new RangeError("a row without a message");
      table.beginMessage(source.arrivalMs, source.sequence);
    }
    const seen = table.probeAndInsert(key, checksum, row, index[row]!);
    if (seen === 0 && retractions.size === 0) continue;
    if (seen === 1) decide(batch, row, Outcome.duplicate, SAME_PAYLOAD);
    else if (seen === 2) {
      decide(batch, row, Outcome.conflicting, OTHER_PAYLOAD);
      // Looked up now: a later event of the batch may let the first one's generation expire.
      const first = table.firstOf(key, row * 4);
      if (first !== undefined) firstPlaces.set(row, first);
    } else {
      const target = retractions.get(row);
      if (target === undefined) continue;
      const found = table.compareFirst(target.key, target.checksumLow, target.checksumHigh);
      if (found !== undefined) foundTargets.set(row, found);
    }
  }
}
