import type { MappedReferences, MappedValues, MappingTable } from "../../../model/posting.ts";
import type { ConnectionFinding } from "../erp-sink.ts";
import type { FinanceOperationsClient } from "./client.ts";
import { dimensionPairs } from "./ledger-account.ts";
import { allOf, equals, queryRows, type Row } from "./odata.ts";

/** Values of a mapping that the environment doesn't have, or doesn't let be used. */

/** One value that a row names, and where it must be. */
interface Named {
  /** The row, for people: `item api`. */
  readonly row: string;
  readonly what: string;
  readonly value: string;
  readonly entity: string;
  readonly filter: string;
  readonly fields: readonly string[];
  /** Why a record that is there can't be used; undefined where it can. */
  readonly objection?: (record: Row) => string | undefined;
}

const suspended = (record: Row): string | undefined =>
  record("IsSuspended") === "Yes" ? "is suspended" : undefined;

export async function missingReferences(
  client: FinanceOperationsClient,
  references: MappedReferences,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const { row, what, value, entity, filter, fields, objection } of distinct(namedBy(references))) {
    const [record] = await queryRows(client, { operation: "check", entity, filter, fields, signal, top: 1 });
    const problem = record === undefined ? "does not exist" : objection?.(record);
    if (problem !== undefined)
      findings.push({
        problem: "mapping",
        message: `The mapping of ${row} names the ${what} ${value}, which ${problem} in Finance & Operations.`,
      });
  }
  return findings;
}

/** Each value is asked for once, whatever number of rows name it. */
function distinct(named: readonly Named[]): readonly Named[] {
  return [...new Map(named.map((one) => [`${one.entity} ${one.filter}`, one])).values()];
}

function namedBy(references: MappedReferences): readonly Named[] {
  const companies = Object.values(references.legal_entity ?? {}).flatMap(({ id }) => id?.toLowerCase() ?? []);
  const rows = (table: MappingTable): readonly (readonly [string, MappedValues])[] =>
    Object.entries(references[table] ?? {}).map(([key, values]) => [`${table} ${key}`, values]);
  return [
    ...rows("legal_entity").flatMap(([row, values]) => ofCompany(row, values)),
    ...rows("currency").flatMap(([row, { id }]) => one(row, "currency", "Currencies", "CurrencyCode", id)),
    ...(["item", "account", "tax"] as const)
      .flatMap(rows)
      .flatMap(([row, { main_account: account, dimensions }]) => [
        ...one(row, "main account", "MainAccounts", "MainAccountId", account, suspended),
        ...(dimensions === undefined ? [] : dimensionPairs(dimensions, row)).flatMap(([name, value]) =>
          dimensionValue(row, name, value),
        ),
      ]),
    ...rows("dimension").flatMap(([row, { name = "", value = "" }]) => dimensionValue(row, name, value)),
    ...companies.flatMap((company) => [
      ...rows("terms").flatMap(([row, { id }]) =>
        inCompany(company, one(row, "terms of payment", "PaymentTerms", "Name", id)),
      ),
      ...rows("tax").flatMap(([row, values]) => inCompany(company, taxGroups(row, values))),
    ]),
    ...(companies.length === 1 ? companies : []).flatMap((company) =>
      rows("customer").flatMap(([row, { id }]) =>
        inCompany(company, one(row, "customer", "CustomersV3", "CustomerAccount", id)),
      ),
    ),
  ];
}

function ofCompany(row: string, values: MappedValues): readonly Named[] {
  const { id, customer_group: group, journal_name: journal } = values;
  if (id === undefined) return [];
  const company = id.toLowerCase();
  return [
    ...one(row, "company", "LegalEntities", "LegalEntityId", id),
    ...inCompany(company, one(row, "customer group", "CustomerGroups", "CustomerGroupId", group)),
    ...inCompany(company, one(row, "journal name", "JournalNames", "Name", journal, journalObjection)),
    ...inCompany(company, taxGroups(row, values)),
  ];
}

/** What is posted is read back, so its lines must stay. */
function journalObjection(record: Row): string | undefined {
  if (record("DeleteLinesAfterPosting") === "Yes") return "deletes the lines of posted journals";
  return record("Type") !== "Daily" && record("Type") !== "" ? "is not of the type Daily" : undefined;
}

function taxGroups(
  row: string,
  { sales_tax_group: group, item_sales_tax_group: itemGroup }: MappedValues,
): readonly Named[] {
  return [
    ...one(row, "sales tax group", "TaxGroups", "TaxGroupCode", group),
    ...one(row, "item sales tax group", "TaxItemGroups", "TaxItemGroupCode", itemGroup),
  ];
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  MainAccounts: ["MainAccountId", "IsSuspended"],
  JournalNames: ["Name", "Type", "DeleteLinesAfterPosting"],
};

/** None where the row has no such value. */
function one(
  row: string,
  what: string,
  entity: string,
  field: string,
  value: string | undefined,
  objection?: (record: Row) => string | undefined,
): readonly Named[] {
  if (value === undefined || value === "") return [];
  const fields = FIELDS[entity] ?? [field];
  const named = { row, what, value, entity, fields, filter: equals(field, value) };
  return [objection === undefined ? named : { ...named, objection }];
}

function inCompany(company: string, named: readonly Named[]): readonly Named[] {
  return named.map((each) => ({ ...each, filter: allOf(equals("dataAreaId", company), each.filter) }));
}

function dimensionValue(row: string, name: string, value: string): readonly Named[] {
  return [
    {
      row,
      what: `value of the dimension ${name}`,
      value,
      entity: "FinancialDimensionValues",
      filter: allOf(equals("FinancialDimension", name), equals("DimensionValue", value)),
      fields: ["DimensionValue", "IsSuspended"],
      objection: suspended,
    },
  ];
}
