import { isNumberText, sumTexts, type NumberText } from "../exact-numbers.ts";
import { asList, asRecord } from "./request-check.ts";
import {
  currencyDigits,
  isKnownPlace,
  taxLine,
  totalOf,
  type LineToTax,
  type TaxedDetail,
} from "./tax-rates.ts";

export interface StoredLine {
  readonly number: string;
  readonly amount: string;
  readonly taxDate: string;
  readonly tax: string;
  readonly details: readonly {
    readonly country: string;
    readonly region: string;
    readonly jurisName: string;
    readonly taxName: string;
    readonly rate: string;
    readonly tax: string;
  }[];
  readonly isItemTaxable: boolean;
  readonly exemptNo: string;
}

/** A transaction as the service keeps it. */
export interface StoredTransaction {
  readonly company: string;
  readonly code: string;
  readonly type: string;
  readonly currency: string;
  readonly customer: string;
  readonly date: string;
  readonly totalTax: string;
  readonly lines: readonly StoredLine[];
  readonly referenceCode: string;
  status: "Saved" | "Committed" | "Cancelled";
  /** Reported to a tax authority: it can't be voided any more. */
  locked: boolean;
  /** How often it was written, made committed and voided: once each, or something was done twice. */
  creates: number;
  commits: number;
  voids: number;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): string => (isNumberText(value) ? value.$number : "0");
const asNumber = (value: string): NumberText => ({ $number: value });

/** Taxes a request that has passed the checks; undefined where its place is not known. */
export function transactionOf(body: unknown): StoredTransaction | undefined {
  const model = asRecord(body);
  const addresses = asRecord(model["addresses"]);
  const shipTo = asRecord(addresses["shipTo"] ?? addresses["singleLocation"]);
  const [country, region] = [text(shipTo["country"]), text(shipTo["region"])];
  if (!isKnownPlace(country, region)) return undefined;
  const currency = text(model["currencyCode"]) || "USD";
  const lines = asList(model["lines"]).map((each): StoredLine => {
    const line = asRecord(each);
    const exemptNo = text(model["exemptionNo"]) || text(line["exemptionCode"]);
    const toTax: LineToTax = {
      amount: number(line["amount"]),
      taxCode: text(line["taxCode"]) || undefined,
      taxDate: text(asRecord(line["taxOverride"])["taxDate"]) || text(model["date"]),
      taxIncluded: line["taxIncluded"] === true,
      isExempt: exemptNo !== "",
      country,
      region,
    };
    const override = asRecord(line["taxOverride"]);
    const calculated = taxLine(toTax, currency);
    const isGiven = override["type"] === "TaxAmount";
    const tax = isGiven ? number(override["taxAmount"]) : totalOf(calculated, currency);
    const details = isGiven ? withTotal(calculated, tax, currency) : calculated;
    return {
      number: text(line["number"]),
      amount: toTax.amount,
      taxDate: toTax.taxDate,
      tax,
      details: details.map(({ rate, tax }) => ({ ...rate, tax })),
      isItemTaxable: details.length > 0 || exemptNo !== "",
      exemptNo,
    };
  });
  return {
    company: text(model["companyCode"]),
    code: text(model["code"]),
    type: text(model["type"]),
    currency,
    customer: text(model["customerCode"]),
    date: text(model["date"]),
    totalTax: sumTexts(
      lines.map(({ tax }) => tax),
      currencyDigits(currency),
    ),
    lines,
    referenceCode: text(model["referenceCode"]),
    status: "Saved",
    locked: false,
    creates: 1,
    commits: 0,
    voids: 0,
  };
}

/** Details that come to a tax that was given: the last one takes what the rates leave. */
function withTotal(details: readonly TaxedDetail[], tax: string, currency: string): readonly TaxedDetail[] {
  const last = details.at(-1);
  if (last === undefined) return details;
  const digits = currencyDigits(currency);
  const others = details.slice(0, -1);
  const left = others.reduce((rest, each) => sumTexts([rest, negated(each.tax)], digits), tax);
  return [...others, { ...last, tax: left }];
}

function negated(amount: string): string {
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}

/** The reply's body, its numbers as texts. `wrongSum` makes the header's total another one than the lines'. */
export function transactionReply(transaction: StoredTransaction, id: number, wrongSum = false): object {
  const { code, type, status, locked, currency, customer, date, totalTax, lines } = transaction;
  const digits = currencyDigits(currency);
  const unit = digits === 0 ? "1" : `0.${"1".padStart(digits, "0")}`;
  const wrong = sumTexts([totalTax, unit], digits);
  return {
    id: asNumber(String(id)),
    code,
    companyId: asNumber("1"),
    date,
    status,
    type,
    currencyCode: currency,
    customerCode: customer,
    totalTax: asNumber(wrongSum ? wrong : totalTax),
    totalTaxCalculated: asNumber(totalTax),
    locked,
    lines: lines.map((line, index) => ({
      id: asNumber(String(id * 1_000 + index)),
      lineNumber: line.number,
      lineAmount: asNumber(line.amount),
      tax: asNumber(line.tax),
      taxCalculated: asNumber(line.tax),
      taxDate: line.taxDate,
      isItemTaxable: line.isItemTaxable,
      exemptNo: line.exemptNo,
      exemptAmount: asNumber(line.exemptNo === "" ? "0" : line.amount),
      details: line.details.map((detail) => ({
        country: detail.country,
        region: detail.region,
        jurisName: detail.jurisName,
        taxName: detail.taxName,
        rate: asNumber(detail.rate),
        tax: asNumber(detail.tax),
      })),
    })),
  };
}
