import type { ErpReference } from "../../../model/posting.ts";
import type { FoundDocument } from "../erp-sink.ts";
import { customerReference } from "./customer-accounts.ts";
import { findTransactions, isOfKey, transactionKey } from "./find-transactions.ts";
import { findJournals } from "./journal-batches.ts";
import { customerComparison } from "./plan-customer.ts";
import {
  type CustomerPlan,
  isCustomerPlan,
  isJournalPlan,
  isTransactionPlan,
  type OraclePlan,
  type TransactionPlan,
} from "./plan.ts";
import type { OracleTools } from "./tools.ts";
import { foundTransaction } from "./transaction-records.ts";

/** Documents as Oracle has them. Invoices and memos are read in one question each for all; journals and customers one by one. */
export async function readBack(
  tools: OracleTools,
  plans: readonly OraclePlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const transactions = plans.filter(isTransactionPlan);
  const found: FoundDocument[] = [];
  for (const kind of ["invoice", "credit-memo"] as const)
    found.push(
      ...(await readTransactions(
        tools,
        kind,
        transactions.filter((plan) => plan.kind === kind),
        signal,
      )),
    );
  for (const plan of plans) {
    if (isJournalPlan(plan)) found.push(...(await findJournals(tools.client, plan, signal)));
    else if (isCustomerPlan(plan)) found.push(...(await readCustomer(tools, plan, signal)));
  }
  return found;
}

async function readTransactions(
  tools: OracleTools,
  kind: "invoice" | "credit-memo",
  plans: readonly TransactionPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const records = await findTransactions(tools.client, kind, plans.map(transactionKey), signal);
  const found: FoundDocument[] = [];
  for (const plan of plans) {
    const key = transactionKey(plan);
    const own = records.filter((record) => record.isComplete && isOfKey(record, key));
    if (own.length === 0) continue;
    const number = await tools.customers.accountNumber(plan.request.billTo, signal);
    found.push(...own.map((record) => foundTransaction(record, plan, number)));
  }
  return found;
}

/** That the account is there; its data may be changed in Oracle by hand. */
async function readCustomer(
  { customers }: OracleTools,
  { request, externalId }: CustomerPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (request.kind === "existing-customer") {
    const { accountNumber } = request;
    const id = await customers.accountId(accountNumber, signal);
    return id === undefined ? [] : [foundCustomer({ id, number: accountNumber }, externalId, accountNumber)];
  }
  const accounts = await customers.accounts(externalId, signal);
  return accounts.map((account) => foundCustomer(customerReference(account), externalId, externalId));
}

function foundCustomer(erp: ErpReference, externalId: string, customer: string): FoundDocument {
  return { erp, externalId, document: customerComparison(customer), payment: null };
}
