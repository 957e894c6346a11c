import { type Entity, entityOf, type Field } from "./definitions.ts";
import type { StoredLine, StoredRecord } from "./store.ts";
import type { Values } from "./body-check.ts";

/** Records as the API shows them: numbers are numbers, and empty texts are there. */

export function etagOf({ id, version }: Pick<StoredRecord, "id" | "version">): string {
  return `W/"${Buffer.from(`${version};${id}`).toString("base64")}"`;
}

/** Fields of a record as questions compare them. */
export function filterValues(record: StoredRecord): Values {
  return {
    ...record.values,
    id: record.id,
    lastModifiedDateTime: new Date(record.modifiedMs).toISOString(),
  };
}

export function recordView(
  record: StoredRecord,
  {
    select,
    expand,
    linesName,
  }: {
    readonly select: readonly string[] | undefined;
    readonly expand: readonly string[];
    readonly linesName: string | undefined;
  },
): Record<string, unknown> {
  const entity = entityOf(record.set);
  const view = {
    "@odata.etag": etagOf(record),
    ...valuesView(filterValues(record), entity, select),
  };
  for (const name of expand)
    Object.assign(view, {
      [name]:
        name === linesName ? record.lines.map((line) => lineView(line, record, entity.nested[name])) : [],
    });
  return view;
}

function lineView(line: StoredLine, { id }: StoredRecord, entity: Entity | undefined): object {
  if (entity === undefined) return {};
  return {
    "@odata.etag": etagOf({ id: line.id, version: 1 }),
    ...valuesView({ ...line.values, id: line.id, documentId: id, journalId: id }, entity, undefined),
  };
}

export function valuesView(
  values: Values,
  entity: Entity,
  select: readonly string[] | undefined,
): Record<string, unknown> {
  const view: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(entity.fields))
    if (select === undefined || select.includes(name)) view[name] = valueView(values[name], field);
  return view;
}

const NO_ID = "00000000-0000-0000-0000-000000000000";

function valueView(value: string | boolean | undefined, field: Field): unknown {
  switch (field.kind) {
    case "decimal":
    case "integer":
      return { $number: typeof value === "string" && value !== "" ? value : "0" };
    case "boolean":
      return value === true;
    case "guid":
      return value === undefined || value === "" ? NO_ID : value;
    case "date":
      return value === undefined || value === "" ? "0001-01-01" : value;
    case "enum":
      // Names in the model have no other characters than letters and digits.
      return String(value ?? " ").replaceAll(
        /[^A-Za-z0-9]/g,
        (other) => `_x${other.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`,
      );
    case "code":
    case "text":
    case "datetime":
    default:
      return value ?? "";
  }
}
