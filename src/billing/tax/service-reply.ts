import { parseDecimal, rescale } from "../../model/decimal.ts";
import type { RepliedLineTax, TaxAnswer, TaxTransaction } from "../../model/tax-service.ts";
import { formatMinorUnits } from "../rating/money.ts";
import type { LineTax, TaxDetail } from "./tax-table.ts";

/** A service's taxes of a document after all checks: one for each of its lines, in their order. */
export interface ServiceTaxes {
  readonly lines: readonly LineTax[];
  readonly transaction: TaxTransaction;
}

type Taxed = Extract<TaxAnswer, { kind: "taxed" }>;

/** A reply that does not add up; the message says where. */
class InvalidReply extends Error {}

/**
 * Checks a service's taxes against the lines that were asked about: one tax a line, whole minor units, of the sign of the
 * line's amount, each line's details its tax, and all lines the header's total. Nothing is rounded or filled in.
 * @param taxable of each line, minor units
 * @returns what is wrong, where something is
 */
export function checkServiceTaxes(
  answer: Taxed,
  taxable: readonly bigint[],
  currencyExponent: number,
): ServiceTaxes | { readonly invalid: string } {
  const money = (minorUnits: bigint): string => formatMinorUnits(minorUnits, currencyExponent);
  const minorUnits = (text: string, what: string): bigint => minorUnitsOf(text, currencyExponent, what);
  try {
    const byLine = linesByNumber(answer.lines, taxable.length);
    const lines = taxable.map((amount, index): LineTax => {
      const replied = byLine.get(index + 1);
      if (replied === undefined) throw new InvalidReply(`line ${index + 1} has no tax`);
      const what = `the tax of line ${index + 1}`;
      const tax = minorUnits(replied.tax, what);
      if ((tax > 0n && amount < 0n) || (tax < 0n && amount > 0n) || (tax !== 0n && amount === 0n))
        throw new InvalidReply(`${what} is ${money(tax)} of an amount of ${money(amount)}`);
      const details = replied.details.map((detail): TaxDetail => ({
        ...detail,
        amount: minorUnits(detail.amount, `a detail of ${what}`),
      }));
      const sum = details.reduce((all, detail) => all + detail.amount, 0n);
      if (details.length > 0 && sum !== tax)
        throw new InvalidReply(`${what} is ${money(tax)}, its details come to ${money(sum)}`);
      return { tax, details, note: replied.note ?? undefined };
    });
    const total = minorUnits(answer.totalTax, "the total tax");
    const sum = lines.reduce((all, { tax }) => all + tax, 0n);
    if (sum !== total)
      throw new InvalidReply(`the total tax is ${money(total)}, the lines' come to ${money(sum)}`);
    return { lines, transaction: answer.transaction };
  } catch (fault) {
    if (fault instanceof InvalidReply) return { invalid: fault.message };
    throw fault;
  }
}

function linesByNumber(
  replied: readonly RepliedLineTax[],
  lineCount: number,
): ReadonlyMap<number, RepliedLineTax> {
  const byLine = new Map<number, RepliedLineTax>();
  for (const line of replied) {
    if (line.line > lineCount || line.line < 1)
      throw new InvalidReply(`there is a tax of line ${line.line}, the document has ${lineCount}`);
    if (byLine.has(line.line)) throw new InvalidReply(`line ${line.line} has two taxes`);
    byLine.set(line.line, line);
  }
  return byLine;
}

function minorUnitsOf(text: string, currencyExponent: number, what: string): bigint {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new InvalidReply(`${what} is not a number: ${JSON.stringify(text)}`);
  const minorUnits = rescale(decimal.coefficient, decimal.scale, currencyExponent);
  if (typeof minorUnits === "string")
    throw new InvalidReply(`${what} has more than the currency's ${currencyExponent} digits: ${text}`);
  return BigInt(minorUnits);
}
