import type { PostingKind } from "../../../model/posting.ts";
import { compareDocuments, describeDifferences } from "../../posting/compare-documents.ts";
import { ErpFault, type RequestContext, type SubmitAnswer } from "../erp-sink.ts";
import { findTransactions, isOfKey, transactionKey } from "./find-transactions.ts";
import { applyMemo, correctedInvoice } from "./memo-applications.ts";
import { checkPeriod, RECEIVABLES } from "./periods.ts";
import type { BillTo, TransactionPlan } from "./plan.ts";
import type { OracleTools } from "./tools.ts";
import {
  comparedTransaction,
  readTransaction,
  isReferredToAs,
  resourceOf,
  type TransactionRecord,
} from "./transaction-records.ts";

/**
 * An invoice or memo is made incomplete, compared with what was planned, and completed: what Oracle works out itself (taxes, an accounting date that
 * it moves) is seen before it counts. What an earlier try has left is completed if it is right, and otherwise replaced.
 */
export async function submitTransaction(
  tools: OracleTools,
  plan: TransactionPlan,
  { signal, attempt }: RequestContext,
): Promise<SubmitAnswer> {
  const customerNumber = await tools.customers.accountNumber(plan.request.billTo, signal);
  if (customerNumber === undefined)
    throw new ErpFault("version-conflict", "Oracle does not show the customer's account (yet)", {
      code: "AR_BILL_TO_CUST_NOT_FOUND",
    });
  // Before anything is made, because an incomplete memo can't be taken away again.
  await correctedInvoice(tools, plan, signal);
  if (plan.kind === "credit-memo") await requireOpenPeriod(tools, plan, signal);
  const left = attempt > 1 ? await leftBehind(tools, plan, signal) : undefined;
  let record = left;
  if (record !== undefined && !isAsPlanned(record, plan, customerNumber)) {
    if (record.isComplete) throw alreadyThere(record, plan.kind);
    await discard(tools, plan, record, signal);
    record = undefined;
  }
  record ??= await created(tools, plan, customerNumber, signal);
  if (!record.isComplete) await complete(tools, plan, record, signal);
  await applyMemo(tools, plan, record, signal);
  return { status: "confirmed", erp: { id: record.id, number: record.number } };
}

/** What Oracle has under the number; rejects with `duplicate` where that is not ours, or where there are several. */
async function leftBehind(
  { client }: OracleTools,
  plan: TransactionPlan,
  signal: AbortSignal,
): Promise<TransactionRecord | undefined> {
  const key = transactionKey(plan);
  const kind = plan.kind === "invoice" ? "invoice" : "credit-memo";
  const records = (await findTransactions(client, kind, [key], signal)).filter((each) => isOfKey(each, key));
  const [first, second] = records;
  if (first === undefined) return undefined;
  if (second !== undefined || !isReferredToAs(first, plan.externalId)) throw alreadyThere(first, plan.kind);
  return first;
}

async function requireOpenPeriod(
  { client }: OracleTools,
  { request, expected }: TransactionPlan,
  signal: AbortSignal,
): Promise<void> {
  if (request.ledgerId === undefined || expected.date === null) return;
  await checkPeriod(client, RECEIVABLES, request.ledgerId, expected.date, signal);
}

function alreadyThere({ number, id }: TransactionRecord, kind: PostingKind): ErpFault {
  return new ErpFault("duplicate", `Oracle has a ${kind} ${number} already (${id})`);
}

function isAsPlanned(record: TransactionRecord, plan: TransactionPlan, customerNumber: string): boolean {
  return compareDocuments(plan.expected, comparedTransaction(record, plan, customerNumber)).length === 0;
}

/** Made incomplete and compared; what differs is taken away again, and told. */
async function created(
  tools: OracleTools,
  plan: TransactionPlan,
  customerNumber: string,
  signal: AbortSignal,
): Promise<TransactionRecord> {
  const resource = resourceOf(plan);
  const { sent, billTo } = plan.request;
  if (sent.by !== "request") throw new TypeError("the plan is one of an import");
  const body = await tools.client.rest({
    operation: `submit-${plan.kind}`,
    method: "POST",
    path: resource.path,
    body: { ...sent.body, ...billToFields(billTo, customerNumber) },
    signal,
  });
  // The answer is the record: a question could miss what was just made.
  const record = await readTransaction(tools.client, resource, body, signal);
  const differences = compareDocuments(plan.expected, comparedTransaction(record, plan, customerNumber));
  if (differences.length === 0) return record;
  const [first] = differences;
  const isOnlyMoved = differences.length === 1 && first?.field === "date";
  if (plan.kind === "invoice" || !isOnlyMoved) await discard(tools, plan, record, signal);
  if (isOnlyMoved)
    throw new ErpFault(
      "period-closed",
      `the period of ${first.expected} is not open: Oracle would book it on ${first.found}`,
      { code: "accounting-date-moved" },
    );
  throw new ErpFault(
    "validation",
    `Oracle would book another document: ${describeDifferences(differences)}`,
    {
      code: "draft-differs",
    },
  );
}

function billToFields(
  billTo: BillTo,
  customerNumber: string,
): { readonly [name: string]: string | undefined } {
  return {
    BillToCustomerNumber: customerNumber,
    BillToSite: "site" in billTo ? billTo.site : undefined,
  };
}

async function complete(
  { client }: OracleTools,
  plan: TransactionPlan,
  record: TransactionRecord,
  signal: AbortSignal,
): Promise<void> {
  const resource = resourceOf(plan);
  const body = await client.rest({
    operation: `complete-${plan.kind}`,
    method: "PATCH",
    path: `${resource.path}/${record.id}`,
    body: { [resource.status]: "Complete" },
    signal,
  });
  const now = await readTransaction(client, resource, body, signal);
  if (!now.isComplete)
    throw new ErpFault("validation", `Oracle leaves ${record.number} incomplete and does not say why`, {
      code: "not-completed",
    });
}

/** Takes an incomplete transaction away. Memos can't be deleted by the service: somebody has to. */
async function discard(
  { client }: OracleTools,
  plan: TransactionPlan,
  record: TransactionRecord,
  signal: AbortSignal,
): Promise<void> {
  if (plan.kind !== "invoice") {
    throw new ErpFault(
      "validation",
      `Oracle has an incomplete credit memo ${record.number} (${record.id}) that is not as planned: ${describeDifferences(
        compareDocuments(plan.expected, comparedTransaction(record, plan, record.customerNumber)),
      )} Delete it there, then retry.`,
      { code: "draft-differs" },
    );
  }
  await client.rest({
    operation: "discard-invoice",
    method: "DELETE",
    path: `${resourceOf(plan).path}/${record.id}`,
    signal,
  });
}
