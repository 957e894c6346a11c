import { isZeroDecimal } from "../common/decimals.ts";
import type { DebtorItem, JournalEntryPlan, JournalEntryRequest, LedgerItem, TaxItem } from "./plan.ts";
import { element, optionalElement, writeXml, type XmlElement } from "./xml.ts";

/**
 * Requests of the synchronous service JournalEntryCreateRequestConfirmation_In. The order of elements is the schema's: SAP answers any other with
 * HTTP 500.
 */

export const JOURNAL_ENTRY_PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi";
export const JOURNAL_ENTRY_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/xml; charset=utf-8",
  accept: "text/xml",
  SOAPAction:
    '"http://sap.com/xi/SAPSCORE/SFIN/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"',
};
const SOAP_NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/";
const SFIN_NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN";

/** What is known of an entry only when it is sent. */
export interface JournalEntry {
  readonly plan: JournalEntryPlan;
  /** Customer's number in SAP; null for journals. */
  readonly debtor: string | null;
  /** Key of the invoice that a memo takes from: document, company code and year, one after the other; null for none. */
  readonly invoiceKey: string | null;
}

/** Id of an entry's message, by which its answer is told from others of the bulk. */
export function messageIdOf({ externalId }: JournalEntryPlan, attempt: number): string {
  return `${externalId}-${attempt}`;
}

/** @param createdAt when it is sent, RFC 3339 in UTC */
export function journalMessage(
  entries: readonly { readonly entry: JournalEntry; readonly messageId: string }[],
  createdAt: string,
): string {
  const [first] = entries;
  const bulkId = `B-${first?.messageId ?? ""}`;
  const bulk = element("sfin:JournalEntryBulkCreateRequest", [
    messageHeader(bulkId, createdAt),
    ...entries.map(({ entry, messageId }) =>
      element("JournalEntryCreateRequest", [messageHeader(messageId, createdAt), journalEntry(entry)]),
    ),
  ]);
  const envelope = element("soapenv:Envelope", [element("soapenv:Body", [bulk])], {
    "xmlns:soapenv": SOAP_NAMESPACE,
    "xmlns:sfin": SFIN_NAMESPACE,
  });
  return `<?xml version="1.0" encoding="utf-8"?>${writeXml(envelope)}`;
}

function messageHeader(id: string, createdAt: string): XmlElement {
  return element("MessageHeader", [element("ID", id), element("CreationDateTime", createdAt)]);
}

function journalEntry({ plan, debtor, invoiceKey }: JournalEntry): XmlElement {
  const { request, externalId } = plan;
  const { currency } = request;
  return element("JournalEntry", [
    element("OriginalReferenceDocumentType", "BKPFF"),
    element("BusinessTransactionType", "RFBU"),
    element("AccountingDocumentType", request.documentType),
    element("DocumentReferenceID", externalId),
    ...optionalElement("DocumentHeaderText", request.headerText),
    element("CreatedByUser", request.createdBy),
    element("CompanyCode", request.companyCode),
    element("DocumentDate", request.documentDate),
    element("PostingDate", request.postingDate),
    ...(request.taxes.length > 0 ? [element("TaxDeterminationDate", request.documentDate)] : []),
    ...optionalElement("InvoiceReferenceDocument", invoiceKey),
    ...request.items.map((item, index) =>
      ledgerItem(item, index + (request.debtor === null ? 1 : 2), request),
    ),
    ...(request.debtor === null || debtor === null
      ? []
      : [debtorItem(request.debtor, debtor, externalId, currency)]),
    ...request.taxes.map((tax) => taxItem(tax, currency)),
  ]);
}

function ledgerItem(
  { account, amount, text, taxCode, assignment }: LedgerItem,
  number: number,
  { currency }: JournalEntryRequest,
): XmlElement {
  const { CostCenter = null, ProfitCenter = null, Segment = null, WBSElement = null } = assignment;
  const assigned = [
    ...optionalElement("CostCenter", CostCenter),
    ...optionalElement("ProfitCenter", ProfitCenter),
    ...optionalElement("Segment", Segment),
    ...optionalElement("WBSElement", WBSElement),
  ];
  return element("Item", [
    element("ReferenceDocumentItem", String(number)),
    element("GLAccount", account),
    ...amountElements(amount, currency),
    ...optionalElement("DocumentItemText", text),
    ...(taxCode === null ? [] : [element("Tax", [element("TaxCode", taxCode)])]),
    ...(assigned.length === 0 ? [] : [element("AccountAssignment", assigned)]),
  ]);
}

function debtorItem(
  { amount, dueBaseDate, netPaymentDays }: DebtorItem,
  debtor: string,
  reference: string,
  currency: string,
): XmlElement {
  return element("DebtorItem", [
    element("ReferenceDocumentItem", "1"),
    element("Debtor", debtor),
    ...amountElements(amount, currency),
    element("AssignmentReference", reference),
    element("CashDiscountTerms", [
      element("DueCalculationBaseDate", dueBaseDate),
      element("NetPaymentDays", String(netPaymentDays)),
    ]),
  ]);
}

function taxItem(
  { code, classification, conditionType, amount, baseAmount }: TaxItem,
  currency: string,
): XmlElement {
  return element("ProductTaxItem", [
    element("TaxCode", code),
    ...optionalElement("TaxItemClassification", classification),
    // A tax of 0 is on the side of what it is worked out of.
    ...amountElements(amount, currency, isZeroDecimal(amount) ? baseAmount : amount),
    element("TaxBaseAmountInTransCrcy", baseAmount, { currencyCode: currency }),
    ...optionalElement("ConditionType", conditionType),
  ]);
}

/** S for debits, H for credits. */
function amountElements(amount: string, currency: string, signed = amount): readonly XmlElement[] {
  return [
    element("AmountInTransactionCurrency", amount, { currencyCode: currency }),
    element("DebitCreditCode", signed.startsWith("-") ? "H" : "S"),
  ];
}
