import type { Row } from "./books.ts";
import type { TableName } from "./entity-definitions.ts";

/** What is set up in an environment: companies, accounts, taxes and how its jobs and checks are configured. */
export interface Environment {
  /** Company of the application's user: asked about where a question doesn't say `cross-company=true`. */
  readonly defaultCompany: string;
  /** Financial dimensions of ledger accounts, behind the main account. */
  readonly dimensions: readonly string[];
  readonly delimiter: string;
  /** Digits behind the point, by currency. */
  readonly currencies: Readonly<Record<string, number>>;
  /** Tax codes of a sales tax group, and percent of each code. */
  readonly taxGroups: Readonly<Record<string, readonly string[]>>;
  readonly taxRates: Readonly<Record<string, string>>;
  /** Where closed periods are noticed: when a row is written, or by the posting job alone. */
  readonly periodCheck: "write" | "posting";
  /** Account numbers and ids of invoices become capitals, and empty segments at the end of ledger accounts are not shown. */
  readonly normalisesTexts: boolean;
  /** States that addresses may have, by country. */
  readonly states: Readonly<Record<string, readonly string[]>>;
  /** Rows of lists. */
  readonly lists: Partial<Readonly<Record<TableName, readonly Row[]>>>;
}

const COMPANIES = ["usmf", "demf", "jpmf"];
const MAIN_ACCOUNTS = [
  "130100",
  "140200",
  "202100",
  "203100",
  "203200",
  "250500",
  "250600",
  "401100",
  "401200",
  "401300",
  "403100",
  "618900",
];
const DIMENSION_VALUES = { Department: ["022", "023"], Region: ["WEST", "EU"] };
const CHART = "Shared";

/** Two dimensions, three companies (usmf, demf, jpmf), main accounts as in the demonstration data. */
export function sampleEnvironment(changes: Partial<Environment> = {}): Environment {
  const everywhere = (row: Row): readonly Row[] =>
    COMPANIES.map((company) => ({ dataAreaId: company, ...row }));
  return {
    defaultCompany: "usmf",
    dimensions: Object.keys(DIMENSION_VALUES),
    delimiter: "-",
    currencies: { USD: 2, EUR: 2, GBP: 2, JPY: 0 },
    taxGroups: { CA: ["CA-STATE"], DE: ["DE-VAT"], CALA: ["CA-STATE", "CA-LA"], NONE: [] },
    taxRates: { "CA-STATE": "6", "CA-LA": "2.25", "DE-VAT": "19" },
    periodCheck: "write",
    normalisesTexts: false,
    states: { USA: ["CA", "NY", "TX"], DEU: ["BE", "BY"] },
    lists: {
      companies: COMPANIES.map((company) => ({ LegalEntityId: company, Name: company.toUpperCase() })),
      currencies: ["USD", "EUR", "GBP", "JPY"].map((code) => ({ CurrencyCode: code, Name: code })),
      mainAccounts: MAIN_ACCOUNTS.map((account) => ({
        ChartOfAccounts: CHART,
        MainAccountId: account,
        IsSuspended: "No",
      })),
      dimensionValues: Object.entries(DIMENSION_VALUES).flatMap(([dimension, values]) =>
        values.map((value) => ({ FinancialDimension: dimension, DimensionValue: value, IsSuspended: "No" })),
      ),
      customerGroups: everywhere({ CustomerGroupId: "80" }),
      paymentTerms: ["Net10", "Net30"].flatMap((name) => everywhere({ Name: name })),
      taxGroups: ["CA", "DE", "CALA", "NONE"].flatMap((code) => everywhere({ TaxGroupCode: code })),
      taxItemGroups: ["CA-STATE", "CA-LA", "DE-VAT"].flatMap((code) =>
        everywhere({ TaxItemGroupCode: "ALL", TaxCodeId: code }),
      ),
      journalNames: [
        ...everywhere({ Name: "GenJrn", Type: "Daily", DeleteLinesAfterPosting: "No" }),
        ...everywhere({ Name: "Cleared", Type: "Daily", DeleteLinesAfterPosting: "Yes" }),
      ],
    },
    ...changes,
  };
}
