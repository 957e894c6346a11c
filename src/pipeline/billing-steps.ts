import type {
  BillingRunRecord,
  DocumentsNumberedRecord,
  DocumentsTaxedRecord,
  DunningRunRecord,
  JournalRunRecord,
  TaxCommitRefusedRecord,
} from "../model/control.ts";
import type { NumberingLog } from "../model/numbering.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/**
 * Contracts billed by one control record: a slice of some 10 ms, so that usage is processed between the slices of a
 * month's end. Fewer would have their partition wait for the broker's answers most of the time.
 */
export const MAX_CONTRACTS_PER_RUN = 50;

/** A decision about billing, without its place in the log. */
export type BillingDecision =
  | Omit<BillingRunRecord, "appliesAfter" | "decidedAt">
  | Omit<DocumentsNumberedRecord, "appliesAfter" | "decidedAt">
  | Omit<DocumentsTaxedRecord, "appliesAfter" | "decidedAt">
  | Omit<TaxCommitRefusedRecord, "appliesAfter" | "decidedAt">
  | Omit<JournalRunRecord, "appliesAfter" | "decidedAt">
  | Omit<DunningRunRecord, "appliesAfter" | "decidedAt">;

type BillingEngine = Pick<PartitionEngine, "invoices" | "postings" | "watermarkMs" | "catalog">;

/**
 * What billing has to decide next. Documents get their numbers before later ones are made: so a number never names a
 * document of an earlier date than the one before it, and what a document is booked as follows its making at once. Journals
 * for ERPs are made when all that is due is booked.
 */
export function nextBillingStep(engine: BillingEngine): "number" | "run" | "journals" | undefined {
  if (engine.invoices.book.hasFrozen) return "number";
  if (engine.invoices.nextDueMs <= engine.watermarkMs + 1) return "run";
  return engine.postings.nextJournalMs <= engine.watermarkMs + 1 ? "journals" : undefined;
}

/** Makes the journals of the months that are over. */
export function journalRun(engine: BillingEngine): BillingDecision {
  return { kind: "journal-run", upToMs: engine.watermarkMs + 1 };
}

/** Brings overdue invoices to their stages of dunning; undefined where none comes to another one by the day of a time. */
export function dunningRun(engine: BillingEngine, nowMs: number): BillingDecision | undefined {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const next = engine.postings.payments.nextDunningDay();
  return next !== undefined && next <= day ? { kind: "dunning-run", day } : undefined;
}

/** The same as a decision; "number" where the numbering log has to be asked before. Dunning comes when nothing else is due. */
export function nextBillingDecision(
  engine: BillingEngine,
  nowMs: number,
): BillingDecision | "number" | undefined {
  const step = nextBillingStep(engine);
  if (step === "number") return step;
  if (step === "run") return billingRun(engine, nowMs);
  return step === "journals" ? journalRun(engine) : dunningRun(engine, nowMs);
}

/** Bills the contracts that are due first. @param nowMs date of issue, where that is later than the due time */
export function billingRun(engine: BillingEngine, nowMs: number): BillingDecision {
  return {
    kind: "billing-run",
    upToMs: engine.invoices.nextDueMs,
    issuedMs: nowMs,
    maxContracts: MAX_CONTRACTS_PER_RUN,
  };
}

/**
 * Asks for the numbers of the documents that wait for one. Naming a document comes before the record that says so: a crash
 * between the two costs nothing, since it keeps its rank when it is named again.
 */
export async function numberDocuments(
  engine: BillingEngine,
  numbering: NumberingLog,
): Promise<BillingDecision> {
  const byEntity = new Map<string, string[]>();
  for (const { id, contract } of engine.invoices.frozen()) {
    const entity = engine.catalog?.contract(contract)?.legalEntity.key;
    if (entity === undefined) throw new RangeError(`document ${id} is of no contract of the catalog`);
    const ids = byEntity.get(entity);
    if (ids === undefined) byEntity.set(entity, [id]);
    else ids.push(id);
  }
  const numbers: [string, number][] = [];
  for (const [entity, ids] of byEntity) {
    const ranks = await numbering.ranksOf(entity, ids);
    ids.forEach((id, index) => {
      const rank = ranks[index];
      if (rank === undefined) throw new RangeError(`document ${id} was given no rank`);
      numbers.push([id, rank]);
    });
  }
  return { kind: "documents-numbered", numbers };
}
