import type { PostedInvoice, PostedJournal } from "../../../model/posting.ts";
import { ErpFault } from "../erp-sink.ts";
import { compareDecimals, isSameDecimal, sumOfDecimals } from "./decimals.ts";

/** The last look at a document's sums before it is sent. A difference is a fault of this system: nothing is sent then. */

/** Throws ErpFault `validation` where an invoice's or memo's sums don't add up. */
export function checkInvoiceTotals({ lines, net, tax, total, number }: PostedInvoice): void {
  const check = (what: string, parts: readonly string[], stated: string): void => {
    const sum = sumOfDecimals(parts);
    if (!isSameDecimal(sum, stated))
      throw new ErpFault("validation", `${number}: ${what} come to ${sum}, not to ${stated}`);
  };
  for (const { line, taxes, tax: lineTax } of lines)
    check(
      `the taxes of line ${line}`,
      taxes.map(({ amount }) => amount),
      lineTax,
    );
  const [nets, lineTaxes] = [lines.map((line) => line.net), lines.map((line) => line.tax)];
  check("the lines' net amounts", nets, net);
  check("the lines' taxes", lineTaxes, tax);
  check("net and tax", [net, tax], total);
}

/** Σ debits = Σ credits, as a decimal. Throws ErpFault `validation` where they differ or a line does not have exactly one of both, above 0. */
export function checkedJournalTotal({ lines }: PostedJournal): string {
  const debits: string[] = [];
  const credits: string[] = [];
  for (const { line, debit, credit } of lines) {
    const amount = debit ?? credit;
    if (amount === null || (debit !== null && credit !== null) || compareDecimals(amount, "0") <= 0)
      throw new ErpFault("validation", `line ${line} must have a debit or a credit, above 0`);
    (debit === null ? credits : debits).push(amount);
  }
  const [debitSum, creditSum] = [sumOfDecimals(debits), sumOfDecimals(credits)];
  if (!isSameDecimal(debitSum, creditSum))
    throw new ErpFault("validation", `debits come to ${debitSum}, credits to ${creditSum}`);
  return debitSum;
}
