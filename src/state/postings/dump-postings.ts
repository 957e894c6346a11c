import type { Database } from "better-sqlite3";

/** Columns that are hints, not from the logs. */
const HINTS: ReadonlySet<string> = new Set(["due_ms", "payment_due_ms"]);

/** What of a connection's postings follows from the two logs: tables with the order of their rows. */
const TABLES: Readonly<Record<string, string>> = {
  position: "SELECT * FROM position",
  commands: "SELECT * FROM commands ORDER BY position",
  documents: "SELECT * FROM documents ORDER BY key",
  waits: "SELECT * FROM waits ORDER BY key, after",
  newer: "SELECT * FROM newer ORDER BY key",
  listeners: "SELECT * FROM listeners ORDER BY key, partition",
  external_ids: "SELECT * FROM external_ids ORDER BY external_id, key",
  strays: "SELECT * FROM strays ORDER BY finding, key",
  decisions: "SELECT * FROM decisions ORDER BY request",
  totals: "SELECT * FROM totals WHERE documents > 0 ORDER BY state, kind, currency",
  days: "SELECT * FROM days ORDER BY day",
};

/**
 * All that must be equal between a view that grew with the logs and one that was built again from them: a line a row, as JSON, behind
 * its table's name. Results, the budget and times of hints are left out: they do not come from the logs.
 */
export function dumpPostings(database: Database): string {
  const lines: string[] = [];
  for (const [table, query] of Object.entries(TABLES))
    for (const row of database.prepare<[], Record<string, unknown>>(query).all()) {
      const kept = Object.entries(row).filter(([column]) => column !== "id" && !HINTS.has(column));
      lines.push(`${table} ${JSON.stringify(Object.fromEntries(kept))}`);
    }
  return `${lines.join("\n")}\n`;
}
