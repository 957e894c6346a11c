import { isJsonNumber } from "../../../model/decimal.ts";
import { magnitudeOfDecimal, negatedDecimal } from "../common/decimals.ts";
import { ErpFault } from "../erp-sink.ts";
import type { SapClient } from "./client.ts";
import { dayIn, flagIn, oneOf, query, quoted, textIn, type Row } from "./odata.ts";

/** Items of documents as accounting shows them (Operational Journal Entry Item – Read). */

export const ITEM_CUBE = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube";
export const ITEM_KEY = [
  "CompanyCode",
  "FiscalYear",
  "AccountingDocument",
  "AccountingDocumentItem",
] as const;

const FIELDS = [
  ...ITEM_KEY,
  "DocumentReferenceID",
  "DocumentDate",
  "FinancialAccountType",
  "AccountingDocumentItemType",
  "DebitCreditCode",
  "GLAccount",
  "Customer",
  "TransactionCurrency",
  "AmountInTransactionCurrency",
  "ClearingAccountingDocument",
  "IsCleared",
  "InvoiceReference",
  "InvoiceReferenceFiscalYear",
  "IsReversal",
  "IsReversed",
] as const;

export interface DocumentItem {
  /** Signed: debits are positive. */
  readonly amount: string;
  readonly kind: "customer" | "tax" | "ledger";
  readonly account: string;
  readonly customer: string;
  readonly isCleared: boolean;
}

export interface AccountingDocument {
  readonly companyCode: string;
  readonly fiscalYear: string;
  readonly number: string;
  readonly reference: string;
  readonly date: string | null;
  readonly currency: string;
  /** Whether somebody took it back by another document. */
  readonly isReversed: boolean;
  /** The invoice that it belongs to (a payment's, a memo's); "" for none. */
  readonly invoice: string;
  readonly invoiceYear: string;
  readonly items: readonly DocumentItem[];
}

/** Documents under some references, in the order of their numbers; those that take another one back are left out. */
export function readByReference(
  client: SapClient,
  operation: string,
  references: readonly { readonly companyCode: string; readonly reference: string }[],
  signal: AbortSignal,
): Promise<readonly AccountingDocument[]> {
  const byCompany = new Map<string, string[]>();
  for (const { companyCode, reference } of references)
    byCompany.set(companyCode, [...(byCompany.get(companyCode) ?? []), reference]);
  const filter = [...byCompany]
    .map(([company, of]) => `(CompanyCode eq ${quoted(company)} and (${oneOf("DocumentReferenceID", of)}))`)
    .join(" or ");
  return readDocuments(client, operation, filter, signal);
}

/** Documents by company code, fiscal year and number. */
export async function readByNumber(
  client: SapClient,
  operation: string,
  keys: readonly Pick<AccountingDocument, "companyCode" | "fiscalYear" | "number">[],
  signal: AbortSignal,
): Promise<readonly AccountingDocument[]> {
  if (keys.length === 0) return [];
  const filter = keys
    .map(
      ({ companyCode, fiscalYear, number }) =>
        `(CompanyCode eq ${quoted(companyCode)} and FiscalYear eq ${quoted(fiscalYear)} and AccountingDocument eq ${quoted(number)})`,
    )
    .join(" or ");
  return readDocuments(client, operation, filter, signal);
}

/** What belongs to some invoices and is open: payments of a part, memos, what is left of a payment. Of each only the customers' items. */
export function readOpenOf(
  client: SapClient,
  invoices: readonly AccountingDocument[],
  signal: AbortSignal,
): Promise<readonly AccountingDocument[]> {
  const named = invoices
    .map(
      ({ companyCode, fiscalYear, number }) =>
        `(CompanyCode eq ${quoted(companyCode)} and InvoiceReference eq ${quoted(number)} and InvoiceReferenceFiscalYear eq ${quoted(fiscalYear)})`,
    )
    .join(" or ");
  const filter = `FinancialAccountType eq 'D' and IsCleared eq false and (${named})`;
  return readDocuments(client, "read-payments", filter, signal);
}

async function readDocuments(
  client: SapClient,
  operation: string,
  filter: string,
  signal: AbortSignal,
): Promise<readonly AccountingDocument[]> {
  const rows = await query(client, {
    operation,
    entity: ITEM_CUBE,
    filter,
    select: FIELDS,
    orderBy: ITEM_KEY,
    signal,
  });
  const documents = new Map<string, AccountingDocument & { readonly items: DocumentItem[] }>();
  for (const row of rows) {
    if (flagIn(row, "IsReversal")) continue;
    // A document may have items of several invoices.
    const key = [...ITEM_KEY.slice(0, 3), "InvoiceReference", "InvoiceReferenceFiscalYear"];
    const name = operation === "read-payments" ? key : key.slice(0, 3);
    const id = name.map((field) => textIn(row, field)).join(" ");
    let document = documents.get(id);
    if (document === undefined) {
      document = documentOf(row);
      documents.set(id, document);
    }
    document.items.push(itemOf(row));
  }
  return [...documents.values()];
}

function documentOf(row: Row): AccountingDocument & { readonly items: DocumentItem[] } {
  return {
    companyCode: textIn(row, "CompanyCode"),
    fiscalYear: textIn(row, "FiscalYear"),
    number: textIn(row, "AccountingDocument"),
    reference: textIn(row, "DocumentReferenceID"),
    date: dayIn(row, "DocumentDate"),
    currency: textIn(row, "TransactionCurrency"),
    isReversed: flagIn(row, "IsReversed"),
    invoice: textIn(row, "InvoiceReference"),
    invoiceYear: textIn(row, "InvoiceReferenceFiscalYear"),
    items: [],
  };
}

function itemOf(row: Row): DocumentItem {
  const isCustomer = textIn(row, "FinancialAccountType") === "D";
  const isTax = textIn(row, "AccountingDocumentItemType") === "T";
  return {
    amount: signedAmount(row),
    kind: isCustomer ? "customer" : isTax ? "tax" : "ledger",
    account: textIn(row, "GLAccount"),
    customer: textIn(row, "Customer"),
    isCleared: flagIn(row, "IsCleared") || textIn(row, "ClearingAccountingDocument") !== "",
  };
}

/** The side counts, whether the amount has a sign of its own or not. */
function signedAmount(row: Row): string {
  const text = textIn(row, "AmountInTransactionCurrency").trim();
  if (!isJsonNumber(text)) throw new ErpFault("transient", "SAP's amount of an item is no number");
  const magnitude = magnitudeOfDecimal(text);
  return textIn(row, "DebitCreditCode") === "H" ? negatedDecimal(magnitude) : magnitude;
}
