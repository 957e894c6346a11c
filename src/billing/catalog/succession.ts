import { z } from "zod";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import { exchangeRateKey } from "../exchange/exchange-rate.ts";
import { ExchangeRates } from "../exchange/exchange-rates.ts";
import { connectionSuccessionFaults } from "../posting/compiled-posting.ts";
import type { CompiledCatalog, CompiledContract, ContractGrant } from "./compiled.ts";
import type { EntityKind } from "./entity-kinds.ts";

/**
 * Why a catalog can't take effect after another: usage that was counted and charged by the one before must go on to have
 * its meter, its contract and its price as they were. Changes are made by adding (a meter, a plan version, a contract).
 * Empty where it can.
 */
export function successionFaults(before: CompiledCatalog, after: CompiledCatalog): string[] {
  return runWhole(successionFaultsInSlices(before, after, new SliceBudget()));
}

/** The same in slices. */
export function* successionFaultsInSlices(
  before: CompiledCatalog,
  after: CompiledCatalog,
  budget: SliceBudget,
): SlicedWork<string[]> {
  const faults: string[] = [];
  if (before.settings.cellMs !== after.settings.cellMs)
    faults.push("settings.yaml: cell_minutes can't change");
  for (const meter of before.meters.values()) {
    const next = after.meters.get(meter.key);
    if (next === undefined) faults.push(`meter ${meter.key} is missing: meters with usage can't be removed`);
    else if (next.aggregation !== meter.aggregation || next.scale !== meter.scale) {
      faults.push(`meter ${meter.key}: aggregation and scale can't change; add a new meter`);
    } else if (next.groupBy.map((d) => d.name).join() !== meter.groupBy.map((d) => d.name).join()) {
      faults.push(`meter ${meter.key}: group_by can't change; add a new meter`);
    }
  }
  for (const [plan, text] of before.planTexts) {
    const next = after.planTexts.get(plan);
    if (next !== undefined && next !== text) faults.push(`plan ${plan} has changed: raise its version`);
  }
  for (const [key, entity] of before.legalEntities) {
    const next = after.legalEntities.get(key);
    if (next === undefined) continue;
    if (next.first_number !== entity.first_number || next.time_zone !== entity.time_zone)
      faults.push(`legal entity ${key}: first_number and time_zone can't change`);
    if (next.functional_currency !== entity.functional_currency)
      faults.push(`legal entity ${key}: functional_currency can't change, its books are kept in it`);
  }
  faults.push(...connectionSuccessionFaults(before.posting, after.posting));
  faults.push(...ExchangeRates.successionFaults(before.exchangeRateList, after.exchangeRateList));
  for (const contract of before.contracts()) {
    const fault = contractFault(contract, after.contract(contract.id));
    if (fault !== undefined) faults.push(`contract ${contract.id} ${fault}`);
    if (faults.length >= MAX_FAULTS) break;
    if (budget.spend(CONTRACT_UNITS)) yield;
  }
  return faults;
}

/** Units of `SliceBudget` that comparing a contract costs. */
const CONTRACT_UNITS = 3;
/** Enough to see what is wrong; a catalog may have hundreds of thousands of contracts. */
const MAX_FAULTS = 100;

function contractFault(before: CompiledContract, after: CompiledContract | undefined): string | undefined {
  if (after === undefined) return "is missing: give it an end instead";
  if (after.plan !== before.plan || after.commitmentText !== before.commitmentText)
    return "can't change its plan or commitments, which late usage is charged by: end it and add another one";
  const same =
    after.account === before.account &&
    after.currency === before.currency &&
    after.calendar === before.calendar &&
    after.legalEntity.key === before.legalEntity.key &&
    after.startMs === before.startMs;
  if (!same)
    return "can't change its account, currency, time zone, billing periods, legal entity or start: end it and add another one";
  for (const grant of before.grants) {
    const { id } = grant.terms;
    const next = after.grants.find(({ terms }) => terms.id === id);
    if (next === undefined) return `can't lose its grant ${id}: void it instead`;
    if (next.meter !== grant.meter || termsText(next) !== termsText(grant))
      return `can't change its grant ${id}: void it and add another one`;
    if (grant.voidedMs !== undefined && next.voidedMs !== grant.voidedMs)
      return `can't change when its grant ${id} was voided`;
  }
  return undefined;
}

/** Grants are recorded as they were given; two with the same text are the same. */
function termsText({ terms }: ContractGrant): string {
  return JSON.stringify(terms, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** Entities by what became of them, each by its key (a plan's with its version). */
export interface EntityChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export type CatalogChanges = Readonly<Record<EntityKind, EntityChanges>> & {
  readonly settingsChanged: boolean;
};

const entities = z.array(
  z.looseObject({
    key: z.string().optional(),
    id: z.string().optional(),
    version: z.number().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    date: z.string().optional(),
    connection: z.string().optional(),
    table: z.string().optional(),
  }),
);
const canonicalSchema = z.looseObject({
  settings: z.unknown(),
  meters: entities,
  products: entities,
  plans: entities,
  contracts: entities,
  customers: entities,
  legal_entities: entities.default([]),
  tax_rates: entities.default([]),
  exchange_rates: entities.default([]),
  erp: entities.default([]),
  mappings: entities.default([]),
});

/** What differs between two catalogs in canonical form. */
export function catalogChanges(before: string, after: string): CatalogChanges {
  const old = canonicalSchema.parse(JSON.parse(before));
  const now = canonicalSchema.parse(JSON.parse(after));
  const of = (kind: EntityKind): EntityChanges => entityChanges(byKey(old[kind]), byKey(now[kind]));
  return {
    settingsChanged: JSON.stringify(old.settings) !== JSON.stringify(now.settings),
    meters: of("meters"),
    products: of("products"),
    plans: of("plans"),
    contracts: of("contracts"),
    customers: of("customers"),
    legal_entities: of("legal_entities"),
    tax_rates: of("tax_rates"),
    exchange_rates: of("exchange_rates"),
    erp: of("erp"),
    mappings: of("mappings"),
  };
}

/** How many entities of each kind a catalog in canonical form has. */
export function entityCounts(canonical: string): Record<EntityKind, number> {
  const catalog = canonicalSchema.parse(JSON.parse(canonical));
  return {
    meters: catalog.meters.length,
    products: catalog.products.length,
    plans: catalog.plans.length,
    contracts: catalog.contracts.length,
    customers: catalog.customers.length,
    legal_entities: catalog.legal_entities.length,
    tax_rates: catalog.tax_rates.length,
    exchange_rates: catalog.exchange_rates.length,
    erp: catalog.erp.length,
    mappings: catalog.mappings.length,
  };
}

function byKey(values: z.output<typeof entities>): Map<string, string> {
  return new Map(
    values.map((value) => {
      const { from = "", to = "", date = "", connection, table } = value;
      const key =
        connection === undefined
          ? (value.key ?? value.id ?? exchangeRateKey({ from, to, date }))
          : [connection, table, value.key, ...(from === "" ? [] : [from])].join("/");
      return [value.version === undefined ? key : `${key}@${value.version}`, JSON.stringify(value)];
    }),
  );
}

function entityChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): EntityChanges {
  return {
    added: [...after.keys()].filter((key) => !before.has(key)),
    changed: [...after].flatMap(([key, text]) => (before.has(key) && before.get(key) !== text ? [key] : [])),
    removed: [...before.keys()].filter((key) => !after.has(key)),
  };
}
