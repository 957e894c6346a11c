import type { XmlElement } from "./xml-reader.ts";
import {
  AMOUNT,
  checkChildren,
  DAY,
  many,
  one,
  optional,
  type Schema,
  SIDE,
  text,
  TIME,
  WHOLE,
} from "./xml-schema.ts";

/** The schema of JournalEntryBulkCreateRequest, as far as it is used. */

// An id that is missing or empty is told in the log, not as a fault.
const MESSAGE_HEADER: Schema = [
  optional("ID", { pattern: /^[^\p{Cc}]{0,35}$/u, attributes: [] }),
  one("CreationDateTime", TIME),
];
const ASSIGNMENT: Schema = [
  optional("CostCenter", text(10)),
  optional("ProfitCenter", text(10)),
  optional("Segment", text(10)),
  optional("WBSElement", text(24)),
];
const ITEM: Schema = [
  optional("ReferenceDocumentItem", WHOLE),
  one("GLAccount", text(10)),
  one("AmountInTransactionCurrency", AMOUNT),
  optional("DebitCreditCode", SIDE),
  optional("DocumentItemText", text(50)),
  optional("Tax", [optional("TaxCode", text(2))]),
  optional("AccountAssignment", ASSIGNMENT),
];
const DEBTOR_ITEM: Schema = [
  optional("ReferenceDocumentItem", WHOLE),
  one("Debtor", text(10)),
  one("AmountInTransactionCurrency", AMOUNT),
  optional("DebitCreditCode", SIDE),
  optional("DocumentItemText", text(50)),
  optional("AssignmentReference", text(18)),
  optional("CashDiscountTerms", [optional("DueCalculationBaseDate", DAY), optional("NetPaymentDays", WHOLE)]),
];
const TAX_ITEM: Schema = [
  one("TaxCode", text(2)),
  optional("TaxItemClassification", text(3)),
  one("AmountInTransactionCurrency", AMOUNT),
  optional("DebitCreditCode", SIDE),
  optional("TaxBaseAmountInTransCrcy", AMOUNT),
  optional("ConditionType", text(4)),
];

function journalEntry(knowsInvoiceReference: boolean): Schema {
  return [
    one("OriginalReferenceDocumentType", text(5)),
    one("BusinessTransactionType", text(4)),
    one("AccountingDocumentType", text(2)),
    optional("DocumentReferenceID", text(16)),
    optional("DocumentHeaderText", text(25)),
    one("CreatedByUser", text(12)),
    one("CompanyCode", text(4)),
    one("DocumentDate", DAY),
    one("PostingDate", DAY),
    optional("TaxDeterminationDate", DAY),
    ...(knowsInvoiceReference ? [optional("InvoiceReferenceDocument", text(20))] : []),
    many("Item", ITEM),
    many("DebtorItem", DEBTOR_ITEM),
    many("ProductTaxItem", TAX_ITEM),
  ];
}

/** Throws a SOAP fault. */
export function checkBulk(bulk: XmlElement, knowsInvoiceReference: boolean): void {
  checkChildren(bulk, [
    one("MessageHeader", MESSAGE_HEADER),
    many("JournalEntryCreateRequest", [
      one("MessageHeader", MESSAGE_HEADER),
      one("JournalEntry", journalEntry(knowsInvoiceReference)),
    ]),
  ]);
}
