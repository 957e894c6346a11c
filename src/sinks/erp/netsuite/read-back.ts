import type { FoundDocument } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { lookUp } from "./look-up.ts";
import { customerComparison } from "./plan-customer.ts";
import type { NetsuitePlan } from "./plan.ts";
import { readSales } from "./read-sales.ts";
import { query, quotedList } from "./suiteql.ts";

/**
 * Documents as NetSuite has them. Invoices, memos and customers are read in a few requests for all; journals one by one, since only their
 * records tell debits from credits in the journal's own currency.
 */
export async function readBack(
  client: NetsuiteClient,
  plans: readonly NetsuitePlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const found: FoundDocument[] = [];
  const sales = plans.filter(({ kind }) => kind === "invoice" || kind === "credit-memo");
  found.push(...(await readSales(client, sales, signal)));
  const upserted = plans.filter(({ kind, request }) => kind === "customer" && request.kind === "upsert");
  found.push(...(await readCustomers(client, upserted, signal)));
  const others = plans.filter((plan) => !sales.includes(plan) && !upserted.includes(plan));
  for (const plan of others) {
    const document = await lookUp(client, plan, signal);
    if (document !== undefined) found.push(document);
  }
  return found;
}

async function readCustomers(
  client: NetsuiteClient,
  plans: readonly NetsuitePlan[],
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  if (plans.length === 0) return [];
  const rows = await query(client, {
    operation: "read-customers",
    sql:
      "SELECT id, entityid, externalid, subsidiary, currency FROM customer " +
      `WHERE externalid IN (${quotedList(plans.map(({ externalId }) => externalId))}) ORDER BY id`,
    signal,
  });
  return rows.map((row) => ({
    erp: { id: row("id"), number: row("entityid") === "" ? null : row("entityid") },
    externalId: row("externalid"),
    document: customerComparison({
      customer: null,
      legalEntity: row("subsidiary"),
      currency: row("currency"),
    }),
    payment: null,
  }));
}
