/** What an environment's administrators have set up: lists that documents name, periods, rules. */

export interface Named {
  readonly name: string;
  isInactive?: boolean;
  /** Of a transaction source: it numbers transactions by itself. */
  isAutomatic?: boolean;
}

export interface BusinessUnit {
  readonly id: string;
  readonly name: string;
  readonly ledgerId: string;
}

export interface TaxRate {
  readonly regime: string;
  readonly rateCode: string;
  readonly percent: string;
}

export interface Period {
  readonly ledgerId: string;
  /** 101 General Ledger, 222 Receivables. */
  readonly application: "101" | "222";
  /** "Jun-26" */
  readonly name: string;
  readonly start: string;
  readonly end: string;
  /** O open, F future enterable, C closed, P permanently closed, N never opened. */
  status: "O" | "F" | "C" | "P" | "N";
}

export interface Environment {
  readonly businessUnits: readonly BusinessUnit[];
  readonly transactionSources: readonly Named[];
  readonly transactionTypes: readonly { readonly name: string; readonly isMemo: boolean }[];
  readonly memoLines: readonly Named[];
  readonly taxRates: readonly TaxRate[];
  readonly taxClassifications: readonly string[];
  readonly paymentTerms: readonly string[];
  /** Digits behind the point, by code. */
  readonly currencies: Readonly<Record<string, number>>;
  /** Values of each segment, in order. */
  readonly segments: readonly (readonly string[])[];
  readonly periods: readonly Period[];
  readonly journalSources: readonly string[];
  readonly journalCategories: readonly string[];
  readonly sourceSystems: readonly string[];
  readonly setIds: readonly string[];
  readonly profileClasses: readonly string[];
  readonly importAccount: string;
  readonly invoiceImportAccount: string;
  /** By ledger. */
  readonly ledgerCurrencies: Readonly<Record<string, string>>;
  readonly conversionTypes: readonly string[];
  /** Contexts of the line transactions flexfield. */
  readonly interfaceContexts: string[];
  /** What happens to a transaction whose accounting date is in a closed period. */
  periodRule: "Reject" | "Adjust";
  /** Lines without tax lines get this rate's tax. */
  automaticTax: TaxRate | undefined;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FIRST_YEAR = 2024;
const YEARS = 6;
export const LEDGERS = ["300000001", "300000002"] as const;

function periods(): Period[] {
  return LEDGERS.flatMap((ledgerId) =>
    (["101", "222"] as const).flatMap((application) =>
      Array.from({ length: YEARS * 12 }, (_, index) => {
        const year = FIRST_YEAR + Math.floor(index / 12);
        const month = index % 12;
        const day = (date: Date): string => date.toISOString().slice(0, 10);
        return {
          ledgerId,
          application,
          name: `${MONTHS[month] ?? ""}-${String(year % 100)}`,
          start: day(new Date(Date.UTC(year, month, 1))),
          end: day(new Date(Date.UTC(year, month + 1, 0))),
          status: "O" as const,
        };
      }),
    ),
  );
}

export function sampleEnvironment(): Environment {
  return {
    businessUnits: [
      { id: "300000021", name: "North Operations", ledgerId: LEDGERS[0] },
      { id: "300000022", name: "South Operations", ledgerId: LEDGERS[1] },
    ],
    transactionSources: [{ name: "Tributary" }, { name: "Manual" }],
    transactionTypes: [
      { name: "Invoice", isMemo: false },
      { name: "Credit Memo", isMemo: true },
    ],
    memoLines: ["Usage", "Support", "Rare", "Credits"].map((name) => ({ name })),
    taxRates: [
      { regime: "US SALES TAX", rateCode: "CA-STATE", percent: "6" },
      { regime: "US SALES TAX", rateCode: "CA-DISTRICT", percent: "1" },
      { regime: "DE VAT", rateCode: "VAT19", percent: "19" },
    ],
    taxClassifications: ["STANDARD", "REDUCED"],
    paymentTerms: ["IMMEDIATE", "14 Net", "30 Net"],
    currencies: { USD: 2, EUR: 2, GBP: 2, JPY: 0 },
    segments: [
      ["01", "02"],
      ["000", "110", "120"],
      ["1210", "1220", "2410", "2420", "2510", "4110", "4120", "4130"],
      ["0000", "7100", "7200"],
    ],
    periods: periods(),
    journalSources: ["Tributary"],
    journalCategories: ["Tributary"],
    sourceSystems: ["TRIBUTARY"],
    setIds: ["300000011", "300000012"],
    profileClasses: ["DEFAULT"],
    importAccount: "fin$/generalLedger$/import$",
    invoiceImportAccount: "fin$/receivables$/import$",
    ledgerCurrencies: { [LEDGERS[0]]: "USD", [LEDGERS[1]]: "EUR" },
    conversionTypes: ["Corporate", "Spot"],
    interfaceContexts: ["TRIBUTARY", "EXTERNAL_SOURCE"],
    periodRule: "Reject",
    automaticTax: undefined,
  };
}

export function periodOf(
  { periods: all }: Environment,
  application: Period["application"],
  ledgerId: string,
  date: string,
): Period | undefined {
  return all.find(
    (period) =>
      period.ledgerId === ledgerId &&
      period.application === application &&
      period.start <= date &&
      date <= period.end,
  );
}

export function isEnterable({ status }: Period): boolean {
  return status === "O" || status === "F";
}

/** Whether every segment of an account is a value of its list. */
export function isCombination({ segments }: Environment, combination: string): boolean {
  const values = combination.split("-");
  return (
    values.length === segments.length && values.every((value, place) => segments[place]?.includes(value))
  );
}
