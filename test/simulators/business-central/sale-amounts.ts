import { plainText, roundedText, scaled, UNIT } from "../exact-numbers.ts";
import { type Company, type Currency, currencyOf } from "./environment.ts";
import type { StoredLine, StoredRecord } from "./store.ts";
import { textOf } from "./store.ts";

/** Amounts of an invoice or memo: all of them are worked out, as Business Central does it; none but quantity and price is taken from a request. */

/** 100 percent, in the units of percents. */
const HUNDRED_PERCENT = 100n * UNIT;

export interface SaleTotals {
  readonly net: bigint;
  readonly tax: bigint;
  readonly lines: readonly StoredLine[];
}

/** Lines with their amounts, and their sums. VAT is rounded for each tax code's lines together. */
export function saleAmounts(
  record: Pick<StoredRecord, "values" | "lines">,
  company: Company,
  area: string,
): SaleTotals {
  const currency = currencyOf(company, textOf(record.values, "currencyCode")) ?? company.localCurrency;
  const percents = company.taxPercents[area] ?? {};
  const taxed = new Map<string, { net: bigint; tax: bigint }>();
  let net = 0n;
  let tax = 0n;
  const lines = record.lines.map((line): StoredLine => {
    const { values } = line;
    if (values["lineType"] === "Comment") return line;
    const quantity = scaled(textOf(values, "quantity") || "0");
    const price = scaled(textOf(values, "unitPrice") || "0");
    const amount = scaled(roundedText(quantity * price, UNIT * UNIT, currency.digits));
    const code = textOf(values, "taxCode");
    const percent = scaled(percents[code] ?? "0");
    const before = taxed.get(code) ?? { net: 0n, tax: 0n };
    const after = before.net + amount;
    const taxAfter = scaled(roundedText(after * percent, HUNDRED_PERCENT * UNIT, currency.digits));
    const lineTax = taxAfter - before.tax;
    taxed.set(code, { net: after, tax: taxAfter });
    net += amount;
    tax += lineTax;
    return {
      ...line,
      values: {
        ...values,
        amountExcludingTax: plainText(amount),
        netAmount: plainText(amount),
        taxPercent: plainText(percent),
        totalTaxAmount: plainText(lineTax),
        netTaxAmount: plainText(lineTax),
        amountIncludingTax: plainText(amount + lineTax),
        netAmountIncludingTax: plainText(amount + lineTax),
      },
    };
  });
  return { net, tax, lines };
}

/** An amount in the local currency. */
export function localAmount(amount: bigint, { rate }: Currency, company: Company): string {
  return roundedText(amount * scaled(rate), UNIT * UNIT, company.localCurrency.digits);
}
