import { roundedText, scaled, UNIT } from "../exact-numbers.ts";
import type { StoredDocument } from "./documents.ts";
import type { EntityRow } from "./odata-values.ts";
import type { System } from "./system.ts";

/** Items of documents as API_OPLACCTGDOCITEMCUBE_SRV shows them. */

export const CUBE_KEY = [
  "CompanyCode",
  "FiscalYear",
  "AccountingDocument",
  "AccountingDocumentItem",
] as const;

export function cubeRows(documents: readonly StoredDocument[], system: System): readonly EntityRow[] {
  return documents.flatMap((document) => rowsOf(document, system));
}

function rowsOf(document: StoredDocument, { currencies }: System): readonly EntityRow[] {
  const { currency } = document;
  const amountText = (amount: string): string => roundedText(scaled(amount), UNIT, currencies[currency] ?? 2);
  return document.items.map((item) => ({
    CompanyCode: document.companyCode,
    FiscalYear: document.fiscalYear,
    AccountingDocument: document.number,
    AccountingDocumentItem: item.number,
    AccountingDocumentType: document.type,
    DocumentReferenceID: document.reference,
    AccountingDocumentHeaderText: document.headerText,
    AccountingDocCreatedByUser: document.createdBy,
    DocumentDate: { date: document.documentDate },
    PostingDate: { date: document.postingDate },
    AccountingDocumentCreationDate: { date: document.createdOn },
    FinancialAccountType: item.kind === "customer" ? "D" : "S",
    AccountingDocumentItemType: item.kind === "tax" ? "T" : "",
    DebitCreditCode: scaled(item.amount) < 0n ? "H" : "S",
    GLAccount: item.account,
    Customer: item.customer,
    TaxCode: item.taxCode,
    DocumentItemText: item.text,
    AssignmentReference: item.assignmentReference,
    CostCenter: item.assignment["CostCenter"] ?? "",
    ProfitCenter: item.assignment["ProfitCenter"] ?? "",
    Segment: item.assignment["Segment"] ?? "",
    NetDueDate: item.dueBaseDate === "" ? null : { date: dueDate(item.dueBaseDate, item.netPaymentDays) },
    TransactionCurrency: currency,
    AmountInTransactionCurrency: amountText(item.amount),
    ClearingAccountingDocument: item.clearedBy,
    IsCleared: item.clearedBy !== "",
    InvoiceReference: item.invoice,
    InvoiceReferenceFiscalYear: item.invoiceYear === "" ? "0000" : item.invoiceYear,
    IsReversal: document.isReversal,
    IsReversed: document.isReversed,
  }));
}

function dueDate(base: string, days: string): string {
  const DAY_MS = 86_400_000;
  return new Date(Date.parse(`${base}T00:00:00Z`) + Number(days || "0") * DAY_MS).toISOString().slice(0, 10);
}
