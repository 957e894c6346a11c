import type { MappingTable } from "../../../model/posting.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import type { PlanSettings } from "./plan.ts";

/**
 * A ledger account as one text: the main account and the values of the financial dimensions, in the order and with the delimiter of the
 * environment's "financial dimension configuration for integrating applications". A segment without a value stays empty: `401100--EU`.
 */
export function ledgerAccount(
  table: MappingTable,
  key: string,
  lineDimensions: Readonly<Record<string, string>>,
  rows: MappedRows,
  { ledgerDimensions, ledgerDelimiter }: PlanSettings,
): string {
  const values = new Map<string, string>();
  const set = (name: string, value: string, from: string): void => {
    if (!ledgerDimensions.includes(name))
      throw unusable(`${from}: the connection's ledger accounts have no dimension ${name.slice(0, 50)}`);
    values.set(name, segment(value, from, ledgerDelimiter));
  };
  const defaults = rows.optional(table, key, "dimensions");
  if (defaults !== undefined)
    for (const [name, value] of dimensionPairs(defaults, `${table} ${key}`))
      set(name, value, `${table} ${key}`);
  // What the line itself says comes over what its row says.
  for (const [name, value] of Object.entries(lineDimensions)) {
    const dimension = `${name}=${value}`;
    set(
      rows.required("dimension", dimension, "name"),
      rows.required("dimension", dimension, "value"),
      `dimension ${dimension}`,
    );
  }
  const mainAccount = segment(rows.required(table, key, "main_account"), `${table} ${key}`, ledgerDelimiter);
  const segments = ledgerDimensions.map((name) => values.get(name) ?? "");
  return [mainAccount, ...segments].join(ledgerDelimiter);
}

/** Names and values of "Department=022, Region=EU". Throws ErpFault `mapping`. */
export function dimensionPairs(text: string, from: string): readonly (readonly [string, string])[] {
  return text.split(",").map((pair) => {
    const [, name, value] = /^\s*([^=\s][^=]*?)\s*=\s*(\S.*?)\s*$/.exec(pair) ?? [];
    if (name === undefined || value === undefined)
      throw unusable(`${from}: dimensions must look like "Department=022, Region=EU"`);
    return [name, value];
  });
}

/** A value with the delimiter in it would be read as two. */
function segment(value: string, from: string, delimiter: string): string {
  if (value.includes(delimiter))
    throw unusable(`${from}: ${value.slice(0, 50)} contains the delimiter of ledger accounts, ${delimiter}`);
  return value;
}

function unusable(message: string): ErpFault {
  return new ErpFault("mapping", message, { code: "mapping-unusable" });
}

/** A ledger account's text as two are compared: whether empty segments at its end are written is the environment's affair. */
export function comparedAccount(text: string): string {
  return text.replace(/[-._|~]+$/, "");
}
