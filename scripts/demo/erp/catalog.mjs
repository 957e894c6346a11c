// @ts-check
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

/** Kinds of ERP that the demo can post to; each is a connection of this name. */
export const ERPS = /** @type {const} */ (["netsuite", "file"]);
/** @typedef {typeof ERPS[number]} Erp */

/** How long a request may take: on loopback and on this machine's disk some milliseconds. */
export const REQUEST_DEADLINE = "3s";
/** How long the killed worker keeps its connections: twice the deadline, for it might have a request under way. */
export const LEASE = "6s";
/** What external ids begin with in both connections. */
const PREFIX = "demo-";

/** Internal ids of the simulated account: a subsidiary, currency, items, accounts and terms that it has. */
const NETSUITE_IDS = [
  ["legal_entity", "default", "2"],
  ["currency", "EUR", "4"],
  ["item", "requests", "86"],
  ["item", "egress", "87"],
  ["account", "unbilled-receivable", "119"],
  ["account", "revenue", "54"],
  ["account", "adjustments", "54"],
  ["account", "deferred-revenue", "121"],
  ["terms", "30", "2"],
];

/**
 * Adds the connections to a catalog, and what the catalog's keys are in NetSuite. A file takes the keys as they are.
 * @param {string} catalog folder
 * @param {readonly Erp[]} erps
 */
export function writeErpCatalog(catalog, erps) {
  for (const key of erps) write(join(catalog, "erp", `${key}.yaml`), { key, adapter: key, prefix: PREFIX });
  if (!erps.includes("netsuite")) return;
  const rows = NETSUITE_IDS.map(([table, key, id]) => ({
    connection: "netsuite",
    table,
    key,
    values: { id },
  }));
  write(join(catalog, "mappings", "netsuite.yaml"), rows);
}

/**
 * @param {string} file
 * @param {object} content
 */
function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stringify(content));
}

/** @param {string} id of a currency in the simulated account */
export function currencyOf(id) {
  return NETSUITE_IDS.find(([table, , value]) => table === "currency" && value === id)?.[1] ?? `id ${id}`;
}
