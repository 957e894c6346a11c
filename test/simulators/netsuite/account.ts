/** A NetSuite account's set-up: lists, periods and preferences. Ids are texts of digits, as NetSuite's are. */

export interface ListEntry {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  isInactive: boolean;
  /** Subsidiaries that may use it; undefined: all. */
  readonly subsidiaries?: readonly string[];
  /** Columns of its own, by their names in SuiteQL (lower case): "symbol", "accttype". */
  readonly values: Readonly<Record<string, string>>;
}

export interface Period {
  readonly id: string;
  readonly name: string;
  /** YYYY-MM-DD, both inclusive. */
  readonly startDate: string;
  readonly endDate: string;
  isClosed: boolean;
}

/** A tax that the tax engine itself puts on each line of a document whose tax details aren't overridden. */
export interface AutomaticTax {
  readonly taxType: string;
  readonly taxCode: string;
  readonly percent: string;
}

export interface Account {
  /** Account id as people write it: "1234567_SB1". */
  readonly id: string;
  readonly lists: ListEntry[];
  readonly periods: Period[];
  /** Names of custom fields that exist (`custbody_…`, `custcol_…`, `custentity_…`): free texts of at most 300 characters. */
  readonly customFields: readonly string[];
  readonly hasSuiteTax: boolean;
  readonly automaticTax: AutomaticTax | null;
  /** Whether documents may bring their own numbers ("Allow Override"). */
  readonly allowsDocumentNumbers: boolean;
  /** Classifications that each line must have. */
  readonly mandatoryClassifications: readonly ("department" | "class" | "location")[];
  /** The company's time zone, minutes from UTC: SuiteQL shows times in it, the record service in UTC. */
  readonly utcOffsetMinutes: number;
}

export const ITEM_TYPES = [
  "serviceSaleItem",
  "nonInventorySaleItem",
  "otherChargeSaleItem",
  "discountItem",
] as const;

const entry = (
  type: string,
  id: string,
  name: string,
  values: Readonly<Record<string, string>> = {},
  subsidiaries?: readonly string[],
): ListEntry => ({
  type,
  id,
  name,
  isInactive: false,
  values,
  ...(subsidiaries === undefined ? {} : { subsidiaries }),
});

const FIRST_YEAR = 2024;
const LAST_YEAR = 2028;
/** So that June of 2026 is period 121. */
const FIRST_PERIOD_ID = 92;

function months(): Period[] {
  const periods: Period[] = [];
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++)
    for (let month = 0; month < 12; month++) {
      const first = new Date(Date.UTC(year, month, 1));
      const last = new Date(Date.UTC(year, month + 1, 0));
      periods.push({
        id: String(FIRST_PERIOD_ID + periods.length),
        name: first.toLocaleString("en-US", { month: "short", year: "numeric", timeZone: "UTC" }),
        startDate: first.toISOString().slice(0, 10),
        endDate: last.toISOString().slice(0, 10),
        isClosed: false,
      });
    }
  return periods;
}

/** A company with three subsidiaries (US, DE, JP), five currencies, and what invoices and journals need. */
export function sampleAccount(changes: Partial<Account> = {}): Account {
  return {
    id: "1234567_SB1",
    lists: [
      entry("subsidiary", "1", "Northwind Inc.", { currency: "1", country: "US" }),
      entry("subsidiary", "2", "Northwind GmbH", { currency: "4", country: "DE" }),
      entry("subsidiary", "3", "Northwind KK", { currency: "5", country: "JP" }),
      entry("currency", "1", "US Dollar", { symbol: "USD", digits: "2" }),
      entry("currency", "2", "British Pound", { symbol: "GBP", digits: "2" }),
      entry("currency", "4", "Euro", { symbol: "EUR", digits: "2" }),
      entry("currency", "5", "Yen", { symbol: "JPY", digits: "0" }),
      entry("currency", "6", "Kuwaiti Dinar", { symbol: "KWD", digits: "3" }),
      entry("term", "2", "Net 30", { daysuntilnetdue: "30" }),
      entry("term", "3", "Net 14", { daysuntilnetdue: "14" }),
      entry("term", "4", "Due on receipt", { daysuntilnetdue: "0" }),
      entry("department", "5", "Sales"),
      entry("department", "6", "Deutschland", {}, ["2"]),
      entry("classification", "3", "Usage"),
      entry("location", "1", "Head office"),
      entry("account", "54", "Revenue: usage", { acctnumber: "4000", accttype: "Income" }),
      entry("account", "55", "Revenue: subscriptions", { acctnumber: "4010", accttype: "Income" }),
      entry("account", "119", "Unbilled receivable", { acctnumber: "1150", accttype: "OthCurrAsset" }),
      entry("account", "120", "Accounts receivable", { acctnumber: "1100", accttype: "AcctRec" }),
      entry("account", "121", "Deferred revenue", { acctnumber: "2400", accttype: "OthCurrLiab" }),
      entry("account", "122", "Sales tax payable", { acctnumber: "2200", accttype: "OthCurrLiab" }),
      entry("account", "123", "Rounding", { acctnumber: "6900", accttype: "Expense" }),
      entry("account", "124", "Bank", { acctnumber: "1000", accttype: "Bank" }),
      entry("serviceSaleItem", "86", "API calls", { itemtype: "Service" }),
      entry("serviceSaleItem", "87", "Storage", { itemtype: "Service" }),
      entry("nonInventorySaleItem", "88", "Subscription", { itemtype: "NonInvtPart" }),
      entry("otherChargeSaleItem", "89", "Prepaid credits", { itemtype: "OthCharge" }),
      entry("discountItem", "90", "Discount", { itemtype: "Discount" }),
      entry("taxType", "8", "VAT DE"),
      entry("taxType", "9", "Sales tax CA"),
      entry("salesTaxItem", "21", "DE 19 %", { taxtype: "8", rate: "19" }),
      entry("salesTaxItem", "22", "CA state", { taxtype: "9", rate: "6" }),
      entry("salesTaxItem", "23", "CA district", { taxtype: "9", rate: "3.5" }),
    ],
    periods: months(),
    customFields: ["custbody_usage_document", "custcol_usage_quantity", "custentity_usage_customer"],
    hasSuiteTax: true,
    automaticTax: null,
    allowsDocumentNumbers: true,
    mandatoryClassifications: [],
    // Pacific Standard Time: what an account is set to unless somebody changes it.
    utcOffsetMinutes: -480,
    ...changes,
  };
}

export function findEntry(account: Account, types: readonly string[], id: string): ListEntry | undefined {
  return account.lists.find((each) => each.id === id && types.includes(each.type));
}

export function currencyDigits(account: Account, currency: string): number {
  return Number(findEntry(account, ["currency"], currency)?.values["digits"] ?? "2");
}

/** Host names are lower-case with a dash, realms upper-case with an underscore. */
export function accountHost(account: Account): string {
  return `${account.id.toLowerCase().replaceAll("_", "-")}.suitetalk.api.netsuite.com`;
}

export function accountRealm(account: Account): string {
  return account.id.toUpperCase().replaceAll("-", "_");
}
