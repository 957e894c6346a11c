import { z } from "zod";
import type { MappedReferences, MappingTable } from "../../../model/posting.ts";
import type { ConnectionFinding } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { codeOf } from "./external-id.ts";
import { MAX_READ_BACK } from "./limits.ts";
import { isOneOf, quoted, readAll } from "./odata.ts";
import type { PlanSettings } from "./plan.ts";

/** A company that could be asked. */
export interface CheckedCompany {
  readonly id: string;
  readonly name: string;
  readonly localCurrency: string;
}

/** Where the values of a mapping's rows are looked for. */
interface ValueSource {
  readonly table: MappingTable;
  readonly field: string;
  readonly set: "accounts" | "items" | "currencies" | "taxGroups" | "customers" | "paymentTerms";
  readonly key: "number" | "code" | "id";
  readonly title: string;
}

const SOURCES: readonly ValueSource[] = [
  { table: "account", field: "number", set: "accounts", key: "number", title: "G/L account" },
  { table: "item", field: "account", set: "accounts", key: "number", title: "G/L account" },
  { table: "tax", field: "account", set: "accounts", key: "number", title: "G/L account" },
  { table: "item", field: "item", set: "items", key: "number", title: "item" },
  { table: "currency", field: "code", set: "currencies", key: "code", title: "currency" },
  { table: "tax", field: "code", set: "taxGroups", key: "code", title: "tax code" },
  { table: "item", field: "tax_code", set: "taxGroups", key: "code", title: "tax code" },
  { table: "customer", field: "number", set: "customers", key: "number", title: "customer" },
  { table: "terms", field: "id", set: "paymentTerms", key: "id", title: "payment terms" },
];

const rowSchema = z.looseObject({
  id: z.string(),
  number: z.string().nullish(),
  code: z.string().nullish(),
  // Of accounts and items true or false, of customers a word.
  blocked: z.union([z.boolean(), z.string()]).nullish(),
  directPosting: z.boolean().nullish(),
});
const dimensionSchema = z.looseObject({ id: z.string() });

interface CheckedReferences {
  readonly settings: PlanSettings;
  readonly references: MappedReferences;
  readonly signal: AbortSignal;
}

/**
 * A finding for each value that can't be used in any company that a legal entity's row names: rows don't say whose documents need them, and what one company lacks another may
 * have.
 */
export async function missingReferences(
  client: BusinessCentralClient,
  companies: readonly CheckedCompany[],
  { settings, references, signal }: CheckedReferences,
): Promise<readonly ConnectionFinding[]> {
  const named = namedCompanies(companies, references);
  const names = named.map(({ name }) => name).join(" and ");
  const found = new Map<string, string[]>();
  for (const company of named) {
    const faults = await companyFaults(client, company, references, signal);
    for (const [row, fault] of faults) found.set(row, [...(found.get(row) ?? []), fault]);
  }
  return [
    ...entityFindings(companies, settings, references),
    ...[...found].flatMap(([row, faults]): ConnectionFinding[] =>
      faults.length < named.length
        ? []
        : [{ problem: "mapping", message: `The ${faults[0] ?? ""} in ${names} (mapping table ${row}).` }],
    ),
  ];
}

/** What is wrong in one company, by the row that names it: "item, key api". */
async function companyFaults(
  client: BusinessCentralClient,
  company: CheckedCompany,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const faults = await dimensionFaults(client, company, references, signal);
  for (const source of SOURCES) {
    const { table, field, title } = source;
    const rows = Object.entries(references[table] ?? {}).flatMap(([key, row]) => {
      const value = row[field];
      return value === undefined || value === "" ? [] : [{ key, value: valueOf(source, value) }];
    });
    if (rows.length === 0) continue;
    const values = [...new Set(rows.map(({ value }) => value))];
    const valueFaults = await faultsOf(client, company, source, values, signal);
    for (const { key, value } of rows) {
      const fault = valueFaults.get(value);
      if (fault !== undefined) faults.set(`${table}, key ${key}`, `${title} ${value} ${fault}`);
    }
  }
  return faults;
}

/** Companies that a legal entity's row names: all where none does. */
function namedCompanies(
  companies: readonly CheckedCompany[],
  references: MappedReferences,
): readonly CheckedCompany[] {
  const ids = new Set(
    Object.values(references.legal_entity ?? {}).map((row) => (row["company"] ?? "").toLowerCase()),
  );
  return companies.filter(({ id }) => ids.has(id));
}

function entityFindings(
  companies: readonly CheckedCompany[],
  settings: PlanSettings,
  references: MappedReferences,
): ConnectionFinding[] {
  return Object.entries(references.legal_entity ?? {}).flatMap(([key, row]): ConnectionFinding[] => {
    const id = (row["company"] ?? "").toLowerCase();
    if (!settings.companies.includes(id))
      return [
        {
          problem: "mapping",
          message: `The company ${id} is not among the connection's companies (mapping table legal_entity, key ${key}).`,
        },
      ];
    const company = companies.find((each) => each.id === id);
    const local = row["local_currency"];
    if (company === undefined || local === undefined || company.localCurrency === codeOf(local)) return [];
    return [
      {
        problem: "mapping",
        message: `The local currency of ${company.name} is ${company.localCurrency}, not ${local} (mapping table legal_entity, key ${key}).`,
      },
    ];
  });
}

function valueOf({ key }: ValueSource, value: string): string {
  return key === "id" ? value.toLowerCase() : codeOf(value);
}

/** What is wrong with each value; those that can be used are missing. */
async function faultsOf(
  client: BusinessCentralClient,
  company: CheckedCompany,
  { set, key }: ValueSource,
  values: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const faults = new Map(values.map((value) => [value, "does not exist"]));
  // The local currency need not be in the list of the others.
  if (set === "currencies") faults.delete(company.localCurrency);
  for (let first = 0; first < values.length; first += MAX_READ_BACK) {
    const slice = values.slice(first, first + MAX_READ_BACK);
    const rows = await readAll(
      client,
      {
        operation: "check",
        path: `companies(${company.id})/${set}`,
        // Ids are no texts.
        filter: key === "id" ? slice.map((id) => `id eq ${id}`).join(" or ") : isOneOf(key, slice),
        signal,
      },
      rowSchema,
    );
    for (const row of rows) {
      const value = row[key] ?? "";
      const isBlocked = row.blocked === true || (typeof row.blocked === "string" && row.blocked === "All");
      if (isBlocked) faults.set(value, "is blocked");
      else if (set === "accounts" && row.directPosting === false)
        faults.set(value, "does not allow direct posting");
      else faults.delete(value);
    }
  }
  return faults;
}

async function dimensionFaults(
  client: BusinessCentralClient,
  company: CheckedCompany,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const faults = new Map<string, string>();
  for (const [key, row] of Object.entries(references.dimension ?? {})) {
    const [code, value] = [codeOf(row["dimension"] ?? ""), codeOf(row["value"] ?? "")];
    const path = `companies(${company.id})/dimensions`;
    const [dimension] = await readAll(
      client,
      { operation: "check", path, filter: `code eq ${quoted(code)}`, select: ["id", "code"], signal },
      dimensionSchema,
    );
    if (dimension === undefined) {
      faults.set(`dimension, key ${key}`, `dimension ${code} does not exist`);
      continue;
    }
    const values = await readAll(
      client,
      {
        operation: "check",
        path: `${path}(${dimension.id})/dimensionValues`,
        filter: `code eq ${quoted(value)}`,
        select: ["id", "code"],
        signal,
      },
      dimensionSchema,
    );
    if (values.length === 0) faults.set(`dimension, key ${key}`, `value of ${code} ${value} does not exist`);
  }
  return faults;
}
