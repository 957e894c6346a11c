import type { FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { type FinanceOperationsPlan, isInvoicePlan, isJournalPlan } from "./plan.ts";
import { readCustomers } from "./read-customers.ts";
import { readInvoices } from "./read-invoices.ts";
import { readJournals } from "./read-journals.ts";

/** Documents as the ERP has them, those that are posted; a few questions for all. */
export async function readBack(
  client: FinanceOperationsClient,
  plans: readonly FinanceOperationsPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const invoices = await readInvoices(client, plans.filter(isInvoicePlan), signal);
  const journals = await readJournals(client, plans.filter(isJournalPlan), signal);
  return [
    ...(await readCustomers(client, plans, signal)),
    ...invoices.filter(({ isPosted }) => isPosted).map(({ found }) => found),
    ...journals.filter(({ isPosted }) => isPosted).map(({ found }) => found),
  ];
}
