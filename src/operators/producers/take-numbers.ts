import { tap, type MonoTypeOperatorFunction } from "rxjs";
import { decide, type EventBatch } from "../../model/event-batch.ts";
import type { NumberedMessage } from "../../model/numbered-batch.ts";
import { Outcome, reasonCode } from "../../model/outcome.ts";
import type { PipelineItem, UsageItem } from "../stage.ts";
import type { ManifestLedger } from "./manifest-ledger.ts";
import type { NumberedReason, ProducerTable } from "./producer-table.ts";

/** A numbered message that does not count. */
export interface RefusedMessage {
  readonly numbered: NumberedMessage;
  readonly reason: NumberedReason;
  /** Usage sequence of the message that has the number; undefined where none does or it is not kept. */
  readonly firstSequence: number | undefined;
}

/**
 * Decides by (producer, epoch, sequence), a message at a time: all events of one whose number was seen are duplicates (or
 * conflicting, where the content is another), whatever they would be by themselves. It comes before `validate`: a batch
 * that is repeated must not be rejected or re-routed twice.
 */
export function takeNumbers(
  producers: ProducerTable,
  manifests: ManifestLedger,
): MonoTypeOperatorFunction<PipelineItem> {
  return tap((item) => {
    if (item.kind !== "usage") return;
    for (const numbered of item.run.batch.numbered) takeNumber(item, numbered, producers, manifests);
  });
}

function takeNumber(
  item: UsageItem,
  numbered: NumberedMessage,
  producers: ProducerTable,
  manifests: ManifestLedger,
): void {
  const reason = producers.take(numbered);
  if (reason !== undefined) {
    const firstSequence = producers.placeOf(numbered);
    (item.refused ??= []).push({ numbered, reason, firstSequence });
    refuse(item.run.batch, numbered, reason);
  } else if (numbered.manifest === undefined) manifests.read(numbered);
  else {
    const completeMs = manifests.announce(numbered, numbered.manifest);
    const { region, message } = numbered;
    if (Number.isFinite(completeMs)) item.complete = { region, completeMs, message };
  }
}

function refuse(batch: EventBatch, { firstRow, endRow }: NumberedMessage, reason: NumberedReason): void {
  const outcome =
    reason === "batch-repeated"
      ? Outcome.duplicate
      : reason === "batch-altered"
        ? Outcome.conflicting
        : Outcome.rejected;
  for (let row = firstRow; row < endRow; row++) decide(batch, row, outcome, reasonCode(reason));
}
