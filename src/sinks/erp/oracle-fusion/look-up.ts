import type { FoundDocument } from "../erp-sink.ts";
import { customerReference } from "./customer-accounts.ts";
import { findTransactions, isOfKey, transactionKey } from "./find-transactions.ts";
import { findJournals } from "./journal-batches.ts";
import { correctedInvoice, isApplicationMissing } from "./memo-applications.ts";
import { customerComparison } from "./plan-customer.ts";
import {
  type CustomerPlan,
  isCustomerPlan,
  isJournalPlan,
  isTransactionPlan,
  type OraclePlan,
  type TransactionPlan,
} from "./plan.ts";
import { requireNoRunningImports } from "./running-imports.ts";
import { isAligned } from "./submit-customer.ts";
import type { OracleTools } from "./tools.ts";
import { foundTransaction } from "./transaction-records.ts";

/** What Oracle has under a plan's external id. What is only half made is not told: it is sent again, and completed then. */
export async function lookUp(
  tools: OracleTools,
  plan: OraclePlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (isCustomerPlan(plan)) return lookUpCustomer(tools, plan, signal);
  if (isJournalPlan(plan)) {
    // An import that ends between two questions must not be missed: jobs are asked about first.
    const found = await findJournals(tools.client, plan, signal);
    if (found.length > 0) return found;
    await requireNoRunningImports(tools.client, signal);
    return findJournals(tools.client, plan, signal);
  }
  return isTransactionPlan(plan) ? lookUpTransaction(tools, plan, signal) : [];
}

async function lookUpTransaction(
  tools: OracleTools,
  plan: TransactionPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const key = transactionKey(plan);
  const kind = plan.kind === "invoice" ? "invoice" : "credit-memo";
  const records = (await findTransactions(tools.client, kind, [key], signal)).filter(
    (record) => isOfKey(record, key) && (record.isComplete || record.crossReference !== plan.externalId),
  );
  const [first] = records;
  if (first === undefined) return [];
  if (records.length === 1 && first.crossReference === plan.externalId) {
    const invoice = await correctedInvoice(tools, plan, signal);
    if (await isApplicationMissing(tools, first, invoice, signal)) return [];
  }
  const number = await tools.customers.accountNumber(plan.request.billTo, signal);
  return records.map((record) => foundTransaction(record, plan, number));
}

/** A customer whose data are not as they should be differs: the same request that makes it brings it up to date. */
async function lookUpCustomer(
  tools: OracleTools,
  plan: CustomerPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const { request, externalId } = plan;
  if (request.kind === "existing-customer")
    return existingCustomer(tools, plan, request.accountNumber, signal);
  const accounts = await tools.customers.accounts(externalId, signal);
  const found: FoundDocument[] = [];
  for (const account of accounts) {
    const isCurrent = accounts.length > 1 || (await isAligned(tools, account, request, signal));
    found.push({
      erp: customerReference(account),
      externalId,
      document: customerComparison(isCurrent ? externalId : `${externalId} with other data`),
      payment: null,
    });
  }
  return found;
}

async function existingCustomer(
  { customers }: OracleTools,
  { externalId }: CustomerPlan,
  accountNumber: string,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const id = await customers.accountId(accountNumber, signal);
  if (id === undefined) return [];
  const erp = { id, number: accountNumber };
  return [{ erp, externalId, document: customerComparison(accountNumber), payment: null }];
}
