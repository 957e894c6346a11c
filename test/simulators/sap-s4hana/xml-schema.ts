import { soapFault } from "./errors.ts";
import type { XmlElement } from "./xml-reader.ts";

/** Schemas of messages: names of elements, order, how often, lengths, forms. Whatever breaks one is a SOAP fault of the request as a whole, HTTP 500. */

export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
  readonly of: Schema | TextForm;
}
export type Schema = readonly Field[];

export interface TextForm {
  readonly pattern: RegExp;
  readonly attributes: readonly string[];
}

export const text = (maxCharacters: number): TextForm => ({
  pattern: new RegExp(`^[^\\p{Cc}]{1,${maxCharacters}}$`, "u"),
  attributes: [],
});
export const DAY: TextForm = { pattern: /^\d{4}-\d{2}-\d{2}$/, attributes: [] };
export const TIME: TextForm = {
  pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z$/,
  attributes: [],
};
export const AMOUNT: TextForm = { pattern: /^-?\d{1,22}(\.\d{1,6})?$/, attributes: ["currencyCode"] };
export const WHOLE: TextForm = { pattern: /^\d{1,10}$/, attributes: [] };
export const SIDE: TextForm = { pattern: /^[SH]$/, attributes: [] };

export const one = (name: string, of: Field["of"]): Field => ({
  name,
  isRequired: true,
  isRepeated: false,
  of,
});
export const optional = (name: string, of: Field["of"]): Field => ({
  name,
  isRequired: false,
  isRepeated: false,
  of,
});
export const many = (name: string, of: Field["of"]): Field => ({
  name,
  isRequired: false,
  isRepeated: true,
  of,
});

/** Throws a SOAP fault. */
export function checkChildren({ name: parent, children }: XmlElement, schema: Schema): void {
  let place = 0;
  let isTaken = false;
  for (const child of children) {
    while (schema[place]?.name !== child.name || (isTaken && schema[place]?.isRepeated === false)) {
      const field = schema[place];
      if (field === undefined)
        throw soapFault(
          `Error during XML deserialization: element ${child.name} of ${parent} is unknown, comes twice, or is out of order`,
        );
      if (field.isRequired && !isTaken)
        throw soapFault(`Error during XML deserialization: ${field.name} of ${parent} is missing`);
      place += 1;
      isTaken = false;
    }
    isTaken = true;
    checkContent(child, schema[place]);
  }
  const missing = schema.slice(isTaken ? place + 1 : place).find(({ isRequired }) => isRequired);
  if (missing !== undefined)
    throw soapFault(`Error during XML deserialization: ${missing.name} of ${parent} is missing`);
}

function checkContent(child: XmlElement, field: Field | undefined): void {
  if (field === undefined) return;
  const { of } = field;
  if (isSchema(of)) {
    checkChildren(child, of);
    return;
  }
  const attributes = Object.keys(child.attributes);
  const isRight =
    child.children.length === 0 &&
    of.pattern.test(child.text) &&
    attributes.length === of.attributes.length &&
    of.attributes.every((attribute) => attributes.includes(attribute));
  if (!isRight) throw soapFault(`Error during XML deserialization: the value of ${child.name} is not valid`);
}

function isSchema(of: Field["of"]): of is Schema {
  return Array.isArray(of);
}
