import type { ErpFaultKind } from "../../../model/posting.ts";
import { compareDocuments } from "../../posting/compare-documents.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { findTransactions, isOfKey, transactionKey } from "./find-transactions.ts";
import { MAX_READ_BACK } from "./limits.ts";
import { applyMemo } from "./memo-applications.ts";
import type { TransactionPlan } from "./plan.ts";
import type { OracleTools } from "./tools.ts";
import { comparedTransaction, isReferredToAs, type TransactionRecord } from "./transaction-records.ts";

/** Transactions that imports have made. */

/** Faults that say nothing of the document that was asked about, and would befall the next one too. */
export const PASSING: ReadonlySet<ErpFaultKind> = new Set([
  "transient",
  "throttle",
  "unknown",
  "authentication",
]);

/**
 * Records of plans of one kind, by external id: a question for many of them. Those of a question that failed have its fault, since of many
 * questions one may fail and the others know something.
 */
export async function findImported(
  { client }: OracleTools,
  plans: readonly TransactionPlan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly TransactionRecord[] | ErpFault>> {
  const found = new Map<string, readonly TransactionRecord[] | ErpFault>();
  for (let first = 0; first < plans.length; first += MAX_READ_BACK) {
    const slice = plans.slice(first, first + MAX_READ_BACK);
    const keys = slice.map(transactionKey);
    const kind = slice[0]?.kind === "invoice" ? "invoice" : "credit-memo";
    const read = await failedOr(() => findTransactions(client, kind, keys, signal));
    slice.forEach(({ externalId }, index) => {
      const key = keys[index];
      if ("fault" in read) found.set(externalId, read.fault);
      else found.set(externalId, key === undefined ? [] : read.filter((record) => isOfKey(record, key)));
    });
  }
  return found;
}

/**
 * Confirms a document by what Oracle has of it. An import can't be looked at before it counts, so that one that differs is a matter for people: it
 * rejects with `duplicate`, and the look that follows says what differs.
 */
export async function importedAnswer(
  tools: OracleTools,
  plan: TransactionPlan,
  records: readonly TransactionRecord[],
  signal: AbortSignal,
): Promise<Extract<SubmitAnswer, { status: "confirmed" }>> {
  const [record, second] = records;
  if (record === undefined) throw new TypeError("there is no record");
  if (!record.isComplete && isReferredToAs(record, plan.externalId))
    throw new ErpFault(
      "validation",
      `Oracle has ${record.number} (${record.id}), and it is incomplete: complete or delete it there, then retry`,
      { code: "not-completed" },
    );
  const number = await tools.customers.accountNumber(plan.request.billTo, signal);
  const isAsPlanned = compareDocuments(plan.expected, comparedTransaction(record, plan, number)).length === 0;
  if (second !== undefined || !isAsPlanned)
    throw new ErpFault("duplicate", `Oracle has a ${plan.kind} ${record.number} already (${record.id})`);
  await applyMemo(tools, plan, record, signal);
  return { status: "confirmed", erp: { id: record.id, number: record.number } };
}

/** What is answered, or the fault that it ended with: of one document of several. */
export async function failedOr<Result>(
  act: () => Promise<Result>,
): Promise<Result | { readonly status: "failed"; readonly fault: ErpFault }> {
  try {
    return await act();
  } catch (fault) {
    if (fault instanceof ErpFault) return { status: "failed", fault };
    throw fault;
  }
}
