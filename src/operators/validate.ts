import { map, type OperatorFunction } from "rxjs";
import { partitionOf } from "../model/partition.ts";
import { decide, type EventBatch } from "../model/event-batch.ts";
import { Outcome, reasonCode } from "../model/outcome.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { readMeters } from "./meter-reading.ts";
import type { MeterTargets, PipelineItem } from "./stage.ts";

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
  return map((item) => {
    if (item.kind === "control") {
      if (item.catalog !== undefined) catalog = item.catalog;
      return item;
    }
    if (catalog === undefined) throw new Error("usage before the first catalog record");
    if (!item.unparked) validatePlaceAndTime(item.run.batch, catalog, partition, partitionCount);
    validateValues(item.run.batch, catalog, item.targets);
    return item;
  });
}

function validatePlaceAndTime(
  batch: EventBatch,
  catalog: CompiledCatalog,
  partition: number,
  partitionCount: number,
): void {
  // One hash an account of the batch's dictionary, not one an event.
  const misrouted = new Uint8Array(batch.accounts.length);
  for (let i = 0; i < batch.accounts.length; i++) {
    misrouted[i] = partitionOf(batch.accounts[i] ?? "", partitionCount) === partition ? 0 : 1;
  }
  const { maxAgeMs, maxAheadMs } = catalog.settings;
  const { outcome, timeMs, account, message, messages } = batch;
  for (let row = 0; row < batch.count; row++) {
    if (outcome[row] !== Outcome.pending) continue;
    if (misrouted[account[row] ?? 0] === 1) {
      decide(batch, row, Outcome.misrouted, WRONG_PARTITION);
      continue;
    }
    const age = (messages[message[row] ?? 0]?.arrivalMs ?? 0) - (timeMs[row] ?? 0);
    if (age > maxAgeMs) decide(batch, row, Outcome.rejected, TOO_OLD);
    else if (-age > maxAheadMs) decide(batch, row, Outcome.rejected, TOO_FAR_AHEAD);
  }
}

function validateValues(batch: EventBatch, catalog: CompiledCatalog, targets: MeterTargets): void {
  // Meters by the batch's type index, appended to the targets' dictionary once.
  const meters = batch.types.map((type) => catalog.metersOfType(type) ?? []);
  const first = meters.map((list) => targets.meters.push(...list) - list.length);
  const { outcome, type } = batch;
  for (let row = 0; row < batch.count; row++) {
    if (outcome[row] !== Outcome.pending) continue;
    const typeIndex = type[row] ?? 0;
    const reason = readMeters(batch, row, meters[typeIndex] ?? [], first[typeIndex] ?? 0, targets);
    if (reason !== 0) decide(batch, row, Outcome.rejected, reason);
  }
}
