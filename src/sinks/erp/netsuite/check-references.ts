import type { MappedReferences, MappingTable } from "../../../model/posting.ts";
import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { INTERNAL_ID } from "./customers.ts";
import { MAX_READ_BACK } from "./limits.ts";
import { query, type Row } from "./suiteql.ts";

/** Where the ids of a mapping's rows are looked for: table of the questions and what people call it. */
interface IdSource {
  readonly table: MappingTable;
  readonly field: string;
  readonly records: string;
  readonly title: string;
}

const CLASSIFICATIONS: Readonly<Record<string, { readonly records: string; readonly title: string }>> = {
  department: { records: "department", title: "department" },
  class: { records: "classification", title: "class" },
  location: { records: "location", title: "location" },
};

const SOURCES: readonly IdSource[] = [
  { table: "customer", field: "id", records: "customer", title: "customer" },
  { table: "legal_entity", field: "id", records: "subsidiary", title: "subsidiary" },
  { table: "currency", field: "id", records: "currency", title: "currency" },
  { table: "terms", field: "id", records: "term", title: "terms" },
  { table: "item", field: "id", records: "item", title: "item" },
  { table: "tax", field: "item", records: "item", title: "item" },
  { table: "tax", field: "type", records: "taxtype", title: "tax type" },
  { table: "tax", field: "code", records: "salestaxitem", title: "tax code" },
  { table: "account", field: "id", records: "account", title: "account" },
  { table: "period", field: "id", records: "accountingperiod", title: "accounting period" },
  ...(["item", "account"] as const).flatMap((table) =>
    Object.entries(CLASSIFICATIONS).map(([field, source]) => ({ table, field, ...source })),
  ),
];

interface NamedId {
  readonly table: MappingTable;
  readonly key: string;
  readonly id: string;
}

/** A finding for each id that NetSuite doesn't have, or that is inactive there. */
export async function missingReferences(
  client: NetsuiteClient,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const [records, { title, ids }] of idsByRecords(references)) {
    const numbers = [...new Set(ids.map(({ id }) => id))].filter((id) => INTERNAL_ID.test(id));
    const known = await activity(client, records, numbers, signal);
    if (typeof known === "string")
      findings.push({
        problem: "permission",
        message: `The role can't read the records of kind ${title}, so that the mapping's ids can't be checked (${known}).`,
      });
    else
      for (const { table, key, id } of ids) {
        const isActive = known.get(id);
        if (isActive === true) continue;
        const fault = isActive === undefined ? "does not exist" : "is inactive";
        findings.push({
          problem: "mapping",
          message: `The ${title} with the id ${id} ${fault} in NetSuite (mapping table ${table}, key ${key}).`,
        });
      }
  }
  return findings;
}

function idsByRecords(
  references: MappedReferences,
): ReadonlyMap<string, { readonly title: string; readonly ids: readonly NamedId[] }> {
  const found = new Map<string, { title: string; ids: NamedId[] }>();
  const add = (records: string, title: string, named: NamedId): void => {
    const group = found.get(records);
    if (group === undefined) found.set(records, { title, ids: [named] });
    else group.ids.push(named);
  };
  for (const { table, field, records, title } of SOURCES)
    for (const [key, row] of Object.entries(references[table] ?? {})) {
      const id = row[field];
      if (id !== undefined && id !== "") add(records, title, { table, key, id });
    }
  for (const [key, { field = "", id = "" }] of Object.entries(references.dimension ?? {})) {
    const source = CLASSIFICATIONS[field];
    if (source !== undefined) add(source.records, source.title, { table: "dimension", key, id });
  }
  return found;
}

/** Whether each record that exists is active; what NetSuite says where it doesn't let them be read. */
async function activity(
  client: NetsuiteClient,
  records: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, boolean> | string> {
  const rows: Row[] = [];
  try {
    for (let first = 0; first < ids.length; first += MAX_READ_BACK) {
      const slice = ids.slice(first, first + MAX_READ_BACK);
      const sql = `SELECT id, isinactive FROM ${records} WHERE id IN (${slice.join(", ")}) ORDER BY id`;
      rows.push(...(await query(client, { operation: "check", sql, signal })));
    }
  } catch (fault) {
    // A table that the role may not read looks to it as if there were none.
    if (fault instanceof ErpFault && UNREADABLE.has(fault.kind)) return fault.message;
    throw fault;
  }
  return new Map(rows.map((row) => [row("id"), row("isinactive") !== "T"]));
}

const UNREADABLE: ReadonlySet<string> = new Set(["permission", "validation", "mapping"]);
