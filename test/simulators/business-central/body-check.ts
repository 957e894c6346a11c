import { isNumberText, scaled } from "../exact-numbers.ts";
import type { Entity, Field } from "./definitions.ts";
import { badRequest, BusinessCentralError, readOnly, unknownProperty } from "./errors.ts";

/** Values by the names of fields: texts, flags; decimals and integers as their texts. */
export type Values = Readonly<Record<string, string | boolean>>;

/** A body that was understood: its own values, and those of the entities inside it. */
export interface CheckedBody {
  readonly values: Values;
  readonly nested: Readonly<Record<string, readonly CheckedBody[]>>;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Throws the API's error for a field that does not exist, can't be written, or has a value that is none of it. */
export function checkBody(body: unknown, entity: Entity): CheckedBody {
  if (!isObject(body)) throw badRequest("Invalid Request Body");
  const values: Record<string, string | boolean> = {};
  const nested: Record<string, readonly CheckedBody[]> = {};
  for (const [name, value] of Object.entries(body)) {
    const inner = Object.hasOwn(entity.nested, name) ? entity.nested[name] : undefined;
    if (inner !== undefined) {
      if (!Array.isArray(value)) throw badRequest("Invalid Request Body");
      nested[name] = value.map((each: unknown) => checkBody(each, inner));
      continue;
    }
    const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
    if (field === undefined) throw unknownProperty(name, entity.type);
    if (!field.isWritable) throw readOnly(name);
    values[name] = checkValue(value, name, field);
  }
  return { values, nested };
}

function checkValue(value: unknown, name: string, field: Field): string | boolean {
  switch (field.kind) {
    case "boolean":
      if (typeof value !== "boolean") throw cannotConvert(name, "Boolean");
      return value;
    case "decimal":
    case "integer": {
      if (!isNumberText(value)) throw cannotConvert(name, field.kind === "decimal" ? "Decimal" : "Int32");
      if (field.kind === "integer" && !/^-?\d{1,9}$/.test(value.$number)) throw cannotConvert(name, "Int32");
      if (!isDecimal(value.$number)) throw cannotConvert(name, "Decimal");
      return value.$number;
    }
    case "date":
      if (typeof value !== "string" || !isDate(value)) throw cannotConvert(name, "Date");
      return value;
    case "datetime":
      throw readOnly(name);
    case "guid":
      if (typeof value !== "string" || !GUID.test(value))
        throw new BusinessCentralError(400, "Application_InvalidGUID", "Invalid format of GUID string.");
      return value.toLowerCase();
    case "enum":
      if (typeof value !== "string" || !field.values.includes(value))
        throw new BusinessCentralError(
          400,
          "Unknown",
          `'${String(value)}' is not an option. The existing options are: ${field.values.join(",")}`,
        );
      return value;
    case "code":
    case "text":
    default: {
      if (typeof value !== "string") throw cannotConvert(name, "String");
      if (/\p{Cc}/u.test(value))
        throw badRequest(`The value of ${name} has characters that are not allowed.`);
      const kept = field.kind === "code" ? value.trim().toUpperCase() : value;
      if (kept.length > field.max)
        throw new BusinessCentralError(
          400,
          "Application_StringExceededLength",
          `The length of the string is ${kept.length}, but it must be less than or equal to ${field.max} characters. Value: ${kept}`,
        );
      return kept;
    }
  }
}

/** Decimals have 15 digits before the point and 10 behind it at most. */
function isDecimal(text: string): boolean {
  if (!/^-?\d{1,15}(\.\d{1,10})?$/.test(text)) return false;
  scaled(text);
  return true;
}

function cannotConvert(name: string, type: string): BusinessCentralError {
  return badRequest(`Unable to convert value to ${type}: the property '${name}'.`);
}

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isNumberText(value);
}
