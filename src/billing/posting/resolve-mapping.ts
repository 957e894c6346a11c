import type { ErpDescription } from "../../model/erp-description.ts";
import {
  MAPPING_TABLES,
  type MappedReferences,
  type MappedValues,
  type MappingTable,
  type PostingKind,
} from "../../model/posting.ts";
import type { CompiledConnection } from "./compiled-posting.ts";
import type { MappingKeys } from "./mapping-keys.ts";
import { FALLBACK_KEY } from "./mapping-row.ts";

/** What a mapping lacks. */
export interface MissingMapping {
  readonly table: MappingTable;
  readonly key: string;
  /** Fields that the key's row lacks; empty where there is no row. */
  readonly fields: readonly string[];
}

export type Resolved =
  | { readonly references: MappedReferences }
  /** All that is missing, at once. */
  | { readonly missing: readonly MissingMapping[] };

/**
 * Looks a document's keys up in a connection's mapping. Tables that the ERP does not need are looked up all the same, as far
 * as there are rows for them.
 * @param day of the document, YYYY-MM-DD: rows that hold on it apply
 */
export function resolveMapping(
  connection: Pick<CompiledConnection, "mapped">,
  description: ErpDescription,
  kind: PostingKind,
  keys: MappingKeys,
  day: string,
): Resolved {
  const required = description.required[kind];
  const missing: MissingMapping[] = [];
  const references: Partial<Record<MappingTable, Record<string, MappedValues>>> = {};
  for (const table of MAPPING_TABLES) {
    const fields = required[table];
    for (const key of keys[table] ?? []) {
      const values =
        connection.mapped(table, key, day) ??
        (description.fallback.includes(table) ? connection.mapped(table, FALLBACK_KEY, day) : undefined);
      if (values === undefined) {
        if (fields !== undefined) missing.push({ table, key, fields: [] });
        continue;
      }
      const lacking = (fields ?? []).filter((field) => !Object.hasOwn(values, field));
      if (lacking.length > 0) missing.push({ table, key, fields: lacking });
      else (references[table] ??= {})[key] = values;
    }
  }
  return missing.length > 0 ? { missing } : { references };
}

/** A missing row or field for people: "item api", "account revenue: id". */
export function missingText({ table, key, fields }: MissingMapping): string {
  return `${table} ${key}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
}
