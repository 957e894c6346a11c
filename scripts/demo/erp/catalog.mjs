// @ts-check
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

/** What the demo can post to; each is a connection of this name. */
export const ERPS = /** @type {const} */ (["netsuite", "sap", "bc", "fo", "oracle", "file"]);
/** @typedef {typeof ERPS[number]} Erp */
/** What is posted to unless said otherwise: more would be the same again. */
export const DEFAULT_ERPS = ["netsuite", "file"];

/** The adapter of each. */
export const ERP_ADAPTERS = /** @type {const} @satisfies {Record<Erp, string>} */ ({
  netsuite: "netsuite",
  sap: "sap-s4hana",
  bc: "business-central",
  fo: "finance-operations",
  oracle: "oracle-fusion",
  file: "file",
});

/** How long a request may take: on loopback and on this machine's disk some milliseconds. */
export const REQUEST_DEADLINE = "3s";
/** How long the killed worker keeps its connections: twice the deadline, for it might have a request under way. */
export const LEASE = "6s";
/** What external ids begin with in all connections: the simulated ERPs know our documents by it. */
const PREFIX = "trb-";
/** The one legal entity of the demo's catalog. */
const LEGAL_ENTITY = "default";
/** The legal entity that simulated ERPs have in the demo's currency. */
const SIMULATED_ENTITY = "south";
const CURRENCY = "EUR";

/**
 * A row of a mapping, without its connection.
 * @typedef {{ table: string, key: string, values: Record<string, string> }} MappingRow
 */

/**
 * Adds the connections to a catalog, and what the catalog's keys are in each ERP. A file takes the keys as they are.
 * @param {string} catalog folder
 * @param {readonly Erp[]} erps
 * @param {ReadonlyMap<Erp, readonly MappingRow[]>} mappings of those that need one
 */
export function writeErpCatalog(catalog, erps, mappings) {
  for (const key of erps)
    write(join(catalog, "erp", `${key}.yaml`), { key, adapter: ERP_ADAPTERS[key], prefix: PREFIX });
  for (const [connection, rows] of mappings)
    write(
      join(catalog, "mappings", `${connection}.yaml`),
      rows.flatMap((row) => {
        const key = demoKey(row);
        return key === undefined ? [] : [{ connection, table: row.table, key, values: row.values }];
      }),
    );
}

/**
 * What a row of a simulated ERP stands for in the demo, which has one legal entity, one currency, and no taxes.
 * @param {MappingRow} row
 */
function demoKey({ table, key }) {
  if (table === "legal_entity") return key === SIMULATED_ENTITY ? LEGAL_ENTITY : undefined;
  if (table === "currency") return key === CURRENCY ? key : undefined;
  if (table === "item") return key === "*" ? key : undefined;
  return table === "tax" ? undefined : key;
}

/**
 * @param {string} file
 * @param {object} content
 */
function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stringify(content));
}
