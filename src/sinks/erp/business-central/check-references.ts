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

/** A finding for each value that a company doesn't have, or that can't be used there. */
export async function missingReferences(
  client: BusinessCentralClient,
  companies: readonly CheckedCompany[],
  { settings, references, signal }: CheckedReferences,
): Promise<readonly ConnectionFinding[]> {
  const findings = entityFindings(companies, settings, references);
  const named = namedCompanies(companies, references);
  for (const company of named) {
    for (const source of SOURCES) {
      const rows = Object.entries(references[source.table] ?? {}).flatMap(([key, row]) => {
        const value = row[source.field];
        return value === undefined || value === "" ? [] : [{ key, value: valueOf(source, value) }];
      });
      if (rows.length === 0) continue;
      const faults = await faultsOf(
        client,
        company,
        source,
        [...new Set(rows.map(({ value }) => value))],
        signal,
      );
      for (const { key, value } of rows) {
        const fault = faults.get(value);
        if (fault !== undefined)
          findings.push(finding(source.title, value, fault, company, source.table, key));
      }
    }
    findings.push(...(await dimensionFindings(client, company, references, signal)));
  }
  return findings;
}

function finding(
  title: string,
  value: string,
  fault: string,
  { name }: CheckedCompany,
  table: string,
  key: string,
): ConnectionFinding {
  return {
    problem: "mapping",
    message: `The ${title} ${value} ${fault} in ${name} (mapping table ${table}, key ${key}).`,
  };
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

async function dimensionFindings(
  client: BusinessCentralClient,
  company: CheckedCompany,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const [key, row] of Object.entries(references.dimension ?? {})) {
    const [code, value] = [codeOf(row["dimension"] ?? ""), codeOf(row["value"] ?? "")];
    const path = `companies(${company.id})/dimensions`;
    const [dimension] = await readAll(
      client,
      { operation: "check", path, filter: `code eq ${quoted(code)}`, select: ["id", "code"], signal },
      dimensionSchema,
    );
    if (dimension === undefined) {
      findings.push(finding("dimension", code, "does not exist", company, "dimension", key));
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
    if (values.length === 0)
      findings.push(finding(`value of ${code}`, value, "does not exist", company, "dimension", key));
  }
  return findings;
}
