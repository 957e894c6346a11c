import { findEntry, type Account } from "./account.ts";
import type { CheckedBody } from "./body-check.ts";
import { invalidReference } from "./errors.ts";
import type { FieldKind, RecordDefinition } from "./record-definitions.ts";
import { referenceId, type Fields, type FieldValue, type RecordStore } from "./record-store.ts";

/** Replaces external ids by ids. Throws where something does not exist or is inactive. */
export function resolveReferences(
  body: CheckedBody,
  definition: RecordDefinition,
  account: Account,
  store: RecordStore,
): CheckedBody {
  const resolve = (value: FieldValue, kind: FieldKind | undefined, name: string, path: string): FieldValue =>
    kind?.kind === "reference" ? resolveOne(value, kind.to, name, path, account, store) : value;
  const all = (fields: Fields, kinds: Readonly<Record<string, FieldKind>>, at: string): Fields =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        resolve(value, kinds[name], name, at === "" ? name : `${at}.${name}`),
      ]),
    );
  return {
    cleared: body.cleared,
    fields: all(body.fields, definition.fields, ""),
    sublists: Object.fromEntries(
      Object.entries(body.sublists).map(([name, lines]) => [
        name,
        lines.map((line, index) =>
          all(line, definition.sublists[name]?.fields ?? {}, `${name}.items[${index}]`),
        ),
      ]),
    ),
  };
}

function resolveOne(
  value: FieldValue,
  types: readonly string[],
  name: string,
  path: string,
  account: Account,
  store: RecordStore,
): FieldValue {
  const id = referenceId(value);
  const externalId = typeof value === "object" && "externalId" in value ? value["externalId"] : undefined;
  const shown = id ?? (typeof externalId === "string" ? externalId : "");
  if (types[0] === "accountingPeriod" && account.periods.some((period) => period.id === id)) return value;
  for (const type of types) {
    const record =
      id === undefined
        ? typeof externalId === "string"
          ? store.findExternal(type, externalId)
          : undefined
        : store.find(type, id);
    if (record !== undefined && record.fields["isInactive"] !== true && !record.isVoid)
      return { id: record.id };
  }
  const entry = id === undefined ? undefined : findEntry(account, types, id);
  if (entry === undefined || entry.isInactive) throw invalidReference(shown, name, path);
  return { id: entry.id };
}

/** Checks that what a record or line names may be used by its subsidiary. */
export function checkSubsidiary(
  fields: Fields,
  kinds: Readonly<Record<string, FieldKind>>,
  subsidiary: string,
  account: Account,
  at: string,
): void {
  for (const [name, value] of Object.entries(fields)) {
    const kind = kinds[name];
    const id = referenceId(value);
    if (kind?.kind !== "reference" || id === undefined) continue;
    const allowed = findEntry(account, kind.to, id)?.subsidiaries;
    if (allowed !== undefined && !allowed.includes(subsidiary))
      throw invalidReference(id, name, at === "" ? name : `${at}.${name}`);
  }
}
