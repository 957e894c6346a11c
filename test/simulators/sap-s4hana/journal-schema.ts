import { soapFault } from "./errors.ts";
import type { XmlElement } from "./xml-reader.ts";

/**
 * The schema of JournalEntryBulkCreateRequest, as far as it is used: names, order, how often, lengths, forms. Whatever breaks it is a SOAP fault of the
 * request as a whole, HTTP 500.
 */

interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
  readonly of: Schema | TextForm;
}
type Schema = readonly Field[];

interface TextForm {
  readonly pattern: RegExp;
  readonly attributes: readonly string[];
}

const text = (maxCharacters: number): TextForm => ({
  pattern: new RegExp(`^[^\\p{Cc}]{1,${maxCharacters}}$`, "u"),
  attributes: [],
});
const DAY: TextForm = { pattern: /^\d{4}-\d{2}-\d{2}$/, attributes: [] };
const TIME: TextForm = { pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z$/, attributes: [] };
const AMOUNT: TextForm = { pattern: /^-?\d{1,22}(\.\d{1,6})?$/, attributes: ["currencyCode"] };
const WHOLE: TextForm = { pattern: /^\d{1,10}$/, attributes: [] };
const SIDE: TextForm = { pattern: /^[SH]$/, attributes: [] };

const one = (name: string, of: Field["of"]): Field => ({ name, isRequired: true, isRepeated: false, of });
const optional = (name: string, of: Field["of"]): Field => ({
  name,
  isRequired: false,
  isRepeated: false,
  of,
});
const many = (name: string, of: Field["of"]): Field => ({ name, isRequired: false, isRepeated: true, of });

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

function checkChildren({ name: parent, children }: XmlElement, schema: Schema): void {
  let place = 0;
  let isTaken = false;
  for (const child of children) {
    while (schema[place]?.name !== child.name || (isTaken && schema[place]?.isRepeated === false)) {
      const field = schema[place];
      if (field === undefined)
        throw soapFault(
          `Error during XML deserialization: element ${child.name} of ${parent} is unknown, comes twice, or is out of order`,
        );
      if (field.isRequired && !isTaken)
        throw soapFault(`Error during XML deserialization: ${field.name} of ${parent} is missing`);
      place += 1;
      isTaken = false;
    }
    isTaken = true;
    checkContent(child, schema[place]);
  }
  const missing = schema.slice(isTaken ? place + 1 : place).find(({ isRequired }) => isRequired);
  if (missing !== undefined)
    throw soapFault(`Error during XML deserialization: ${missing.name} of ${parent} is missing`);
}

function checkContent(child: XmlElement, field: Field | undefined): void {
  if (field === undefined) return;
  const { of } = field;
  if (isSchema(of)) {
    checkChildren(child, of);
    return;
  }
  const attributes = Object.keys(child.attributes);
  const isRight =
    child.children.length === 0 &&
    of.pattern.test(child.text) &&
    attributes.length === of.attributes.length &&
    of.attributes.every((attribute) => attributes.includes(attribute));
  if (!isRight) throw soapFault(`Error during XML deserialization: the value of ${child.name} is not valid`);
}

function isSchema(of: Field["of"]): of is Schema {
  return Array.isArray(of);
}
