import { isNumberText } from "../exact-numbers.ts";
import { invalidContent } from "./errors.ts";
import type { FieldKind, RecordDefinition } from "./record-definitions.ts";
import type { Fields, FieldValue } from "./record-store.ts";

/** A body whose names and kinds of values are right; references may still be by external id. */
export interface CheckedBody {
  readonly fields: Fields;
  readonly cleared: readonly string[];
  readonly sublists: Readonly<Record<string, readonly Fields[]>>;
}

/** What is done about properties that do not exist: the header X-NetSuite-PropertyNameValidation. */
export type NameValidation = "Error" | "Warning" | "Ignore";

/** Quantities have at most 15 digits and stay below this. */
const QUANTITY_LIMIT_DIGITS = 10;
const MAX_DIGITS = 15;

/** Checks names, kinds and lengths against a record's definition. Throws the ERP's error at the first that is wrong. */
export function checkBody(
  body: unknown,
  definition: RecordDefinition,
  customFields: readonly string[],
  names: NameValidation,
): CheckedBody {
  if (!isObject(body)) throw invalidContent("The request body must be a JSON object.", "");
  const fields: Fields = {};
  const cleared: string[] = [];
  const sublists: Record<string, readonly Fields[]> = {};
  const custom = customFieldsOf(definition.transaction === null ? "custentity_" : "custbody_", customFields);
  for (const [givenName, value] of Object.entries(body)) {
    const name = ALIASES[givenName] ?? givenName;
    const sublist = definition.sublists[name];
    if (sublist !== undefined) {
      const lineFields = { ...sublist.fields, ...customFieldsOf("custcol_", customFields) };
      sublists[name] = linesOf(value, name).map((line, index) =>
        checkFields(line, lineFields, `${name}.items[${index}]`, names),
      );
      continue;
    }
    const kind = definition.fields[name] ?? custom[name];
    if (kind === undefined) {
      if (names === "Error") throw unknownProperty(name, name, definition.type);
    } else if (value === null) cleared.push(name);
    else fields[name] = checkValue(value, kind, name, name, names);
  }
  return { fields, cleared, sublists };
}

/** The address book is written in both ways in NetSuite's own help. */
const ALIASES: Readonly<Record<string, string>> = {
  addressbook: "addressBook",
  addressbookaddress: "addressBookAddress",
};

function customFieldsOf(prefix: string, customFields: readonly string[]): Record<string, FieldKind> {
  return Object.fromEntries(
    customFields
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name, { kind: "text", maxLength: 300 } as const]),
  );
}

function linesOf(value: unknown, name: string): readonly unknown[] {
  if (isObject(value) && Array.isArray(value["items"]) && Object.keys(value).length === 1)
    return value["items"];
  throw invalidContent(`The sublist ${name} must be an object with the property items.`, name);
}

function checkFields(
  value: unknown,
  kinds: Readonly<Record<string, FieldKind>>,
  path: string,
  names: NameValidation,
): Fields {
  if (!isObject(value)) throw invalidContent("An object is expected.", path);
  const fields: Fields = {};
  for (const [givenName, member] of Object.entries(value)) {
    const name = ALIASES[givenName] ?? givenName;
    const kind = kinds[name];
    if (kind === undefined) {
      if (names === "Error") throw unknownProperty(name, `${path}.${name}`, path);
    } else if (member !== null) fields[name] = checkValue(member, kind, name, `${path}.${name}`, names);
  }
  return fields;
}

function unknownProperty(name: string, path: string, where: string): Error {
  return invalidContent(`Unknown property ${name} in ${where}.`, path);
}

function checkValue(
  value: unknown,
  kind: FieldKind,
  name: string,
  path: string,
  names: NameValidation,
): FieldValue {
  const wrongKind = (what: string): Error => invalidContent(`The value of ${name} must be ${what}.`, path);
  switch (kind.kind) {
    case "text":
      if (typeof value !== "string") throw wrongKind("a string");
      if (value.length > kind.maxLength)
        throw invalidContent(
          `The field ${name} contained more than the maximum number (${kind.maxLength}) of characters allowed.`,
          path,
        );
      return value;
    case "number":
      if (!isNumberText(value)) throw wrongKind("a number");
      checkDigits(value.$number, kind.digits === "currency" ? MAX_DIGITS : kind.digits, name, path);
      return value;
    case "integer":
      if (!isNumberText(value) || !/^\d{1,9}$/.test(value.$number)) throw wrongKind("an integer");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw wrongKind("true or false");
      return value;
    case "date":
      if (typeof value !== "string" || !isDate(value)) throw wrongKind("a date in the form YYYY-MM-DD");
      return value;
    case "reference":
      return checkReference(value, name, path);
    case "choice": {
      const id = checkReference(value, name, path)["id"];
      if (typeof id !== "string" || !kind.pattern.test(id)) throw wrongKind("a value of the list");
      return { id };
    }
    case "subrecord":
    default:
      return checkFields(value, kind.fields, path, names);
  }
}

/** `{"id": …}` (a text or an integer) or `{"externalId": …}`; `refName` may stand beside, as reads give it. */
function checkReference(value: unknown, name: string, path: string): Fields {
  if (!isObject(value) || isNumberText(value))
    throw invalidContent(`The value of ${name} must be a reference.`, path);
  const { id, externalId, ...others } = value;
  if (Object.keys(others).some((other) => other !== "refName" && other !== "links"))
    throw invalidContent(`The reference ${name} has a property that a reference does not have.`, path);
  if (isNumberText(id) && /^-?\d+$/.test(id.$number)) return { id: id.$number };
  if (typeof id === "string" && id !== "") return { id };
  if (id === undefined && typeof externalId === "string" && externalId !== "") return { externalId };
  throw invalidContent(`The reference ${name} needs an id or an externalId.`, path);
}

function checkDigits(text: string, digits: number, name: string, path: string): void {
  const [, whole = "", fraction = ""] = /^-?(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === "") throw invalidContent(`The value of ${name} is not a decimal.`, path);
  const significant = `${whole}${fraction}`.replace(/^0+/, "").length;
  if (fraction.length > digits || significant > MAX_DIGITS)
    throw invalidContent(`The value ${text} of ${name} has too many digits.`, path);
  if (name === "quantity" && whole.replace(/^0+/, "").length > QUANTITY_LIMIT_DIGITS)
    throw invalidContent(`The value ${text} of quantity must be below 10000000000.`, path);
}

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
