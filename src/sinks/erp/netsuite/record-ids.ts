import type { NetsuiteClient } from "./client.ts";
import type { NetsuitePlan } from "./plan.ts";
import { query, quotedList } from "./suiteql.ts";

/** Ids of the records of plans of one kind, by the plans' external ids. Those that NetSuite doesn't have are missing. */
export async function recordIds(
  client: NetsuiteClient,
  plans: readonly NetsuitePlan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const [first] = plans;
  if (first === undefined) return new Map();
  const where = { customer: "customer WHERE", ...TRANSACTIONS }[first.kind];
  const rows = await query(client, {
    operation: "read-ids",
    sql:
      `SELECT id, externalid FROM ${where} ` +
      `externalid IN (${quotedList(plans.map(({ externalId }) => externalId))}) ORDER BY id`,
    signal,
  });
  const byLowerCase = new Map(plans.map(({ externalId }) => [externalId.toLowerCase(), externalId]));
  return new Map(
    rows.flatMap((row) => {
      const externalId = byLowerCase.get(row("externalid").toLowerCase());
      return externalId === undefined ? [] : [[externalId, row("id")] as const];
    }),
  );
}

const TRANSACTIONS = {
  invoice: "transaction WHERE type = 'CustInvc' AND",
  "credit-memo": "transaction WHERE type = 'CustCred' AND",
  journal: "transaction WHERE type = 'Journal' AND",
} as const;
