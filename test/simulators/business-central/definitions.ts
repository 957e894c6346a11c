/** Fields of the API's entities, as its pages declare them: what is not here does not exist, and what is not writable is refused. */

export type Field =
  /** Code: written in upper case, without blanks around it. */
  | { readonly kind: "code"; readonly max: number; readonly isWritable: boolean }
  | { readonly kind: "text"; readonly max: number; readonly isWritable: boolean }
  | { readonly kind: "decimal"; readonly isWritable: boolean }
  | { readonly kind: "integer"; readonly isWritable: boolean }
  | { readonly kind: "date"; readonly isWritable: boolean }
  | { readonly kind: "datetime"; readonly isWritable: boolean }
  | { readonly kind: "guid"; readonly isWritable: boolean }
  | { readonly kind: "boolean"; readonly isWritable: boolean }
  | { readonly kind: "enum"; readonly values: readonly string[]; readonly isWritable: boolean };

export interface Entity {
  /** Name of one in the API's model: "salesInvoice". */
  readonly type: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** Collections inside it that may be created with it. */
  readonly nested: Readonly<Record<string, Entity>>;
}

const code = (max: number, isWritable = true): Field => ({ kind: "code", max, isWritable });
const text = (max: number, isWritable = true): Field => ({ kind: "text", max, isWritable });
const decimal = (isWritable = true): Field => ({ kind: "decimal", isWritable });
const integer = (isWritable = true): Field => ({ kind: "integer", isWritable });
const date = (isWritable = true): Field => ({ kind: "date", isWritable });
const guid = (isWritable = true): Field => ({ kind: "guid", isWritable });
const flag = (isWritable = true): Field => ({ kind: "boolean", isWritable });
const oneOf = (values: readonly string[], isWritable = true): Field => ({
  kind: "enum",
  values,
  isWritable,
});
const MODIFIED: Field = { kind: "datetime", isWritable: false };

const address = (part: string, isWritable = true): Record<string, Field> => ({
  [`${part}AddressLine1`]: text(100, isWritable),
  [`${part}AddressLine2`]: text(50, isWritable),
  [`${part}City`]: text(30, isWritable),
  [`${part}Country`]: code(10, isWritable),
  [`${part}State`]: text(30, isWritable),
  [`${part}PostCode`]: code(20, isWritable),
});

const DIMENSION_SET_LINE: Entity = {
  type: "dimensionSetLine",
  fields: {
    id: guid(),
    code: code(20),
    valueId: guid(),
    valueCode: code(20),
    displayName: text(50),
    valueDisplayName: text(50),
  },
  nested: {},
};

function saleLine(type: string): Entity {
  return {
    type,
    fields: {
      id: guid(false),
      documentId: guid(),
      sequence: integer(),
      itemId: guid(),
      accountId: guid(),
      lineType: oneOf(["Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge"]),
      lineObjectNumber: code(20),
      description: text(100),
      description2: text(50),
      unitOfMeasureCode: code(10),
      quantity: decimal(),
      unitPrice: decimal(),
      discountAmount: decimal(),
      discountPercent: decimal(),
      discountAppliedBeforeTax: flag(false),
      amountExcludingTax: decimal(false),
      taxCode: code(20),
      taxPercent: decimal(false),
      totalTaxAmount: decimal(false),
      amountIncludingTax: decimal(false),
      netAmount: decimal(false),
      netTaxAmount: decimal(false),
      netAmountIncludingTax: decimal(false),
    },
    nested: { dimensionSetLines: DIMENSION_SET_LINE },
  };
}

const SALE_FIELDS: Readonly<Record<string, Field>> = {
  id: guid(false),
  number: code(20, false),
  externalDocumentNumber: code(35),
  postingDate: date(),
  dueDate: date(),
  customerId: guid(),
  customerNumber: code(20),
  customerName: text(100, false),
  billToName: text(100, false),
  billToCustomerNumber: code(20),
  ...address("sellTo"),
  ...address("billTo", false),
  shortcutDimension1Code: code(20),
  shortcutDimension2Code: code(20),
  currencyId: guid(),
  currencyCode: code(10),
  paymentTermsId: guid(),
  salesperson: code(20),
  pricesIncludeTax: flag(false),
  discountAmount: decimal(),
  discountAppliedBeforeTax: flag(false),
  totalAmountExcludingTax: decimal(false),
  totalTaxAmount: decimal(false),
  totalAmountIncludingTax: decimal(false),
  lastModifiedDateTime: MODIFIED,
  phoneNumber: text(30),
  email: text(80),
};
const STATUSES = [" ", "Draft", "In Review", "Open", "Paid", "Canceled", "Corrective"];

const JOURNAL_LINE: Entity = {
  type: "journalLine",
  fields: {
    id: guid(false),
    journalId: guid(false),
    journalDisplayName: text(10, false),
    lineNumber: integer(),
    accountType: oneOf(["G/L Account", "Bank Account"]),
    accountId: guid(),
    accountNumber: code(20),
    postingDate: date(),
    documentNumber: code(20),
    externalDocumentNumber: code(35),
    amount: decimal(),
    description: text(100),
    comment: text(250),
    taxCode: code(20),
    balanceAccountType: oneOf(["G/L Account", "Bank Account"]),
    balancingAccountId: guid(),
    balancingAccountNumber: code(20),
    lastModifiedDateTime: MODIFIED,
  },
  nested: { dimensionSetLines: DIMENSION_SET_LINE },
};

const named = (type: string, fields: Readonly<Record<string, Field>>): Entity => ({
  type,
  fields: { id: guid(false), ...fields },
  nested: {},
});

/** By the names of their sets. */
export const ENTITIES: Readonly<Record<string, Entity>> = {
  customers: {
    type: "customer",
    fields: {
      id: guid(false),
      number: code(20),
      displayName: text(100),
      type: oneOf(["Company", "Person"]),
      addressLine1: text(100),
      addressLine2: text(50),
      city: text(30),
      state: text(30),
      country: code(10),
      postalCode: code(20),
      phoneNumber: text(30),
      email: text(80),
      website: text(80),
      salespersonCode: code(20),
      balanceDue: decimal(false),
      creditLimit: decimal(),
      taxLiable: flag(),
      taxAreaId: guid(),
      taxAreaDisplayName: text(100, false),
      taxRegistrationNumber: text(20),
      currencyId: guid(),
      currencyCode: code(10),
      paymentTermsId: guid(),
      blocked: oneOf([" ", "Ship", "Invoice", "All"]),
      lastModifiedDateTime: MODIFIED,
    },
    nested: {},
  },
  salesInvoices: {
    type: "salesInvoice",
    fields: {
      ...SALE_FIELDS,
      invoiceDate: date(),
      customerPurchaseOrderReference: text(35),
      orderNumber: code(20, false),
      remainingAmount: decimal(false),
      status: oneOf(STATUSES, false),
    },
    nested: {
      salesInvoiceLines: saleLine("salesInvoiceLine"),
      dimensionSetLines: DIMENSION_SET_LINE,
    },
  },
  salesCreditMemos: {
    type: "salesCreditMemo",
    fields: {
      ...SALE_FIELDS,
      creditMemoDate: date(),
      invoiceId: guid(),
      invoiceNumber: code(20),
      status: oneOf(STATUSES, false),
    },
    nested: {
      salesCreditMemoLines: saleLine("salesCreditMemoLine"),
      dimensionSetLines: DIMENSION_SET_LINE,
    },
  },
  journals: {
    type: "journal",
    fields: {
      id: guid(false),
      code: code(10),
      displayName: text(100),
      templateDisplayName: text(10),
      lastModifiedDateTime: MODIFIED,
      balancingAccountId: guid(),
      balancingAccountNumber: code(20, false),
    },
    nested: { journalLines: JOURNAL_LINE },
  },
  generalLedgerEntries: {
    type: "generalLedgerEntry",
    fields: {
      id: guid(false),
      entryNumber: integer(false),
      postingDate: date(false),
      documentNumber: code(20, false),
      documentType: oneOf([" ", "Payment", "Invoice", "Credit Memo"], false),
      accountNumber: code(20, false),
      description: text(100, false),
      debitAmount: decimal(false),
      creditAmount: decimal(false),
      lastModifiedDateTime: MODIFIED,
    },
    nested: {},
  },
  accounts: named("account", {
    number: code(20, false),
    displayName: text(100, false),
    blocked: flag(false),
    directPosting: flag(false),
  }),
  items: named("item", {
    number: code(20, false),
    displayName: text(100, false),
    blocked: flag(false),
  }),
  currencies: named("currency", { code: code(10, false), displayName: text(30, false) }),
  paymentTerms: named("paymentTerm", { code: code(10, false), displayName: text(100, false) }),
  taxGroups: named("taxGroup", { code: code(20, false), displayName: text(100, false) }),
  dimensions: named("dimension", { code: code(20, false), displayName: text(30, false) }),
  dimensionValues: named("dimensionValue", { code: code(20, false), displayName: text(50, false) }),
  generalLedgerSetup: named("generalLedgerSetup", {
    allowPostingFrom: date(false),
    allowPostingTo: date(false),
    localCurrencyCode: code(10, false),
  }),
  companies: named("company", { name: text(30, false), displayName: text(250, false) }),
};

export function entityOf(set: string): Entity {
  const entity = ENTITIES[set];
  if (entity === undefined) throw new RangeError(`no entity set ${set}`);
  return entity;
}
