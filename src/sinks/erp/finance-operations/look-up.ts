import type { FoundDocument } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { isDraftOf } from "./drafts.ts";
import { type FinanceOperationsPlan, isInvoicePlan, isJournalPlan } from "./plan.ts";
import { readCustomers } from "./read-customers.ts";
import { findInvoices } from "./read-invoices.ts";
import { findJournals } from "./read-journals.ts";

/**
 * What the ERP has under a plan's external id. A draft that is what the plan would make is not told: it is no document yet, and submitting
 * the plan again takes it up where it stands. A draft that differs is told, so that somebody looks at it.
 */
export async function lookUp(
  client: FinanceOperationsClient,
  plan: FinanceOperationsPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (isInvoicePlan(plan)) {
    return told(plan, await findInvoices(client, plan, signal));
  }
  if (isJournalPlan(plan)) {
    const journals = await findJournals(client, plan, signal);
    return told(
      plan,
      journals.filter(({ isEmpty }) => !isEmpty),
    );
  }
  return readCustomers(client, [plan], signal);
}

interface Draft {
  readonly found: FoundDocument;
  readonly isPosted: boolean;
}

function told(plan: FinanceOperationsPlan, drafts: readonly Draft[]): readonly FoundDocument[] {
  const [only, ...others] = drafts;
  if (only !== undefined && others.length === 0 && !only.isPosted && isDraftOf(plan, only.found)) return [];
  return drafts.map(({ found }) => found);
}
