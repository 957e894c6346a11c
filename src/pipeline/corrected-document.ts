import type { ControlRecord } from "../model/control.ts";
import type { PartitionStore } from "../model/store.ts";
import { storedDocument, type StoredDocument } from "../operators/invoice/billing-book.ts";

/** Whether a record can only be applied behind a checkpoint: it needs what has left the engine's memory by then. */
export function needsCheckpoint(record: ControlRecord): boolean {
  const { kind } = record;
  return (
    kind === "catalog" || kind === "credit-note" || kind === "void-invoice" || kind === "posting-redrive"
  );
}

/**
 * The invoice that a record corrects, as the store has it: final documents are not kept in memory, and never change.
 * Undefined for records of other kinds.
 */
export function correctedDocument(
  record: ControlRecord,
  store: Pick<PartitionStore, "row">,
): StoredDocument | undefined {
  const isCorrection = record.kind === "credit-note" || record.kind === "void-invoice";
  return isCorrection ? storedDocument(store, record.ordinal) : undefined;
}
