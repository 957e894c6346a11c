import { ErpFault, type FoundDocument } from "../erp-sink.ts";
import { customerReference } from "./customer-accounts.ts";
import { findTransactions, isOfKey, transactionKey } from "./find-transactions.ts";
import { findJournals } from "./journal-batches.ts";
import { importedAnswer } from "./imported-document.ts";
import { loadsOfLines } from "./interface-lines.ts";
import { correctedInvoice, isApplicationMissing } from "./memo-applications.ts";
import { customerComparison } from "./plan-customer.ts";
import {
  type CustomerPlan,
  isCustomerPlan,
  isImported,
  isJournalPlan,
  isTransactionPlan,
  type OraclePlan,
  type TransactionPlan,
} from "./plan.ts";
import { INVOICE_IMPORTS, JOURNAL_IMPORTS, requireNoRunningImports } from "./running-imports.ts";
import { isAligned } from "./submit-customer.ts";
import type { OracleTools } from "./tools.ts";
import { foundTransaction, isReferredToAs } from "./transaction-records.ts";

/**
 * What Oracle has under a plan's external id. What is only half made is not told: it is sent again, and completed then. A memo that was imported is
 * applied here, where that is all that is missing.
 */
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
    await requireNoRunningImports(tools.client, JOURNAL_IMPORTS, signal);
    return findJournals(tools.client, plan, signal);
  }
  if (!isTransactionPlan(plan)) return [];
  const found = await lookUpTransaction(tools, plan, signal);
  if (found.length > 0 || !isImported(plan)) return found;
  await requireNothingLeft(tools, plan, signal);
  return lookUpTransaction(tools, plan, signal);
}

/**
 * An import whose answer was lost may still come to its document, and lines that it has rejected would be in the way of the next. Throws ErpFault
 * `transient` while there is anything of it.
 */
async function requireNothingLeft(
  { client, imports, removal }: OracleTools,
  plan: TransactionPlan,
  signal: AbortSignal,
): Promise<void> {
  const { externalId } = plan;
  await requireNoRunningImports(client, INVOICE_IMPORTS, signal, (id) => imports.mayHave(id, externalId));
  const loads = (await loadsOfLines(client, [plan], signal)).get(externalId);
  if (loads === undefined) return;
  await removal.begin(loads, signal);
  throw new ErpFault("transient", "lines of an earlier try are still in AutoInvoice's table", {
    code: "interface-lines-left",
  });
}

async function lookUpTransaction(
  tools: OracleTools,
  plan: TransactionPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const key = transactionKey(plan);
  const kind = plan.kind === "invoice" ? "invoice" : "credit-memo";
  const records = (await findTransactions(tools.client, kind, [key], signal)).filter(
    (record) => isOfKey(record, key) && (record.isComplete || !isReferredToAs(record, plan.externalId)),
  );
  const [first] = records;
  if (first === undefined) return [];
  if (records.length === 1 && isReferredToAs(first, plan.externalId)) {
    const invoice = await correctedInvoice(tools, plan, signal);
    if (await isApplicationMissing(tools, first, invoice, signal)) {
      // One that was made by requests is taken up where it was left. There is nothing of an import that could be sent again.
      if (!isImported(plan)) return [];
      await importedAnswer(tools, plan, records, signal);
    }
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
