import { ITEM_TYPES } from "./account.ts";

/** The record types that integrations of billing use, with their fields as the REST API names them. */

export type FieldKind =
  | { readonly kind: "text"; readonly maxLength: number }
  /** At most so many digits behind the point; "currency": those of the record's currency, which is checked later. */
  | { readonly kind: "number"; readonly digits: number | "currency" }
  | { readonly kind: "integer" }
  | { readonly kind: "boolean" }
  | { readonly kind: "date" }
  | { readonly kind: "reference"; readonly to: readonly string[] }
  /** A list of NetSuite's own, without records: countries, price levels. */
  | { readonly kind: "choice"; readonly pattern: RegExp }
  | { readonly kind: "subrecord"; readonly fields: Readonly<Record<string, FieldKind>> };

export interface SublistDefinition {
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** Lines with the same key are one line; without a key every line of an update is a new one. */
  readonly key: readonly string[];
}

export interface RecordDefinition {
  readonly type: string;
  readonly permission: string;
  /** Of transactions: the type in SuiteQL, and what numbers begin with. */
  readonly transaction: { readonly code: string; readonly prefix: string; readonly title: string } | null;
  readonly fields: Readonly<Record<string, FieldKind>>;
  readonly sublists: Readonly<Record<string, SublistDefinition>>;
}

/** Lengths as NetSuite's records have them, and as met in practice by integrations (addresses: 150, 50, 30). */
const text = (maxLength: number): FieldKind => ({ kind: "text", maxLength });
const MEMO = text(999);
const EXTERNAL_ID = text(255);
const reference = (...to: readonly string[]): FieldKind => ({ kind: "reference", to });
const AMOUNT: FieldKind = { kind: "number", digits: "currency" };
const INTEGER: FieldKind = { kind: "integer" };
const FLAG: FieldKind = { kind: "boolean" };
const DATE: FieldKind = { kind: "date" };
const COUNTRY: FieldKind = { kind: "choice", pattern: /^[A-Z]{2}$/ };
/** Rates are kept with 8 digits. */
const RATE: FieldKind = { kind: "number", digits: 8 };
const ACCOUNT = reference("account");

const CLASSIFICATIONS = {
  department: reference("department"),
  class: reference("classification"),
  location: reference("location"),
};

const ADDRESS: FieldKind = {
  kind: "subrecord",
  fields: {
    addressee: text(83),
    attention: text(83),
    addr1: text(150),
    addr2: text(150),
    addr3: text(150),
    city: text(50),
    state: text(30),
    zip: text(36),
    country: COUNTRY,
    addrPhone: text(32),
  },
};

const CUSTOMER: RecordDefinition = {
  type: "customer",
  permission: "Lists -> Customers",
  transaction: null,
  fields: {
    externalId: EXTERNAL_ID,
    entityId: text(83),
    companyName: text(83),
    isPerson: FLAG,
    firstName: text(32),
    lastName: text(32),
    subsidiary: reference("subsidiary"),
    currency: reference("currency"),
    email: text(254),
    phone: text(32),
    url: text(100),
    comments: text(4_000),
    accountNumber: text(99),
    terms: reference("term"),
    vatRegNumber: text(20),
    receivablesAccount: ACCOUNT,
    creditLimit: { kind: "number", digits: 2 },
    isInactive: FLAG,
  },
  sublists: {
    addressBook: {
      fields: { addressBookAddress: ADDRESS, defaultBilling: FLAG, defaultShipping: FLAG, label: text(100) },
      key: [],
    },
    currencyList: { fields: { currency: reference("currency") }, key: ["currency"] },
    taxRegistration: {
      fields: { nexusCountry: COUNTRY, taxRegistrationNumber: text(40) },
      key: ["nexusCountry", "taxRegistrationNumber"],
    },
  },
};

const TRANSACTION_FIELDS = {
  externalId: EXTERNAL_ID,
  tranId: text(45),
  tranDate: DATE,
  postingPeriod: reference("accountingPeriod"),
  memo: MEMO,
  subsidiary: reference("subsidiary"),
  currency: reference("currency"),
  exchangeRate: RATE,
  ...CLASSIFICATIONS,
};

const ITEM_SUBLIST: SublistDefinition = {
  fields: {
    line: INTEGER,
    item: reference(...ITEM_TYPES),
    quantity: { kind: "number", digits: 8 },
    rate: RATE,
    amount: AMOUNT,
    description: text(4_000),
    price: { kind: "choice", pattern: /^-?\d{1,6}$/ },
    taxDetailsReference: text(100),
    ...CLASSIFICATIONS,
  },
  key: ["line"],
};
const TAX_DETAILS: SublistDefinition = {
  fields: {
    taxDetailsReference: text(100),
    taxType: reference("taxType"),
    taxCode: reference("salesTaxItem"),
    taxRate: { kind: "number", digits: 8 },
    taxBasis: AMOUNT,
    taxAmount: AMOUNT,
  },
  key: [],
};
const APPLY: SublistDefinition = {
  fields: { doc: reference("invoice"), apply: FLAG, amount: AMOUNT, line: INTEGER },
  key: ["doc"],
};

const SALES_FIELDS = {
  ...TRANSACTION_FIELDS,
  entity: reference("customer"),
  otherRefNum: text(45),
  email: text(254),
  message: text(4_000),
  toBeEmailed: FLAG,
  toBePrinted: FLAG,
  account: ACCOUNT,
  taxDetailsOverride: FLAG,
};

const INVOICE: RecordDefinition = {
  type: "invoice",
  permission: "Transactions -> Invoice",
  transaction: { code: "CustInvc", prefix: "INV", title: "Invoice" },
  fields: { ...SALES_FIELDS, dueDate: DATE, terms: reference("term"), startDate: DATE, endDate: DATE },
  sublists: { item: ITEM_SUBLIST, taxDetails: TAX_DETAILS },
};

const CREDIT_MEMO: RecordDefinition = {
  type: "creditMemo",
  permission: "Transactions -> Credit Memo",
  transaction: { code: "CustCred", prefix: "CM", title: "Credit Memo" },
  fields: { ...SALES_FIELDS, autoApply: FLAG },
  sublists: { item: ITEM_SUBLIST, taxDetails: TAX_DETAILS, apply: APPLY },
};

const JOURNAL_ENTRY: RecordDefinition = {
  type: "journalEntry",
  permission: "Transactions -> Make Journal Entry",
  transaction: { code: "Journal", prefix: "JE", title: "Journal" },
  fields: { ...TRANSACTION_FIELDS, approved: FLAG, reversalDate: DATE, reversalDefer: FLAG },
  sublists: {
    line: {
      fields: {
        line: INTEGER,
        account: ACCOUNT,
        debit: AMOUNT,
        credit: AMOUNT,
        memo: MEMO,
        entity: reference("customer"),
        ...CLASSIFICATIONS,
      },
      key: ["line"],
    },
  },
};

const CUSTOMER_PAYMENT: RecordDefinition = {
  type: "customerPayment",
  permission: "Transactions -> Customer Payment",
  transaction: { code: "CustPymt", prefix: "PYMT", title: "Payment" },
  fields: {
    ...TRANSACTION_FIELDS,
    customer: reference("customer"),
    payment: AMOUNT,
    account: ACCOUNT,
    arAcct: ACCOUNT,
    undepFunds: FLAG,
  },
  sublists: { apply: APPLY },
};

const DEFINITIONS = [CUSTOMER, INVOICE, CREDIT_MEMO, JOURNAL_ENTRY, CUSTOMER_PAYMENT];
const BY_NAME = new Map(DEFINITIONS.map((definition) => [definition.type.toLowerCase(), definition]));

/** Record types are found whatever the case of the letters. */
export function definitionOf(recordType: string): RecordDefinition | undefined {
  return BY_NAME.get(recordType.toLowerCase());
}

/** Lists of the account that can be read, and not written, over REST. */
const LIST_TYPES = [
  "account",
  "subsidiary",
  "currency",
  "term",
  "department",
  "classification",
  "location",
  "taxType",
  "salesTaxItem",
  "accountingPeriod",
  ...ITEM_TYPES,
];
const LIST_BY_NAME = new Map(LIST_TYPES.map((type) => [type.toLowerCase(), type]));

export function listTypeOf(recordType: string): string | undefined {
  return LIST_BY_NAME.get(recordType.toLowerCase());
}

export const TRANSACTION_TYPES: readonly string[] = DEFINITIONS.filter(
  ({ transaction }) => transaction !== null,
).map(({ type }) => type);
