import type {
  MappedReferences,
  MappedValues,
  MappingTable,
  PostedCustomer,
  PostingKind,
} from "../../model/posting.ts";
import type { Catalog, Customer } from "../catalog/entities.ts";
import { type ErpConnection, kindsOf, takesDay, takesEntity } from "./erp-connection.ts";
import type { MappingRow } from "./mapping-row.ts";

/** What of a contract its customer's master data follow from. */
interface CustomersContract {
  readonly id: string;
  readonly customer: string;
  readonly currency: string;
  readonly paymentDays: number;
  readonly legalEntity: { readonly key: string };
}

/** An ERP connection with its mapping, ready to be looked up. */
export interface CompiledConnection {
  readonly key: string;
  readonly adapter: string;
  readonly mode: ErpConnection["mode"];
  readonly kinds: ReadonlySet<PostingKind>;
  readonly prefix: string;
  readonly closedPeriod: ErpConnection["closed_period"];
  /** By days past due, ascending. */
  readonly dunning: readonly { readonly days: number; readonly stage: string }[];
  takesEntity(legalEntity: string): boolean;
  /** Whether what is of a day, YYYY-MM-DD, is posted. */
  takesDay(day: string): boolean;
  /** The row of a canonical key that holds on a day, YYYY-MM-DD; undefined where there is none. */
  mapped(table: MappingTable, key: string, day: string): MappedValues | undefined;
  /** All rows that hold on a day. */
  mappedOn(day: string): MappedReferences;
}

/** All that the catalog says about posting. */
export interface CompiledPosting {
  /** By key. */
  readonly connections: readonly CompiledConnection[];
  connection(key: string): CompiledConnection | undefined;
  /**
   * A customer as a legal entity's ERP is to know it; undefined for one that the catalog does not know. Currency and terms
   * are those of its first contract with the legal entity, by id: the same whichever document asks.
   */
  customer(legalEntity: string, customer: string): PostedCustomer | undefined;
}

export function compilePosting(
  { erpConnections, mappings, customers }: Pick<Catalog, "erpConnections" | "mappings" | "customers">,
  contracts: readonly CustomersContract[],
): CompiledPosting {
  const rows = rowsByKey(mappings);
  const connections = erpConnections
    .map((connection) => compileConnection(connection, rows))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const byKey = new Map(connections.map((connection) => [connection.key, connection]));
  // Made when the first document is posted: most catalogs have no connection, and may have a million contracts.
  let byId: ReadonlyMap<string, Customer> | undefined;
  let firstContracts: ReadonlyMap<string, CustomersContract> | undefined;
  return {
    connections,
    connection: (key) => byKey.get(key),
    customer: (legalEntity, id) => {
      byId ??= new Map(customers.map((customer) => [customer.id, customer]));
      firstContracts ??= firstContractsOf(contracts);
      const customer = byId.get(id);
      const contract = firstContracts.get(`${legalEntity}\u0000${id}`);
      if (customer === undefined || contract === undefined) return undefined;
      const { currency, paymentDays } = contract;
      return postedCustomer(customer, { legalEntity, currency, paymentDays });
    },
  };
}

function compileConnection(
  connection: ErpConnection,
  rows: ReadonlyMap<string, readonly MappingRow[]>,
): CompiledConnection {
  const { key, adapter, mode, prefix, closed_period: closedPeriod, dunning = [] } = connection;
  return {
    key,
    adapter,
    mode,
    kinds: kindsOf(connection),
    prefix,
    closedPeriod,
    dunning: [...dunning].sort((a, b) => a.days - b.days),
    takesEntity: (legalEntity) => takesEntity(connection, legalEntity),
    takesDay: (day) => takesDay(connection, day),
    mapped: (table, canonicalKey, day) =>
      rows.get(nameOf(key, table, canonicalKey))?.find((row) => takesDay(row, day))?.values,
    mappedOn: (day) => {
      const held: Partial<Record<MappingTable, Record<string, MappedValues>>> = {};
      for (const row of [...rows.values()].flat())
        if (row.connection === key && takesDay(row, day)) (held[row.table] ??= {})[row.key] = row.values;
      return held;
    },
  };
}

function nameOf(connection: string, table: MappingTable, key: string): string {
  return `${connection}\u0000${table}\u0000${key}`;
}

function rowsByKey(mappings: readonly MappingRow[]): ReadonlyMap<string, readonly MappingRow[]> {
  const rows = new Map<string, MappingRow[]>();
  for (const row of mappings) {
    const name = nameOf(row.connection, row.table, row.key);
    const known = rows.get(name);
    if (known === undefined) rows.set(name, [row]);
    else known.push(row);
  }
  return rows;
}

function firstContractsOf(contracts: readonly CustomersContract[]): ReadonlyMap<string, CustomersContract> {
  const first = new Map<string, CustomersContract>();
  for (const contract of contracts) {
    const name = `${contract.legalEntity.key}\u0000${contract.customer}`;
    const known = first.get(name);
    if (known === undefined || contract.id < known.id) first.set(name, contract);
  }
  return first;
}

function postedCustomer(
  { id, name, email, tax_id: taxId, street, city, region, postal_code: postalCode, country }: Customer,
  terms: Pick<PostedCustomer, "legalEntity" | "currency" | "paymentDays">,
): PostedCustomer {
  return {
    kind: "customer",
    customer: id,
    name,
    email: email ?? null,
    taxId: taxId ?? null,
    address: {
      street: street ?? null,
      city: city ?? null,
      region: region ?? null,
      postalCode: postalCode ?? null,
      country: country ?? null,
    },
    ...terms,
  };
}

/** Documents are found in the ERP by the connection and its prefix: neither can change behind their backs. */
export function connectionSuccessionFaults(before: CompiledPosting, after: CompiledPosting): string[] {
  return before.connections.flatMap(({ key, adapter, prefix }) => {
    const next = after.connection(key);
    if (next === undefined) return [`ERP connection ${key} is missing: give it an end (to) instead`];
    if (next.adapter !== adapter || next.prefix !== prefix)
      return [`ERP connection ${key}: adapter and prefix can't change, its documents are found by them`];
    return [];
  });
}
