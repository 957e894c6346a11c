import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LoadShape } from "./event-plan.ts";
import { accountName, eventType, meterKey, VALUE_PROPERTY } from "./names.ts";

/** What a catalog for a load needs to know of it. */
export type CatalogShape = Pick<LoadShape, "accounts" | "meters" | "regions" | "disorderMs">;

/** Contracts a file: one with a million would take a parser's whole memory. */
const CONTRACTS_PER_FILE = 10_000;
/** Before any load begins. */
const CONTRACT_START = "2020-01-01T00:00:00.000Z";
const PLAN = { key: "load", version: 1 } as const;

/**
 * The catalog that a load is counted by, as the entities of its files: one meter for each event type that sums, one
 * plan whose prices are per unit for even meters and graduated for odd ones, a contract an account.
 */
export function loadCatalogEntities(shape: CatalogShape) {
  const meters = Array.from({ length: shape.meters }, (_, meter) => meter);
  return {
    settings: {
      regions: [...shape.regions],
      // The catalog knows no milliseconds.
      disorder: `${Math.ceil(shape.disorderMs / 1_000)}s`,
      grace: "1d",
      cell_minutes: 60,
      max_age: "35d",
      max_ahead: "1d",
      dedupe_horizon: "37d",
    },
    meters: meters.map((meter) => ({
      key: meterKey(meter),
      event_type: eventType(meter),
      aggregation: "sum" as const,
      value_property: VALUE_PROPERTY,
      scale: 0,
      group_by: {},
      filters: [],
    })),
    products: [{ key: "load", name: "Load" }],
    customers: [{ id: "load", name: "Load" }],
    plans: [
      { ...PLAN, currency: "EUR", rounding: "half_away_from_zero" as const, prices: meters.map(priceOf) },
    ],
    contracts: loadContracts(shape.accounts),
  };
}

function priceOf(meter: number) {
  const common = { key: meterKey(meter), product: "load", meter: meterKey(meter) };
  if (meter % 2 === 0) return { ...common, model: "per_unit" as const, unit_price: "0.0013" };
  return {
    ...common,
    model: "graduated" as const,
    tiers: [{ up_to: "100000", unit_price: "0.002" }, { unit_price: "0.0005" }],
  };
}

/** A contract for each account, as it stands in a canonical catalog. */
export function loadContracts(accounts: number) {
  return Array.from({ length: accounts }, (_, account) => ({
    id: `contract_${account}`,
    customer: "load",
    account: accountName(account),
    plan: PLAN,
    time_zone: "UTC",
    billing_anchor_day: 1,
    start: CONTRACT_START,
  }));
}

/** Text by path of a catalog directory. */
export function loadCatalogFiles(shape: CatalogShape): Map<string, string> {
  const { settings, contracts, ...rest } = loadCatalogEntities(shape);
  const files = new Map([["settings.json", JSON.stringify(settings)]]);
  for (const [folder, entities] of Object.entries(rest))
    files.set(`${folder}/load.json`, JSON.stringify(entities));
  for (let first = 0; first < contracts.length; first += CONTRACTS_PER_FILE)
    files.set(
      `contracts/${String(first / CONTRACTS_PER_FILE).padStart(6, "0")}.json`,
      JSON.stringify(contracts.slice(first, first + CONTRACTS_PER_FILE)),
    );
  return files;
}

/** Writes the catalog directory; files of the same names are overwritten. */
export function writeLoadCatalog(folder: string, shape: CatalogShape): void {
  for (const [path, text] of loadCatalogFiles(shape)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
