import type { MappingTable, PostedInvoice, PostedLine } from "../../../model/posting.ts";
import { isJsonNumber } from "../../../model/decimal.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { ErpFault } from "../erp-sink.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { truncatedText } from "../common/text.ts";
import { MAX_DESCRIPTION_CHARACTERS, MAX_RATE_DECIMALS } from "./limits.ts";
import type { JsonObject, PlanSettings } from "./plan.ts";

/** Fields of a line that say where it belongs. */
const CLASSIFICATIONS = ["department", "class", "location"] as const;
/** Also custom segments and custom columns may hold a dimension. */
const DIMENSION_FIELD = /^(department|class|location|cseg\w+|custcol\w+)$/;

/** What a line of tax details refers to. */
export function taxReferenceOf(line: PostedLine): string {
  return `L${line.line}`;
}

/**
 * A line of the item sublist. It is always one piece at the price of the whole: NetSuite would round the product of a true quantity
 * and a rate, and the amount is what counts. The quantity is said in the description, and in a custom column where there is one.
 */
export function itemLine(
  line: PostedLine,
  { number }: PostedInvoice,
  rows: MappedRows,
  { taxes, lineFields }: PlanSettings,
): JsonObject {
  const amount = amountOf(line.net, number);
  const fields: Record<string, string> = {};
  // As a text: it may have more digits than a field of numbers takes.
  if (lineFields.quantity !== undefined && line.quantity !== null)
    fields[lineFields.quantity] = line.quantity;
  if (lineFields.meter !== undefined && line.meter !== null) fields[lineFields.meter] = line.meter;
  if (lineFields.periodStart !== undefined) fields[lineFields.periodStart] = line.periodStart;
  if (lineFields.periodEnd !== undefined) fields[lineFields.periodEnd] = line.periodEnd;
  return {
    item: { id: rows.required("item", line.item, "id") },
    quantity: new JsonDecimal("1"),
    rate: amount,
    amount,
    description: descriptionOf(line),
    ...classificationsOf("item", line.item, line.dimensions, rows),
    ...(taxes === "suitetax" && { taxDetailsReference: taxReferenceOf(line) }),
    ...fields,
  };
}

/** A number with at most the digits of a rate. */
export function amountOf(amount: string, number: string): JsonDecimal {
  if (!isJsonNumber(amount) || (amount.split(".")[1]?.length ?? 0) > MAX_RATE_DECIMALS)
    throw new ErpFault("validation", `${number}: NetSuite can't hold the amount ${amount.slice(0, 50)}`);
  return new JsonDecimal(amount);
}

/** Department, class, location and segments: the defaults of the item's (account's) row, and over them the line's own dimensions. */
export function classificationsOf(
  table: MappingTable,
  key: string,
  dimensions: Readonly<Record<string, string>>,
  rows: MappedRows,
): JsonObject {
  const fields: Record<string, { readonly id: string }> = {};
  for (const field of CLASSIFICATIONS) {
    const id = rows.optional(table, key, field);
    if (id !== undefined) fields[field] = { id };
  }
  for (const [name, value] of Object.entries(dimensions)) {
    const dimension = `${name}=${value}`;
    const field = rows.required("dimension", dimension, "field");
    if (!DIMENSION_FIELD.test(field))
      throw new ErpFault("mapping", `dimension ${dimension}: a line has no field ${field.slice(0, 50)}`, {
        code: "mapping-unusable",
      });
    fields[field] = { id: rows.required("dimension", dimension, "id") };
  }
  return fields;
}

/** The quantity is never what is cut off. */
function descriptionOf({ description, quantity, adjusts }: PostedLine): string {
  const facts = [
    ...(quantity === null ? [] : [`quantity ${quantity}`]),
    ...(adjusts === null ? [] : [`corrects ${adjusts}`]),
  ];
  const suffix = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  const shortSuffix = truncatedText(suffix, MAX_DESCRIPTION_CHARACTERS);
  return truncatedText(description, MAX_DESCRIPTION_CHARACTERS - shortSuffix.length) + shortSuffix;
}
