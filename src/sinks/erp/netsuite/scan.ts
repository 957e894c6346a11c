import type { ScannedRecord } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { queryPage, quoted, type Row } from "./suiteql.ts";

const DAY_MS = 86_400_000;
/** Where documents are, with the column of the number that people see. */
const TABLES = [
  { table: "transaction", number: "tranid", types: "type IN ('CustInvc', 'CustCred', 'Journal') AND " },
  { table: "customer", number: "entityid", types: "" },
] as const;

/**
 * All records with the prefix that were changed since a day, a page at a time, in the order of their ids. `inTime` gives a page's request its
 * deadline.
 */
export async function* scan(
  client: NetsuiteClient,
  prefix: string,
  sinceDate: string,
  inTime: <Result>(act: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): AsyncGenerator<readonly ScannedRecord[]> {
  const since = dayBefore(sinceDate);
  for (const { table, number, types } of TABLES) {
    // By the last id instead of by pages' offsets: records that come meanwhile move no others.
    let nextId = "0";
    for (let hasMore = true; hasMore;) {
      const sql =
        `SELECT id, externalid, ${number} FROM ${table} WHERE ${types}externalid LIKE ${quoted(`${prefix}%`)} ` +
        `AND lastmodifieddate >= TO_DATE(${quoted(since)}, 'YYYY-MM-DD') AND id >= ${nextId} ORDER BY id`;
      const page = await inTime((signal) => queryPage(client, { operation: "scan", sql, signal }, 0));
      const records = page.items.map((row) => scannedRecord(row, number));
      const last = records.at(-1);
      hasMore = page.hasMore && last !== undefined;
      if (last !== undefined) nextId = String(BigInt(last.erp.id) + 1n);
      // The pattern's "_" stands for any character.
      const own = records.filter(({ externalId }) =>
        externalId.toLowerCase().startsWith(prefix.toLowerCase()),
      );
      if (own.length > 0) yield own;
    }
  }
}

function scannedRecord(row: Row, number: string): ScannedRecord {
  return {
    externalId: row("externalid"),
    erp: { id: row("id"), number: row(number) === "" ? null : row(number) },
  };
}

/** NetSuite's days are those of the account's time zone, which may be a day behind. */
function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MS).toISOString().slice(0, "YYYY-MM-DD".length);
}
