import { isNumberText } from "../exact-numbers.ts";
import type { CheckedBody } from "./body-check.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import { referenceId, type Fields, type FieldValue, type StoredRecord } from "./record-store.ts";

/** A record as it would be after a request, before the rules of its type are checked. */
export interface Draft {
  readonly type: string;
  readonly id: string;
  readonly fields: Fields;
  readonly sublists: Record<string, Fields[]>;
}

/**
 * What a request makes of a record. Lines of a sublist that is not replaced are added, unless their key says which line
 * they are: an update that is sent twice doubles a document.
 */
export function draftOf(
  id: string,
  before: StoredRecord | undefined,
  body: CheckedBody,
  definition: RecordDefinition,
  replaced: ReadonlySet<string>,
): Draft {
  const fields: Fields = { ...before?.fields, ...body.fields };
  for (const name of body.cleared) delete fields[name];
  const sublists: Record<string, Fields[]> = {};
  for (const [name, { key }] of Object.entries(definition.sublists)) {
    // Tax details belong to item lines and go with them.
    const isDropped = replaced.has(name) || (name === "taxDetails" && replaced.has("item"));
    const lines = isDropped ? [] : (before?.sublists[name] ?? []).map((line) => ({ ...line }));
    for (const line of body.sublists[name] ?? []) {
      const known = lines.findIndex((other) => hasSameKey(other, line, key));
      if (known === -1) lines.push({ ...line });
      else lines[known] = { ...lines[known], ...line };
    }
    if (key.includes("line")) numberLines(lines);
    sublists[name] = lines;
  }
  return { type: definition.type, id, fields, sublists };
}

function hasSameKey(one: Fields, other: Fields, key: readonly string[]): boolean {
  return (
    key.length > 0 &&
    key.every((name) => other[name] !== undefined && keyText(one[name]) === keyText(other[name]))
  );
}

function keyText(value: FieldValue | undefined): string {
  return isNumberText(value) ? value.$number : (referenceId(value) ?? textOf(value) ?? "");
}

/** Lines get numbers of their own where they bring none. */
function numberLines(lines: Fields[]): void {
  let last = lines.reduce(
    (most, { line }) => Math.max(most, isNumberText(line) ? Number(line.$number) : 0),
    0,
  );
  for (const line of lines) line["line"] ??= { $number: String(++last) };
}

export function textOf(value: FieldValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: FieldValue | undefined): string | undefined {
  return isNumberText(value) ? value.$number : undefined;
}
