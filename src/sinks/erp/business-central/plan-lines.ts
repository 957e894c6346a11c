import { isJsonNumber } from "../../../model/decimal.ts";
import type { PostedLine } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { compareDecimals, magnitudeOfDecimal } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText, truncatedText } from "../common/text.ts";
import { type ComparedLine, ErpFault } from "../erp-sink.ts";
import { codeOf } from "./external-id.ts";
import {
  LINE_NUMBER_STEP,
  MAX_AMOUNT_DECIMALS,
  MAX_AMOUNT_DIGITS,
  MAX_DESCRIPTION_CHARACTERS,
} from "./limits.ts";
import type { JsonObject } from "./plan.ts";

/** What a line is booked to. */
export interface LineObject {
  readonly lineType: "Account" | "Item";
  readonly number: string;
}

/** Names what a line is booked to, in comparisons. */
export function lineReference(lineType: string, number: string): string {
  return `${lineType} ${number}`;
}

/** An amount on its way into a document, before it has a place there. */
export interface AmountLine {
  readonly object: LineObject;
  readonly amount: string;
  readonly description: string;
  readonly description2?: string;
  readonly taxCode: string | undefined;
  readonly dimensions: readonly JsonObject[];
}

/** The item's row names an account or an item, not both. Throws ErpFault `mapping` where it doesn't. */
export function lineObject(rows: MappedRows, item: string): LineObject {
  const account = rows.optional("item", item, "account");
  const number = rows.optional("item", item, "item");
  if (account !== undefined && number === undefined) return { lineType: "Account", number: codeOf(account) };
  if (account === undefined && number !== undefined) return { lineType: "Item", number: codeOf(number) };
  // A row that isn't there is told as such.
  if (rows.row("item", item) === undefined) rows.required("item", item, "account");
  throw new ErpFault(
    "mapping",
    `the mapping's row for item ${JSON.stringify(item)} must have account or item, one of both`,
    { code: account === undefined ? "mapping-missing" : "mapping-unusable" },
  );
}

export function comparedLine({ object, amount }: AmountLine): ComparedLine {
  return { reference: lineReference(object.lineType, object.number), amount };
}

/**
 * A line of one piece at the price of the whole: Business Central would round the product of a true quantity and price, and the amount is what counts. What is negative is
 * one piece less, since prices aren't below zero.
 */
export function amountLine(line: AmountLine, place: number, number: string): JsonObject {
  const { object, amount, description, description2, taxCode, dimensions } = line;
  const isNegative = compareDecimals(amount, "0") < 0;
  return {
    sequence: new JsonDecimal(String(place * LINE_NUMBER_STEP)),
    lineType: object.lineType,
    lineObjectNumber: object.number,
    description,
    description2,
    quantity: new JsonDecimal(isNegative ? "-1" : "1"),
    unitPrice: amountOf(magnitudeOfDecimal(amount), number),
    taxCode,
    dimensionSetLines: dimensions.length === 0 ? undefined : dimensions,
  };
}

/** A line of words. */
export function commentLine(text: string, place: number): JsonObject {
  return {
    sequence: new JsonDecimal(String(place * LINE_NUMBER_STEP)),
    lineType: "Comment",
    description: singleLineText(text, MAX_DESCRIPTION_CHARACTERS),
  };
}

/** A number with at most the digits of a price. */
export function amountOf(amount: string, number: string): JsonDecimal {
  const [whole = "", fraction = ""] = amount.replace("-", "").split(".");
  if (!isJsonNumber(amount) || fraction.length > MAX_AMOUNT_DECIMALS || whole.length > MAX_AMOUNT_DIGITS)
    throw new ErpFault(
      "validation",
      `${number}: Business Central can't hold the amount ${amount.slice(0, 50)}`,
    );
  return new JsonDecimal(amount);
}

/** Dimensions of a line, in the order of their names. Throws ErpFault `mapping` where two of them stand for one dimension. */
export function dimensionsOf(dimensions: Readonly<Record<string, string>>, rows: MappedRows): JsonObject[] {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = `${name}=${value}`;
    const code = codeOf(rows.required("dimension", key, "dimension"));
    const valueCode = codeOf(rows.required("dimension", key, "value"));
    if (values.has(code) && values.get(code) !== valueCode)
      throw new ErpFault("mapping", `dimension ${key}: the line has another value of ${code} already`, {
        code: "mapping-unusable",
      });
    values.set(code, valueCode);
  }
  return [...values].map(([code, valueCode]) => ({ code, valueCode }));
}

/** The quantity is never what is cut off. */
export function descriptionOf({ description, quantity, adjusts }: PostedLine): string {
  const facts = [
    ...(quantity === null ? [] : [`quantity ${quantity}`]),
    ...(adjusts === null ? [] : [`corrects ${adjusts}`]),
  ];
  const suffix = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  const shortSuffix = truncatedText(suffix, MAX_DESCRIPTION_CHARACTERS);
  return singleLineText(description, MAX_DESCRIPTION_CHARACTERS - shortSuffix.length) + shortSuffix;
}
