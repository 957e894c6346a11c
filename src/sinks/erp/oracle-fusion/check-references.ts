import { z } from "zod";
import type { MappedReferences, MappingTable } from "../../../model/posting.ts";
import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { ACTIVITIES } from "./customer-accounts.ts";
import { MAX_READ_BACK } from "./limits.ts";
import { GENERAL_LEDGER, readPeriods } from "./periods.ts";
import { FINANCIALS, parsed, quoted, readAll } from "./resources.ts";
import type { OracleTools } from "./tools.ts";

/**
 * Rows of a mapping that name what Oracle doesn't have. Memo lines, taxes and terms have no list that is documented: the first document that names
 * one tells.
 */

interface Source {
  readonly table: MappingTable;
  readonly field: string;
  readonly title: string;
  readonly path: string;
  /** Attribute that holds the value. */
  readonly attribute: string;
}

const COMBINATIONS = {
  title: "account",
  path: `${FINANCIALS}/accountCombinationsLOV`,
  attribute: "AccountCombination",
} as const;
const SOURCES: readonly Source[] = [
  {
    table: "legal_entity",
    field: "business_unit",
    title: "business unit",
    path: `${FINANCIALS}/finBusinessUnitsLOV`,
    attribute: "BusinessUnitName",
  },
  {
    table: "currency",
    field: "code",
    title: "currency",
    path: `${FINANCIALS}/currenciesLOV`,
    attribute: "CurrencyCode",
  },
  {
    table: "customer",
    field: "account_number",
    title: "customer account",
    path: ACTIVITIES,
    attribute: "AccountNumber",
  },
  { table: "account", field: "combination", ...COMBINATIONS },
  { table: "item", field: "combination", ...COMBINATIONS },
];

interface Named {
  readonly key: string;
  readonly value: string;
}

export async function missingReferences(
  { client }: OracleTools,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  const missing = (title: string, table: MappingTable, { key, value }: Named): ConnectionFinding => ({
    problem: "mapping",
    message: `The ${title} ${value} does not exist in Oracle, or can't be used (mapping table ${table}, key ${key}).`,
  });
  for (const { table, field, title, path, attribute } of SOURCES) {
    const named = valuesOf(references, table, field);
    const known = await readable(() => knownValues(client, { path, attribute }, named, signal), title);
    if (!(known instanceof Set)) findings.push(known);
    else
      findings.push(
        ...named.filter(({ value }) => !known.has(value)).map((each) => missing(title, table, each)),
      );
  }
  for (const each of valuesOf(references, "legal_entity", "ledger_id")) {
    const periods = /^\d{1,18}$/.test(each.value)
      ? await readable(() => readPeriods(client, GENERAL_LEDGER, each.value, signal), "period")
      : [];
    if ("problem" in periods) findings.push(periods);
    else if (periods.length === 0) findings.push(missing("ledger", "legal_entity", each));
  }
  return findings;
}

function valuesOf(references: MappedReferences, table: MappingTable, field: string): readonly Named[] {
  return Object.entries(references[table] ?? {}).flatMap(([key, row]) => {
    const value = row[field];
    return value === undefined || value === "" ? [] : [{ key, value }];
  });
}

const itemSchema = z
  .looseObject({ EnabledFlag: z.union([z.string(), z.boolean()]).nullish() })
  .catchall(z.unknown());

/** Those of the values that the list has, and that are enabled where it says so. */
async function knownValues(
  client: OracleTools["client"],
  { path, attribute }: Pick<Source, "path" | "attribute">,
  named: readonly Named[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const known = new Set<string>();
  const values = [...new Set(named.map(({ value }) => value))];
  for (let first = 0; first < values.length; first += MAX_READ_BACK) {
    const slice = values.slice(first, first + MAX_READ_BACK);
    const q = slice.map((value) => `${attribute}=${quoted(value)}`).join(" or ");
    for (const item of await readAll(client, { operation: "check", path, q, signal })) {
      const { EnabledFlag: enabled, [attribute]: value } = parsed(itemSchema, item, "list of values");
      if (typeof value === "string" && enabled !== "N" && enabled !== false) known.add(value);
    }
  }
  return known;
}

/** A finding instead, where the list can't be read. */
async function readable<Result>(
  act: () => Promise<Result>,
  title: string,
): Promise<Result | ConnectionFinding> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault) || !UNREADABLE.has(fault.kind)) throw fault;
    return {
      problem: "permission",
      message: `Oracle's list for the kind ${title} can't be read, so that the mapping's rows can't be checked (${fault.message}).`,
    };
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(["permission", "validation", "mapping"]);
