import type { NetsuiteClient } from "./client.ts";
import { query } from "./suiteql.ts";

/** External ids of customers by their ids; those without one are missing. Ids are digits, as NetSuite gives them. */
export async function customerExternalIds(
  client: NetsuiteClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const numbers = [...new Set(ids)].filter((id) => INTERNAL_ID.test(id));
  if (numbers.length === 0) return new Map();
  const rows = await query(client, {
    operation: "read-customers",
    sql: `SELECT id, externalid FROM customer WHERE id IN (${numbers.join(", ")}) ORDER BY id`,
    signal,
  });
  return new Map(
    rows.flatMap((row) => (row("externalid") === "" ? [] : [[row("id"), row("externalid")] as const])),
  );
}

/** Ids may be negative: those of records that every account has. */
export const INTERNAL_ID = /^-?\d{1,18}$/;
