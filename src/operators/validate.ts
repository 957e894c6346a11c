import { map, type OperatorFunction } from "rxjs";
import { decide, type EventBatch } from "../model/event-batch.ts";
import { Outcome, reasonCode } from "../model/outcome.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { AccountPlaces } from "./account-places.ts";
import { MeterReader } from "./meter-reading.ts";
import type { PipelineItem } from "./stage.ts";

const TOO_OLD = reasonCode("too-old");
const TOO_FAR_AHEAD = reasonCode("too-far-ahead");
const WRONG_PARTITION = reasonCode("wrong-partition");

/**
 * Decides what can be decided before deduplication: whether the account belongs to this partition (else misrouted),
 * whether the time is within the limits of the arrival, and whether every meter that reads the event finds a value it
 * can hold (else rejected, whole). It comes first so that a rejected event does not use up its id: sent again with the
 * fault mended, it is accepted. Faults found by the decoder stay as they are.
 */
export function validate(
  partition: number,
  partitionCount: number,
): OperatorFunction<PipelineItem, PipelineItem> {
  let catalog: CompiledCatalog | undefined;
  const places = new AccountPlaces(partition, partitionCount);
  const reader = new MeterReader();
  return map((item) => {
    if (item.kind === "control") {
      if (item.catalog !== undefined) catalog = item.catalog;
      return item;
    }
    if (catalog === undefined) throw new Error("usage before the first catalog record");
    if (!item.unparked) validatePlaceAndTime(item.run.batch, catalog, places);
    reader.read(item.run.batch, catalog, item.targets);
    return item;
  });
}

function validatePlaceAndTime(batch: EventBatch, catalog: CompiledCatalog, places: AccountPlaces): void {
  const misrouted = places.misrouted(batch.accounts);
  const { maxAgeMs, maxAheadMs } = catalog.settings;
  const { outcome, timeMs, account, message, messages, retractions } = batch;
  let lastMessage = -1;
  let arrivalMs = 0;
  for (let row = 0; row < batch.count; row++) {
    if (outcome[row] !== Outcome.pending) continue;
    if (misrouted[account[row]!] === 1) {
      decide(batch, row, Outcome.misrouted, WRONG_PARTITION);
      continue;
    }
    // It has the time of the event that it takes back, which was within the limits when that came in.
    if (retractions.size > 0 && retractions.has(row)) continue;
    if (message[row] !== lastMessage) {
      lastMessage = message[row]!;
      arrivalMs = messages[lastMessage]?.arrivalMs ?? 0;
    }
    const age = arrivalMs - timeMs[row]!;
    if (age > maxAgeMs) decide(batch, row, Outcome.rejected, TOO_OLD);
    else if (-age > maxAheadMs) decide(batch, row, Outcome.rejected, TOO_FAR_AHEAD);
  }
}
