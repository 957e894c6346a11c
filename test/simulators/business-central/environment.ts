/** An environment's set-up: companies with their accounts, items, lists and dates. Ids are GUIDs, codes and numbers are in upper case. */

export interface Account {
  readonly number: string;
  readonly name: string;
  isBlocked: boolean;
  readonly directPosting: boolean;
  /** Tax code of its lines where they have none. */
  readonly taxCode: string;
}

export interface Item {
  readonly number: string;
  readonly name: string;
  isBlocked: boolean;
  readonly taxCode: string;
}

export interface Currency {
  readonly code: string;
  readonly digits: number;
  /** What one is worth in the local currency, as a decimal. */
  readonly rate: string;
}

export interface DimensionValue {
  readonly code: string;
  isBlocked: boolean;
}

export interface Company {
  /** In lower case. */
  readonly id: string;
  readonly name: string;
  /** The local currency, which is not in the list of the others. */
  readonly localCurrency: Currency;
  readonly currencies: readonly Currency[];
  readonly accounts: readonly Account[];
  readonly items: readonly Item[];
  readonly paymentTerms: readonly { readonly id: string; readonly code: string; readonly days: number }[];
  readonly countries: readonly string[];
  readonly taxAreas: readonly { readonly id: string; readonly code: string }[];
  /** Percent of a tax code, by the customer's tax area and the code; "" is the area of customers without one. */
  readonly taxPercents: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly taxCodes: readonly string[];
  readonly dimensions: Readonly<Record<string, readonly DimensionValue[]>>;
  readonly receivablesAccount: string;
  readonly taxAccount: string;
  /** Whether customers may bring their numbers ("Manual Nos." of their series). */
  readonly allowsCustomerNumbers: boolean;
  /** Days on which may be posted, both inclusive; "" for no bound. */
  allowPostingFrom: string;
  allowPostingTo: string;
  /** Months (YYYY-MM) in which is not posted whatever the bounds. */
  readonly closedMonths: Set<string>;
}

export interface Environment {
  readonly tenant: string;
  readonly name: string;
  readonly companies: readonly Company[];
  /** Whether a posted invoice has the id of its draft. */
  readonly keepsIds: boolean;
}

export const SAMPLE_TENANT = "0f4a6c52-6b1e-4d58-9a61-1f0e6f3c2b11";
export const NORTH = "11111111-0000-4000-8000-00000000c001";
export const SOUTH = "22222222-0000-4000-8000-00000000c002";
export const NET_30 = "30303030-0000-4000-8000-000000000030";
const NET_14 = "14141414-0000-4000-8000-000000000014";
export const AREA_CALIFORNIA = "aaaaaaaa-0000-4000-8000-0000000000ca";
export const AREA_GERMANY = "aaaaaaaa-0000-4000-8000-0000000000de";

const account = (number: string, name: string, changes: Partial<Account> = {}): Account => ({
  number,
  name,
  isBlocked: false,
  directPosting: true,
  taxCode: "NONE",
  ...changes,
});
const item = (number: string, name: string): Item => ({ number, name, isBlocked: false, taxCode: "NONE" });
const values = (...codes: string[]): DimensionValue[] => codes.map((code) => ({ code, isBlocked: false }));

function company(id: string, name: string, local: Currency, others: readonly Currency[]): Company {
  return {
    id,
    name,
    localCurrency: local,
    currencies: others,
    accounts: [
      account("1150", "Unbilled receivable"),
      account("1200", "Receivables", { directPosting: false }),
      account("2200", "Sales tax payable"),
      account("2210", "Sales tax, state"),
      account("2220", "VAT, 19 %"),
      account("2400", "Deferred revenue"),
      account("2450", "Prepaid credits"),
      account("4000", "Revenue: usage"),
      account("4010", "Revenue: subscriptions"),
      account("4020", "Revenue: other"),
      account("6900", "Marketing credits"),
      account("8000", "Blocked", { isBlocked: true }),
      account("8100", "Totals", { directPosting: false }),
    ],
    items: [item("1000", "API calls"), item("1001", "Storage"), item("1002", "Rare")],
    paymentTerms: [
      { id: NET_30, code: "30 DAYS", days: 30 },
      { id: NET_14, code: "14 DAYS", days: 14 },
    ],
    countries: ["US", "DE", "GB", "FR"],
    taxAreas: [
      { id: AREA_CALIFORNIA, code: "CA" },
      { id: AREA_GERMANY, code: "DE" },
    ],
    taxPercents: {
      "": { TAXABLE: "6", VAT19: "19", NONE: "0" },
      CA: { TAXABLE: "6", NONE: "0" },
      DE: { VAT19: "19", NONE: "0" },
    },
    taxCodes: ["TAXABLE", "VAT19", "NONE"],
    dimensions: { DEPARTMENT: values("SALES", "ADM"), REGION: values("WEST", "EAST") },
    receivablesAccount: "1200",
    taxAccount: "2200",
    allowsCustomerNumbers: true,
    allowPostingFrom: "",
    allowPostingTo: "",
    closedMonths: new Set(),
  };
}

const USD: Currency = { code: "USD", digits: 2, rate: "1" };
const EUR: Currency = { code: "EUR", digits: 2, rate: "1" };
const GBP: Currency = { code: "GBP", digits: 2, rate: "1.25" };
const JPY: Currency = { code: "JPY", digits: 0, rate: "0.0065" };

/** Two companies: one in US dollars, one in euros. */
export function sampleEnvironment(changes: Partial<Environment> = {}): Environment {
  return {
    tenant: SAMPLE_TENANT,
    name: "Production",
    companies: [
      company(NORTH, "Northwind Inc.", USD, [{ ...EUR, rate: "1.1" }, GBP, JPY]),
      company(SOUTH, "Northwind GmbH", EUR, [{ ...USD, rate: "0.9" }, GBP]),
    ],
    keepsIds: false,
    ...changes,
  };
}

/** A currency of a company by its code; the local one may be written as "" too. */
export function currencyOf({ localCurrency, currencies }: Company, code: string): Currency | undefined {
  return code === "" || code === localCurrency.code
    ? localCurrency
    : currencies.find((each) => each.code === code);
}
