import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { createTogether } from "./changeset.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { anotherDraft, isDraftOf } from "./drafts.ts";
import {
  type FinanceOperationsPlan,
  type InvoiceRequest,
  isInvoicePlan,
  isJournalPlan,
  type PlanOf,
} from "./plan.ts";
import { postingHandle } from "./poll.ts";
import { readInvoices } from "./read-invoices.ts";
import { submitCustomer } from "./submit-customer.ts";
import { submitJournal } from "./submit-journal.ts";

/** Creates what a plan says, or takes up what an earlier request has left of it. @param nowMs milliseconds since the epoch */
export function submit(
  client: FinanceOperationsClient,
  plan: FinanceOperationsPlan,
  nowMs: number,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  if (isInvoicePlan(plan)) return submitInvoice(client, plan, nowMs, signal);
  if (isJournalPlan(plan)) return submitJournal(client, plan, nowMs, signal);
  return submitCustomer(client, plan, signal);
}

/**
 * Header and lines in one transaction, under a key that the ERP keeps unique: there is a whole draft or none, and the same request a second time
 * is refused. Its batch job posts it.
 */
async function submitInvoice(
  client: FinanceOperationsClient,
  plan: PlanOf<InvoiceRequest>,
  nowMs: number,
  signal: AbortSignal,
): Promise<SubmitAnswer> {
  const { header, lines } = plan.request;
  const operations = [
    { entity: "CDSFreeTextInvoiceHeaders", body: header },
    ...lines.map((body) => ({ entity: "CDSFreeTextInvoiceLines", body })),
  ];
  try {
    await createTogether(client, operations, {
      operation: `submit-${plan.kind}`,
      id: plan.externalId,
      signal,
    });
  } catch (fault) {
    if (!(fault instanceof ErpFault) || fault.kind !== "duplicate") throw fault;
    const [known] = await readInvoices(client, [plan], signal);
    if (known === undefined) throw fault;
    if (known.isPosted) return { status: "confirmed", erp: known.found.erp };
    if (!isDraftOf(plan, known.found)) throw anotherDraft(plan);
  }
  return { status: "accepted", handle: postingHandle(nowMs) };
}
