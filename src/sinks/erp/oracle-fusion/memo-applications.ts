import { compareDecimals, sumOfDecimals } from "../common/decimals.ts";
import { ErpFault } from "../erp-sink.ts";
import { ACTIVITIES } from "./customer-accounts.ts";
import { findTransactions } from "./find-transactions.ts";
import type { TransactionPlan } from "./plan.ts";
import { quoted, readAll } from "./resources.ts";
import type { SoapService } from "./soap.ts";
import type { OracleTools } from "./tools.ts";
import { isReferredToAs, type TransactionRecord } from "./transaction-records.ts";

/**
 * A memo on account is applied to the invoice that it corrects as far as that is open; what is more stays a credit of the customer. The memo has the
 * lines and taxes of our document, which a memo that Oracle makes of an invoice would not have.
 */

const CREDIT_MEMO_SERVICE: SoapService = {
  path: "/fscmService/CreditMemoService",
  service: "http://xmlns.oracle.com/apps/financials/receivables/transactions/creditMemos/creditMemoService/",
  types:
    "http://xmlns.oracle.com/apps/financials/receivables/transactions/creditMemos/creditMemoService/types/",
};

/** The invoice that a memo is applied to; undefined where it is not to be, or needn't be there. */
export async function correctedInvoice(
  { client }: OracleTools,
  { request: { applyTo } }: TransactionPlan,
  signal: AbortSignal,
): Promise<TransactionRecord | undefined> {
  if (applyTo === null) return undefined;
  const found = await findTransactions(client, "invoice", [applyTo], signal);
  const invoice = found.find((record) => record.isComplete && isReferredToAs(record, applyTo.externalId));
  if (invoice === undefined && applyTo.mustExist)
    throw new ErpFault(
      "validation",
      `the invoice that the memo corrects is not in Oracle (${applyTo.externalId})`,
      { code: "corrected-invoice-missing" },
    );
  return invoice;
}

/** Whether something is still to be applied: the invoice is open, and nothing of the memo was applied yet. */
export async function isApplicationMissing(
  tools: OracleTools,
  memo: TransactionRecord,
  invoice: TransactionRecord | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (invoice === undefined || compareDecimals(invoice.balance ?? "0", "0") <= 0) return false;
  const accountId = await tools.customers.accountId(memo.customerNumber, signal);
  if (accountId === undefined) throw new ErpFault("transient", "Oracle does not show the memo's customer");
  const applications = await readAll(tools.client, {
    operation: "read-applications",
    path: `${ACTIVITIES}/${accountId}/child/creditMemoApplications`,
    q: `CreditMemoNumber=${quoted(memo.number)}`,
    signal,
  });
  return applications.length === 0;
}

export async function applyMemo(
  tools: OracleTools,
  plan: TransactionPlan,
  memo: TransactionRecord,
  signal: AbortSignal,
): Promise<void> {
  const invoice = await correctedInvoice(tools, plan, signal);
  if (invoice === undefined || !(await isApplicationMissing(tools, memo, invoice, signal))) return;
  const open = invoice.balance ?? "0";
  const amount = compareDecimals(open, memo.total) < 0 ? open : memo.total;
  await tools.client.soap({
    operation: "apply-credit-memo",
    service: CREDIT_MEMO_SERVICE,
    call: "createApplyOnAccountCreditMemo",
    parameters: [
      {
        name: "applyOnAccountCreditMemo",
        value: {
          AmountApplied: sumOfDecimals([amount]),
          ApplyDate: memo.accountingDate,
          BusinessUnit: memo.businessUnit,
          CreditMemoTrxId: memo.id,
          CreditMemoTrxNumber: memo.number,
          GlDate: memo.accountingDate,
          InvoiceCustomerTrxId: invoice.id,
          InvoiceTrxNumber: invoice.number,
        },
      },
    ],
    effect: "write",
    signal,
  });
}
