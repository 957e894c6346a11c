import type { MappedReferences, MappedValues, MappingTable } from "../../../model/posting.ts";
import { type ConnectionFinding, ErpFault } from "../erp-sink.ts";
import { SALES_MATERIALS } from "./billing-requests/check-sales.ts";
import type { SapClient } from "./client.ts";
import { BUSINESS_PARTNERS } from "./customers.ts";
import { MAX_READ_BACK } from "./limits.ts";
import { oneOf, query, textIn } from "./odata.ts";
import { plainKey } from "./plan-invoice.ts";

/** What is looked for: an entity of SAP's and its key. Tax codes, terms and segments have no service that lists them. */
interface Source {
  readonly entity: string;
  readonly field: string;
  readonly title: string;
}

const COMPANY: Source = {
  entity: "API_COMPANYCODE_SRV/A_CompanyCode",
  field: "CompanyCode",
  title: "company code",
};
const ACCOUNT: Source = {
  entity: "API_GLACCOUNTINCHARTOFACCOUNTS_SRV/A_GLAccountInChartOfAccounts",
  field: "GLAccount",
  title: "G/L account",
};
const CUSTOMER: Source = {
  entity: BUSINESS_PARTNERS,
  field: "Customer",
  title: "customer",
};
const COST_CENTER: Source = {
  entity: "API_COSTCENTER_SRV/A_CostCenter",
  field: "CostCenter",
  title: "cost centre",
};
const PROFIT_CENTER: Source = {
  entity: "API_PROFITCENTER_SRV/A_ProfitCenter",
  field: "ProfitCenter",
  title: "profit centre",
};

const SALES_ORGANIZATION: Source = {
  entity: "API_SALESORGANIZATION_SRV/A_SalesOrganization",
  field: "SalesOrganization",
  title: "sales organisation",
};
const MATERIAL: Source = { entity: SALES_MATERIALS, field: "Product", title: "material with sales data" };

/** Fields of mapping tables that hold keys of each. */
const FIELDS: readonly (readonly [table: MappingTable, field: string, source: Source])[] = [
  ["legal_entity", "id", COMPANY],
  ["legal_entity", "reconciliation_account", ACCOUNT],
  ["item", "account", ACCOUNT],
  ["account", "id", ACCOUNT],
  ["customer", "id", CUSTOMER],
  ["item", "cost_center", COST_CENTER],
  ["account", "cost_center", COST_CENTER],
  ["item", "profit_center", PROFIT_CENTER],
  ["account", "profit_center", PROFIT_CENTER],
];
/** Only where invoices are billed by sales and distribution. */
const BILLING_FIELDS: typeof FIELDS = [
  ["legal_entity", "sales_organization", SALES_ORGANIZATION],
  ["item", "material", MATERIAL],
];
/** Dimensions say by their field what their id is of. */
const DIMENSIONS: Readonly<Record<string, Source>> = {
  cost_center: COST_CENTER,
  profit_center: PROFIT_CENTER,
};

interface NamedKey {
  readonly table: MappingTable;
  readonly key: string;
  readonly value: string;
}

/** A finding for each key of the mapping that SAP doesn't have. */
export async function missingReferences(
  client: SapClient,
  references: MappedReferences,
  isBilledBySap: boolean,
  signal: AbortSignal,
): Promise<readonly ConnectionFinding[]> {
  const findings: ConnectionFinding[] = [];
  for (const [source, named] of keysBySource(references, isBilledBySap)) {
    const known = await knownKeys(client, source, [...new Set(named.map(({ value }) => value))], signal);
    if (typeof known === "string")
      findings.push({
        problem: "permission",
        message: `The communication user can't read the ${source.title}s, so that those of the mapping can't be checked: it needs an arrangement that has the service ${source.entity.split("/")[0]} (${known}).`,
      });
    else
      for (const { table, key, value } of named)
        if (!known.has(plainKey(value)))
          findings.push({
            problem: "mapping",
            message: `The ${source.title} ${value} does not exist in SAP (mapping table ${table}, key ${key}).`,
          });
  }
  return findings;
}

function keysBySource(
  references: MappedReferences,
  isBilledBySap: boolean,
): ReadonlyMap<Source, readonly NamedKey[]> {
  const found = new Map<Source, NamedKey[]>();
  const add = (source: Source, named: NamedKey): void => {
    found.set(source, [...(found.get(source) ?? []), named]);
  };
  for (const [table, field, source] of isBilledBySap ? [...FIELDS, ...BILLING_FIELDS] : FIELDS)
    for (const [key, row] of rowsOf(references, table)) {
      const value = row[field];
      if (value !== undefined && value !== "") add(source, { table, key, value });
    }
  for (const [key, { field = "", id = "" }] of rowsOf(references, "dimension")) {
    const source = DIMENSIONS[field];
    if (source !== undefined) add(source, { table: "dimension", key, value: id });
  }
  return found;
}

function rowsOf(
  references: MappedReferences,
  table: MappingTable,
): readonly (readonly [string, MappedValues])[] {
  return Object.entries(references[table] ?? {});
}

/** The keys that exist, as they are compared; what SAP says where it doesn't let them be read. */
async function knownKeys(
  client: SapClient,
  { entity, field }: Source,
  values: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string> | string> {
  const known = new Set<string>();
  try {
    for (let first = 0; first < values.length; first += MAX_READ_BACK) {
      const rows = await query(client, {
        operation: "check",
        entity,
        filter: oneOf(field, values.slice(first, first + MAX_READ_BACK)),
        select: [field],
        orderBy: [field],
        signal,
      });
      for (const row of rows) known.add(plainKey(textIn(row, field)));
    }
  } catch (fault) {
    // A service without an arrangement is refused, or isn't there at all.
    if (fault instanceof ErpFault && UNREADABLE.has(fault.kind)) return fault.message;
    throw fault;
  }
  return known;
}

const UNREADABLE: ReadonlySet<string> = new Set(["permission", "validation", "mapping"]);
