/** Entities as the service's metadata has them: of each what the simulator keeps. Any other property is refused. */

export type FieldType = "string" | "decimal" | "int64" | "date" | "NoYes" | "enum";

export interface FieldDefinition {
  readonly type: FieldType;
  /** Most characters of a text. */
  readonly length?: number;
  /** Values of an enumeration. */
  readonly values?: readonly string[];
  /** Given by the service: refused in a body. */
  readonly isReadOnly?: boolean;
}

export interface EntityDefinition {
  /** Name of the type, as errors say it. */
  readonly type: string;
  /** Name of the entity's class, as the Infolog's frame says it. */
  readonly table: string;
  /** Rows that it shows. */
  readonly rows: TableName;
  readonly key: readonly string[];
  readonly fields: Readonly<Record<string, FieldDefinition>>;
  readonly methods: readonly string[];
}

export const TABLES = [
  "customers",
  "invoices",
  "invoiceLines",
  "journals",
  "journalLines",
  "postedInvoices",
  "customerTransactions",
  "companies",
  "currencies",
  "mainAccounts",
  "dimensionValues",
  "customerGroups",
  "paymentTerms",
  "taxGroups",
  "taxItemGroups",
  "journalNames",
] as const;
export type TableName = (typeof TABLES)[number];

const text = (length?: number): FieldDefinition =>
  length === undefined ? { type: "string" } : { type: "string", length };
const readOnly = (field: FieldDefinition): FieldDefinition => ({ ...field, isReadOnly: true });
const DECIMAL: FieldDefinition = { type: "decimal" };
const INT64: FieldDefinition = { type: "int64" };
const DATE: FieldDefinition = { type: "date" };
const NO_YES: FieldDefinition = { type: "NoYes" };
const COMPANY = text(4);
const ALL = ["GET", "POST", "PATCH", "DELETE"] as const;
const READ = ["GET"] as const;

const INVOICE_FIELDS = {
  dataAreaId: COMPANY,
  ExternalInvoiceId: text(20),
  CustomerAccount: text(20),
  InvoiceAccount: text(20),
  CurrencyCode: text(3),
  InvoiceDate: DATE,
  DueDate: DATE,
  DocumentDate: DATE,
  CustomerReference: text(60),
  CustomerRequisition: text(20),
  TermsOfPayment: text(10),
  SalesTaxGroupId: text(10),
  SalesTaxItemGroupId: text(10),
  InvoiceName: text(60),
  InclTax: NO_YES,
  IsPosted: readOnly(NO_YES),
  FreeTextNumber: readOnly(text(20)),
};

const list = (type: string, rows: TableName, key: readonly string[], ...fields: readonly string[]) => ({
  type,
  table: `${type}Entity`,
  rows,
  key,
  methods: READ,
  fields: Object.fromEntries([...key, ...fields].map((field) => [field, text()])),
});

export const ENTITIES: Readonly<Record<string, EntityDefinition>> = {
  CustomersV3: {
    type: "CustomerV3",
    table: "CustCustomerV3Entity",
    rows: "customers",
    key: ["dataAreaId", "CustomerAccount"],
    methods: ALL,
    fields: {
      dataAreaId: COMPANY,
      CustomerAccount: text(20),
      PartyType: { type: "enum", values: ["Organization", "Person"] },
      OrganizationName: text(100),
      CustomerGroupId: text(10),
      SalesCurrencyCode: text(3),
      PaymentTerms: text(10),
      SalesTaxGroup: text(10),
      PrimaryContactEmail: text(255),
      TaxExemptNumber: text(20),
      OrganizationNumber: text(20),
      IdentificationNumber: text(50),
      AddressStreet: text(250),
      AddressCity: text(60),
      AddressState: text(30),
      AddressZipCode: text(10),
      AddressCountryRegionId: text(10),
      OnHoldStatus: { type: "enum", values: ["No", "Invoice", "All"] },
    },
  },
  CDSFreeTextInvoiceHeaders: {
    type: "CDSFreeTextInvoiceHeader",
    table: "FreeTextInvoiceHeaderCDSEntity",
    rows: "invoices",
    key: ["dataAreaId", "ExternalInvoiceId"],
    methods: ALL,
    fields: INVOICE_FIELDS,
  },
  CDSFreeTextInvoiceLines: {
    type: "CDSFreeTextInvoiceLine",
    table: "FreeTextInvoiceLineCDSEntity",
    rows: "invoiceLines",
    key: ["dataAreaId", "ExternalInvoiceId", "LineNumber"],
    methods: ALL,
    fields: {
      dataAreaId: COMPANY,
      ExternalInvoiceId: text(20),
      LineNumber: DECIMAL,
      Description: text(60),
      InvoiceText: text(1_000),
      MainAccountDisplayValue: text(500),
      Quantity: DECIMAL,
      UnitPrice: DECIMAL,
      TransactionCurrencyAmount: DECIMAL,
      SalesTaxGroupId: text(10),
      SalesTaxItemGroupId: text(10),
    },
  },
  FreeTextInvoiceHeaders: {
    type: "FreeTextInvoiceHeader",
    table: "FreeTextInvoiceHeaderEntity",
    rows: "invoices",
    key: ["dataAreaId", "InvoiceIdentifier"],
    methods: READ,
    fields: { ...INVOICE_FIELDS, InvoiceIdentifier: INT64 },
  },
  SalesInvoiceHeadersV2: {
    type: "SalesInvoiceHeaderV2",
    table: "SalesInvoiceHeaderV2Entity",
    rows: "postedInvoices",
    key: ["dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher"],
    methods: READ,
    fields: {
      dataAreaId: COMPANY,
      InvoiceNumber: text(),
      InvoiceDate: DATE,
      LedgerVoucher: text(),
      InvoiceCustomerAccountNumber: text(),
      CustomersOrderReference: text(),
      CurrencyCode: text(),
      TotalInvoiceAmount: DECIMAL,
      TotalTaxAmount: DECIMAL,
    },
  },
  CustTransBiEntities: {
    type: "CustTransBiEntity",
    table: "CustTransBiEntity",
    rows: "customerTransactions",
    key: ["dataAreaId", "SourceKey"],
    methods: READ,
    fields: {
      dataAreaId: COMPANY,
      SourceKey: INT64,
      AccountNum: text(),
      Invoice: text(),
      Voucher: text(),
      CurrencyCode: text(),
      TransDate: DATE,
      AmountCur: DECIMAL,
      SettleAmountCur: DECIMAL,
    },
  },
  LedgerJournalHeaders: {
    type: "LedgerJournalHeader",
    table: "LedgerJournalHeaderEntity",
    rows: "journals",
    key: ["dataAreaId", "JournalBatchNumber"],
    methods: ALL,
    fields: {
      dataAreaId: COMPANY,
      JournalBatchNumber: text(10),
      JournalName: text(10),
      Description: text(60),
      IsPosted: readOnly(NO_YES),
      JournalTotalDebit: readOnly(DECIMAL),
      JournalTotalCredit: readOnly(DECIMAL),
    },
  },
  LedgerJournalLines: {
    type: "LedgerJournalLine",
    table: "LedgerJournalLineEntity",
    rows: "journalLines",
    key: ["dataAreaId", "JournalBatchNumber", "LineNumber"],
    methods: ALL,
    fields: {
      dataAreaId: COMPANY,
      JournalBatchNumber: text(10),
      LineNumber: DECIMAL,
      AccountType: { type: "enum", values: ["Ledger", "Cust", "Vend", "Project", "FixedAssets", "Bank"] },
      AccountDisplayValue: text(500),
      DebitAmount: DECIMAL,
      CreditAmount: DECIMAL,
      CurrencyCode: text(3),
      TransDate: DATE,
      Text: text(60),
      Document: text(20),
      Voucher: text(20),
      SalesTaxGroup: text(10),
      ItemSalesTaxGroup: text(10),
      ReverseEntry: NO_YES,
      ReverseDate: DATE,
    },
  },
  LegalEntities: list("LegalEntity", "companies", ["LegalEntityId"], "Name"),
  Currencies: list("Currency", "currencies", ["CurrencyCode"], "Name"),
  MainAccounts: list("MainAccount", "mainAccounts", ["ChartOfAccounts", "MainAccountId"], "IsSuspended"),
  FinancialDimensionValues: list(
    "FinancialDimensionValue",
    "dimensionValues",
    ["FinancialDimension", "DimensionValue"],
    "IsSuspended",
  ),
  CustomerGroups: list("CustomerGroup", "customerGroups", ["dataAreaId", "CustomerGroupId"]),
  PaymentTerms: list("PaymentTerm", "paymentTerms", ["dataAreaId", "Name"]),
  TaxGroups: list("TaxGroup", "taxGroups", ["dataAreaId", "TaxGroupCode"]),
  TaxItemGroups: list("TaxItemGroup", "taxItemGroups", ["dataAreaId", "TaxItemGroupCode", "TaxCodeId"]),
  JournalNames: list(
    "JournalName",
    "journalNames",
    ["dataAreaId", "Name"],
    "Type",
    "DeleteLinesAfterPosting",
  ),
};
