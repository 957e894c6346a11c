import { isNumberText } from "../exact-numbers.ts";
import type { Row, Value } from "./books.ts";
import type { EntityDefinition, FieldDefinition } from "./entity-definitions.ts";
import { malformed, writeFailed } from "./errors.ts";

const NAMESPACE = "Microsoft.Dynamics.DataEntities";
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** The fields of a body that fit an entity. Throws for a name, a type or a length that doesn't. */
export function checkedBody(entity: EntityDefinition, body: unknown): Row {
  if (typeof body !== "object" || body === null || Array.isArray(body) || isNumberText(body))
    throw malformed("An error occurred while reading: a JSON object was expected.");
  const row: Record<string, Value> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith("@odata.")) continue;
    const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
    if (field === undefined)
      throw malformed(
        `The property '${name}' does not exist on type '${NAMESPACE}.${entity.type}'. Make sure to only use property names that are defined by the type.`,
      );
    if (field.isReadOnly === true)
      throw writeFailed(entity.table, `Error: Field '${name}' can't be edited: it is read-only.`);
    row[name] = checkedValue(entity, name, field, value);
  }
  return row;
}

function checkedValue(entity: EntityDefinition, name: string, field: FieldDefinition, value: unknown): Value {
  const wrongType = (): Error =>
    malformed(`Cannot convert the value of the property '${name}' to the expected type of the metadata.`);
  switch (field.type) {
    case "decimal":
    case "int64":
      if (!isNumberText(value) || !/^-?\d+(\.\d+)?$/.test(value.$number)) throw wrongType();
      if (field.type === "int64" && value.$number.includes(".")) throw wrongType();
      return { $number: value.$number };
    case "date":
      if (typeof value !== "string" || !DATE_TIME.test(value) || Number.isNaN(Date.parse(value)))
        throw wrongType();
      return value;
    case "NoYes":
    case "enum": {
      const values = field.values ?? ["No", "Yes"];
      if (typeof value !== "string" || !values.includes(value))
        throw malformed(`Requested value of the enum type of '${name}' was not found.`);
      return value;
    }
    case "string":
    default:
      if (typeof value !== "string") throw wrongType();
      // The service is said to cut some texts off without a word: here it is the sender's fault.
      if (field.length !== undefined && value.length > field.length)
        throw writeFailed(
          entity.table,
          `Error: Field '${name}' has ${value.length} characters, and may have ${field.length}.`,
        );
      return value;
  }
}
