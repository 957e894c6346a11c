import { randomUUID } from "node:crypto";
import type { CheckedBody, Values } from "./body-check.ts";
import type { Company } from "./environment.ts";
import { dialog, fieldValidation, invalidRelation, sameKey } from "./errors.ts";
import { type StoredLine, textOf } from "./store.ts";

/** Numbers of lines go up in these steps where none is given. */
const STEP = 10_000;

/** A line of an invoice or memo. Throws where it names what isn't there. */
export function saleLine(
  { values, nested }: CheckedBody,
  before: readonly StoredLine[],
  company: Company,
): StoredLine {
  const type = textOf(values, "lineType");
  const number = textOf(values, "lineObjectNumber");
  if (type === "") throw dialog("The Line Type must be provided.");
  const sequence = textOf(values, "sequence") || String((before.length + 1) * STEP);
  if (before.some((line) => line.values["sequence"] === sequence))
    throw sameKey("Sales Line", `Line No.='${sequence}'`);
  if (type === "Comment") {
    if (number !== "" || values["unitPrice"] !== undefined || values["quantity"] !== undefined)
      throw fieldValidation("Type must not be Comment in Sales Line.");
    return { id: randomUUID(), values: { ...values, sequence }, dimensions: {} };
  }
  const object =
    type === "Account"
      ? company.accounts.find((account) => account.number === number)
      : type === "Item"
        ? company.items.find((item) => item.number === number)
        : undefined;
  if (object === undefined) throw dialog(`${type} does not exist.`);
  if ("directPosting" in object && !object.directPosting) throw notDirect(number);
  if (object.isBlocked) throw blocked(type === "Account" ? "G/L Account" : "Item", number);
  if (textOf(values, "unitPrice").startsWith("-"))
    throw fieldValidation("Unit Price must not be negative in Sales Line.");
  const taxCode = textOf(values, "taxCode") || object.taxCode;
  if (!company.taxCodes.includes(taxCode))
    throw invalidRelation("VAT Prod. Posting Group", "Sales Line", taxCode, "VAT Product Posting Group");
  return {
    id: randomUUID(),
    values: {
      quantity: "0",
      unitPrice: "0",
      ...values,
      description: textOf(values, "description") || object.name,
      sequence,
      taxCode,
    },
    dimensions: dimensionsOf(nested["dimensionSetLines"] ?? [], company),
  };
}

export function blocked(table: string, number: string): Error {
  return fieldValidation(`Blocked must be equal to 'No' in ${table}: No.=${number}. Current value is 'Yes'.`);
}

export function notDirect(number: string): Error {
  return fieldValidation(
    `Direct Posting must be equal to 'Yes' in G/L Account: No.=${number}. Current value is 'No'.`,
  );
}

/** Value codes by the codes of dimensions. Throws where one isn't there, or is there twice. */
export function dimensionsOf(
  lines: readonly CheckedBody[],
  company: Company,
): Readonly<Record<string, string>> {
  const dimensions: Record<string, string> = {};
  for (const { values } of lines) {
    const [code, valueCode] = [textOf(values, "code"), textOf(values, "valueCode")];
    if (code === "") throw dialog('The "id" or "code" field must be filled in.');
    if (valueCode === "") throw dialog('The "valueId" or "valueCode" field must be filled in.');
    const known = company.dimensions[code];
    if (known === undefined) throw dialog('The "code" does not match to a Dimension.');
    if (!known.some((value) => value.code === valueCode))
      throw dialog('The "valueCode" does not match to a Dimension Value.');
    if (dimensions[code] !== undefined)
      throw dialog(
        "The dimension set line already exists. Check existing dimension set lines and the default dimension set lines on the parent.",
      );
    dimensions[code] = valueCode;
  }
  return dimensions;
}

/** At posting: a value may have been blocked since. */
export function checkDimensions({ dimensions }: StoredLine, company: Company): void {
  for (const [code, valueCode] of Object.entries(dimensions)) {
    const value = company.dimensions[code]?.find((each) => each.code === valueCode);
    if (value === undefined || value.isBlocked)
      throw dialog(
        `The combination of dimensions can't be used: Dimension Value ${code} - ${valueCode} is blocked.`,
      );
  }
}

/** At posting: what a line is booked to may have been blocked since. */
export function checkObject(values: Values, company: Company): void {
  const number = textOf(values, "lineObjectNumber") || textOf(values, "accountNumber");
  const isItem = values["lineType"] === "Item";
  const object = isItem
    ? company.items.find((item) => item.number === number)
    : company.accounts.find((account) => account.number === number);
  if (object?.isBlocked === true) throw blocked(isItem ? "Item" : "G/L Account", number);
}
