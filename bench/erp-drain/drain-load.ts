import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { loadContracts } from "../../src/load/load-catalog.ts";
import { accountName, eventType, meterKey, VALUE_PROPERTY } from "../../src/load/names.ts";
import { type MonthEnd, monthUsage, nextMonthUsage } from "../month-end/month-end-load.ts";

/** Key of the one ERP connection of these catalogs. */
export const CONNECTION = "netsuite";
/** What external ids of its documents begin with. */
export const PREFIX = "bench-";
const ADAPTER = "netsuite";
const EVENTS_PER_ACCOUNT = 20;
/** A unit costs a quarter of a dollar. */
const UNIT_PRICE = "0.25";
const CENTS_A_UNIT = 25n;

/** Usage of the month that is billed: enough that every account has some. */
export function billedUsage(monthEnd: MonthEnd): LoadShape {
  return { ...monthUsage(monthEnd), events: EVENTS_PER_ACCOUNT * monthEnd.accounts };
}

/** Usage behind it, of all accounts, so that the watermark passes the month's end in each partition. */
export function usageBehind(monthEnd: MonthEnd): LoadShape {
  return nextMonthUsage(monthEnd, EVENTS_PER_ACCOUNT * monthEnd.accounts);
}

/** Writes a catalog by which each account is a customer of its own, with one invoice a month: none waits for another customer's. */
export function writeDrainCatalog(folder: string, monthEnd: MonthEnd): void {
  const end = new Date(monthEnd.endMs);
  const start = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, 1));
  const accounts = Array.from({ length: monthEnd.accounts }, (_, account) => accountName(account));
  const row = (table: string, key: string, id: string): object => ({
    connection: CONNECTION,
    table,
    key,
    values: { id },
  });
  const files: Readonly<Record<string, unknown>> = {
    "settings.json": {
      regions: nextMonthUsage(monthEnd, 0).regions,
      disorder: "60s",
      grace: "1h",
      billing_start: start.toISOString().slice(0, 10),
      // The month's end may lie a month back.
      max_age: "70d",
      dedupe_horizon: "72d",
    },
    "meters/all.json": [
      { key: meterKey(0), event_type: eventType(0), aggregation: "sum", value_property: VALUE_PROPERTY },
    ],
    "products/all.json": [{ key: "usage", name: "Usage" }],
    "customers/all.json": accounts.map((id) => ({ id, name: customerName(id) })),
    "plans/all.json": [
      {
        key: "load",
        version: 1,
        currency: "USD",
        prices: [
          { key: "usage", product: "usage", meter: meterKey(0), model: "per_unit", unit_price: UNIT_PRICE },
        ],
      },
    ],
    "contracts/all.json": loadContracts(monthEnd.accounts).map((contract) => ({
      ...contract,
      customer: contract.account,
    })),
    "erp/connection.json": { key: CONNECTION, adapter: ADAPTER, prefix: PREFIX },
    // Ids of the simulated account's lists.
    "mappings/rows.json": [
      row("legal_entity", "default", "1"),
      row("currency", "USD", "1"),
      row("item", "*", "86"),
      row("account", "unbilled-receivable", "119"),
      row("account", "revenue", "54"),
      row("account", "adjustments", "54"),
      row("account", "deferred-revenue", "121"),
      row("terms", "30", "2"),
    ],
  };
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  }
}

/** Hash of what each customer's invoice must come to, reckoned from the plan of the load alone. RangeError where an account has no usage. */
export function expectedInvoices(monthEnd: MonthEnd): string {
  const units = Array.from({ length: monthEnd.accounts }, () => 0n);
  for (const { account, sum } of expectedTotals(billedUsage(monthEnd)).cells())
    units[account] = (units[account] ?? 0n) + BigInt(sum);
  if (units.some((of) => of <= 0n)) throw new RangeError("an account of the load has no usage");
  return hashOfInvoices(units.map((of, account) => [customerName(accountName(account)), of * CENTS_A_UNIT]));
}

function customerName(account: string): string {
  return `${account} Inc.`;
}

/** @param invoices name of the customer and cents of each, in any order */
export function hashOfInvoices(invoices: Iterable<readonly [customer: string, cents: bigint]>): string {
  const hash = createHash("sha256");
  for (const [customer, cents] of [...invoices].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
    hash.update(`${customer} ${cents}\n`);
  return hash.digest("hex");
}

/** Cents of a decimal text that has two digits behind the point at most, such as an ERP shows: "12.5", "12". */
export function centsOf(text: string): bigint {
  const [, whole, fraction = ""] = /^(\d+)(?:\.(\d{1,2}))?$/u.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`not an amount in cents: ${text}`);
  return BigInt(whole + fraction.padEnd(2, "0"));
}
