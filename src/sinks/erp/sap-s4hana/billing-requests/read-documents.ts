import { isZeroDecimal, sumOfDecimals } from "../../common/decimals.ts";
import type { ComparedDocument, FoundDocument } from "../../erp-sink.ts";
import type { ErpReference } from "../../../../model/posting.ts";
import type { SapClient } from "../client.ts";
import { type AccountingDocument, readByNumber, readOpenOf } from "../item-cube.ts";
import { dayIn, flagIn, oneOf, query, type Row, rowsIn, textIn } from "../odata.ts";
import { paymentOf } from "../payment.ts";
import type { BillingPlan } from "../plan.ts";
import { plainKey } from "../plan-invoice.ts";
import { customerNames, nameOfCustomer } from "./customer-names.ts";

/** Billing documents as SAP has them (Billing Document – Read), which it makes of requests by a job of its own. */

export const BILLING_DOCUMENTS = "API_BILLING_DOCUMENT_SRV/A_BillingDocument";
const BILLING_ITEMS = "API_BILLING_DOCUMENT_SRV/A_BillingDocumentItem";

export interface BillingDocument {
  readonly erp: ErpReference;
  readonly customerReference: string;
  readonly isCancelled: boolean;
  /** Requests that it was made of: one, unless SAP has combined several. */
  readonly requests: readonly string[];
  /** AccountingTransferStatus; "C" for a journal entry that was made. */
  readonly transferStatus: string;
  /** Its journal entry, once there is one. */
  readonly entry: Pick<AccountingDocument, "companyCode" | "fiscalYear" | "number">;
  readonly document: ComparedDocument;
}

/** Rows of the billing documents of the plans' requests, in the order of their numbers: what was cancelled too, but not what cancels it. */
export async function documentRows(
  client: SapClient,
  operation: string,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const references = oneOf(
    "PurchaseOrderByCustomer",
    plans.map(({ request }) => request.customerReference),
  );
  return query(client, {
    operation,
    entity: BILLING_DOCUMENTS,
    filter: `CancelledBillingDocument eq '' and (${references})`,
    expand: ["to_Item"],
    orderBy: ["BillingDocument"],
    signal,
  });
}

/** Billing documents by the requests that they were made of, whatever their references; those that were cancelled are missing. */
export async function documentsOfRequests(
  client: SapClient,
  operation: string,
  requests: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (requests.length === 0) return new Map();
  const items = await query(client, {
    operation,
    entity: BILLING_ITEMS,
    filter: oneOf("ReferenceSDDocument", requests),
    select: ["BillingDocument", "ReferenceSDDocument"],
    orderBy: ["BillingDocument", "BillingDocumentItem"],
    signal,
  });
  const numbers = [...new Set(items.map((row) => textIn(row, "BillingDocument")))];
  if (numbers.length === 0) return new Map();
  const valid = await query(client, {
    operation,
    entity: BILLING_DOCUMENTS,
    filter: `BillingDocumentIsCancelled eq false and CancelledBillingDocument eq '' and (${oneOf("BillingDocument", numbers)})`,
    select: ["BillingDocument"],
    orderBy: ["BillingDocument"],
    signal,
  });
  const isValid = new Set(valid.map((row) => textIn(row, "BillingDocument")));
  return new Map(
    items
      .filter((row) => isValid.has(textIn(row, "BillingDocument")))
      .map((row) => [textIn(row, "ReferenceSDDocument"), textIn(row, "BillingDocument")]),
  );
}

/**
 * With what has been paid of invoices: at most four questions for all plans. Those that SAP doesn't have are missing; one that was cancelled is void, unless
 * it was billed again.
 */
export async function readBilled(
  client: SapClient,
  operation: string,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (plans.length === 0) return [];
  const rows = await documentRows(client, operation, plans, signal);
  const names = await customerNames(client, plans, rows, signal);
  const documents = rows.map((row) => billingDocument(row, names));
  const found = plans.flatMap((plan) => {
    const own = documents.filter(
      ({ customerReference }) => customerReference === plan.request.customerReference,
    );
    const valid = own.filter(({ isCancelled }) => !isCancelled);
    return (valid.length > 0 ? valid : own.slice(-1)).map((document) => ({ plan, document }));
  });
  const invoices = found.filter(({ plan, document }) => plan.kind === "invoice" && !document.isCancelled);
  const entries = await readByNumber(
    client,
    "read-entries",
    invoices.filter(({ document }) => document.transferStatus === "C").map(({ document }) => document.entry),
    signal,
  );
  const open = entries.filter(({ isReversed }) => !isReversed);
  const others = open.length === 0 ? [] : await readOpenOf(client, open, signal);
  return found.map(({ plan, document }) => ({
    ...foundDocument(plan, document),
    payment: plan.kind === "invoice" ? paymentOfBilled(document, entries, others) : null,
  }));
}

function paymentOfBilled(
  { entry, isCancelled, document }: BillingDocument,
  entries: readonly AccountingDocument[],
  others: readonly AccountingDocument[],
): FoundDocument["payment"] {
  if (isCancelled) return { status: "void", openAmount: "0" };
  const posted = entries.find(
    ({ companyCode, fiscalYear, number }) =>
      companyCode === entry.companyCode && fiscalYear === entry.fiscalYear && number === entry.number,
  );
  if (posted !== undefined) return paymentOf(posted, others);
  return isZeroDecimal(document.total ?? "0") ? { status: "paid", openAmount: "0" } : null;
}

/** Without what has been paid. */
export function foundDocument(
  { externalId }: BillingPlan,
  { erp, document }: BillingDocument,
): FoundDocument {
  return { erp, externalId, document, payment: null };
}

/** Whether the document is in accounting; one of nothing need not be. */
export function isAccounted({ transferStatus, document }: BillingDocument): boolean {
  return transferStatus === "C" || (transferStatus === "D" && isZeroDecimal(document.total ?? "0"));
}

export function billingReference(row: Row): ErpReference {
  const number = textIn(row, "BillingDocument");
  return { id: number, number };
}

export function billingDocument(row: Row, names: ReadonlyMap<string, string>): BillingDocument {
  const items = rowsIn(row, "to_Item");
  const tax = textIn(row, "TaxAmount");
  return {
    erp: billingReference(row),
    customerReference: textIn(row, "PurchaseOrderByCustomer"),
    isCancelled: flagIn(row, "BillingDocumentIsCancelled"),
    requests: [...new Set(items.map((item) => textIn(item, "ReferenceSDDocument")))],
    transferStatus: textIn(row, "AccountingTransferStatus"),
    entry: {
      companyCode: textIn(row, "CompanyCode"),
      fiscalYear: textIn(row, "FiscalYear"),
      number: textIn(row, "AccountingDocument"),
    },
    document: {
      customer: nameOfCustomer(row, names),
      legalEntity: textIn(row, "CompanyCode"),
      currency: textIn(row, "TransactionCurrency"),
      date: dayIn(row, "BillingDocumentDate"),
      total: sumOfDecimals([textIn(row, "TotalNetAmount"), tax]),
      tax,
      lines: items.map((item) => ({
        reference: plainKey(textIn(item, "Material")),
        amount: textIn(item, "NetAmount"),
      })),
    },
  };
}
