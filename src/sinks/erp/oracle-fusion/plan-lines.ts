import { isJsonNumber } from "../../../model/decimal.ts";
import type { PostedInvoice, PostedLine } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { negatedDecimal } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText, truncatedText } from "../common/text.ts";
import { type ComparedLine, ErpFault } from "../erp-sink.ts";
import { segmentsOf } from "./account-combination.ts";
import { MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import type { JsonObject, PlanSettings } from "./plan.ts";

export interface TransactionLines {
  readonly lines: readonly JsonObject[];
  /** Undefined where the ERP's own accounting rules decide all accounts. */
  readonly distributions: readonly JsonObject[] | undefined;
  readonly compared: readonly ComparedLine[];
}

/**
 * Lines with their taxes and revenue accounts. A line is always one piece at the price of the whole: Oracle would round the product of a true
 * quantity and a price, and the amount is what counts. Amounts of memos are negative in Oracle.
 */
export function transactionLines(
  document: PostedInvoice,
  rows: MappedRows,
  { segmentDelimiter }: PlanSettings,
): TransactionLines {
  const isInvoice = document.kind === "invoice";
  const sent = (amount: string): JsonDecimal =>
    amountOf(isInvoice ? amount : negatedDecimal(amount), document.number);
  const distributions: JsonObject[] = [];
  const lines = document.lines.map((line) => {
    const price = sent(line.net);
    const combination = combinationOf(line, rows, segmentDelimiter);
    if (combination !== undefined)
      distributions.push({
        AccountClass: "Revenue",
        AccountCombination: combination,
        Amount: price,
        [isInvoice ? "InvoiceLineNumber" : "CreditMemoLineNumber"]: new JsonDecimal(String(line.line)),
      });
    const taxLines = line.taxes.map((tax) => ({
      TaxRegimeCode: rows.required("tax", tax.key, "regime"),
      TaxRateCode: rows.required("tax", tax.key, "rate_code"),
      TaxAmount: sent(tax.amount),
    }));
    return {
      LineNumber: new JsonDecimal(String(line.line)),
      MemoLine: rows.required("item", line.item, "memo_line"),
      [isInvoice ? "Description" : "LineDescription"]: descriptionOf(line),
      [isInvoice ? "Quantity" : "LineQuantityCredit"]: new JsonDecimal("1"),
      UnitSellingPrice: price,
      TaxClassificationCode: classificationOf(line, rows),
      [isInvoice ? "receivablesInvoiceLineTaxLines" : "receivablesCreditMemoLineTaxLines"]:
        taxLines.length === 0 ? undefined : taxLines,
    };
  });
  return {
    lines,
    distributions: distributions.length === 0 ? undefined : distributions,
    compared: document.lines.map((line) => ({
      reference: rows.required("item", line.item, "memo_line"),
      amount: line.net,
    })),
  };
}

/** Throws ErpFault `validation` for what JSON can't hold as a number. */
function amountOf(amount: string, number: string): JsonDecimal {
  if (!isJsonNumber(amount) || /e/i.test(amount))
    throw new ErpFault("validation", `${number}: Oracle can't hold the amount ${amount.slice(0, 50)}`);
  return new JsonDecimal(amount);
}

/** The line's revenue account, where the item's row has one. Dimensions are segments of it, so they need one. */
function combinationOf(line: PostedLine, rows: MappedRows, delimiter: string): string | undefined {
  const combination = rows.optional("item", line.item, "combination");
  if (combination !== undefined)
    return segmentsOf(combination, line.dimensions, rows, delimiter).join(delimiter);
  if (Object.keys(line.dimensions).length > 0)
    throw new ErpFault(
      "mapping",
      `item ${line.item} has dimensions, which are segments of its account: its row needs a combination`,
      { code: "mapping-missing" },
    );
  return undefined;
}

/** A line has one tax classification: its taxes must agree on it. */
function classificationOf(line: PostedLine, rows: MappedRows): string | undefined {
  const codes = new Set(line.taxes.flatMap(({ key }) => rows.optional("tax", key, "classification") ?? []));
  if (codes.size > 1)
    throw new ErpFault(
      "mapping",
      `the taxes of line ${line.line} have different classifications: ${[...codes].join(", ").slice(0, 100)}`,
      { code: "mapping-unusable" },
    );
  const [code] = codes;
  return code;
}

/** The quantity is never what is cut off. */
function descriptionOf({ description, quantity, adjusts }: PostedLine): string {
  const facts = [
    ...(quantity === null ? [] : [`quantity ${quantity}`]),
    ...(adjusts === null ? [] : [`corrects ${adjusts}`]),
  ];
  const suffix = truncatedText(
    facts.length === 0 ? "" : ` (${facts.join(", ")})`,
    MAX_DESCRIPTION_CHARACTERS,
  );
  return singleLineText(description, MAX_DESCRIPTION_CHARACTERS - suffix.length) + suffix;
}
