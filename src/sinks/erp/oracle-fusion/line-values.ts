import { isJsonNumber } from "../../../model/decimal.ts";
import type { PostedInvoice, PostedLine } from "../../../model/posting.ts";
import { negatedDecimal } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText, truncatedText } from "../common/text.ts";
import { type ComparedLine, ErpFault } from "../erp-sink.ts";
import { segmentsOf } from "./account-combination.ts";
import { MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";

/**
 * What a line says in Oracle, whichever way it goes there. A line is always one piece at the price of the whole: Oracle would round the product of a
 * true quantity and a price, and the amount is what counts.
 */

/** An amount as Oracle has it, where those of memos are negative. Throws ErpFault `validation` for what isn't written out in digits. */
export function signedAmount({ kind, number }: PostedInvoice, amount: string): string {
  if (!isJsonNumber(amount) || /e/i.test(amount))
    throw new ErpFault("validation", `${number}: Oracle can't hold the amount ${amount.slice(0, 50)}`);
  return kind === "invoice" ? amount : negatedDecimal(amount);
}

/** What is compared of lines: memo lines and net amounts. */
export function comparedLines(document: PostedInvoice, rows: MappedRows): readonly ComparedLine[] {
  return document.lines.map((line) => ({
    reference: rows.required("item", line.item, "memo_line"),
    amount: line.net,
  }));
}

/** Segments of the line's revenue account, where the item's row has one. Dimensions are segments of it, so they need one. */
export function revenueSegments(
  line: PostedLine,
  rows: MappedRows,
  delimiter: string,
): readonly string[] | undefined {
  const combination = rows.optional("item", line.item, "combination");
  if (combination !== undefined) return segmentsOf(combination, line.dimensions, rows, delimiter);
  if (Object.keys(line.dimensions).length > 0)
    throw new ErpFault(
      "mapping",
      `item ${line.item} has dimensions, which are segments of its account: its row needs a combination`,
      { code: "mapping-missing" },
    );
  return undefined;
}

/** A line has one tax classification: its taxes must agree on it. */
export function classificationOf(line: PostedLine, rows: MappedRows): string | undefined {
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
export function descriptionOf({ description, quantity, adjusts }: PostedLine): string {
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
