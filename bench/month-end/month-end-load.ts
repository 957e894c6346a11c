import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalForm, catalogVersion } from "../../src/billing/catalog/canonical.ts";
import { compileCatalog } from "../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../src/billing/catalog/load.ts";
import type { LoadShape } from "../../src/load/event-plan.ts";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import { loadContracts } from "../../src/load/load-catalog.ts";
import { eventType, meterKey, VALUE_PROPERTY } from "../../src/load/names.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A file with a million contracts would take a parser's whole memory. */
const CONTRACTS_PER_FILE = 10_000;
export const GRACE_MS = HOUR_MS;
export const DISORDER_MS = 60_000;
/** A load's ids are by region: what comes behind the month's end is another region's, and moves the watermark alone. */
const MONTH_REGION = "month";
const NEXT_REGION = "next";

/** What accounts use and owe, in numbers that `expectedTotal` reckons with: 10^-4 EUR a unit, cents, percent. */
const FIRST_TIER_UNITS = 500n;
const FIRST_TIER_PRICE = 125n;
const SECOND_TIER_PRICE = 50n;
const FEE_CENTS = 2_500n;
const TAX_PERCENT = 19n;
/** The fee of the month that ended and, in advance, the next one's. */
const FEES_A_DOCUMENT = 2n;
export const LEGAL_ENTITY = "seller";

/** A month's end: the first moment of the month that follows, and how many accounts are billed for it. */
export interface MonthEnd {
  readonly endMs: number;
  readonly accounts: number;
}

/** The last month's end that lies a day back at least, so that events can be behind it and its grace. */
export function lastMonthEnd(nowMs: number): number {
  const date = new Date(nowMs - DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** Usage of the month's last day: some two events an account, one in a hundred of them sent twice. */
export function monthUsage({ endMs, accounts }: MonthEnd): LoadShape {
  return {
    seed: 1,
    events: 2 * accounts,
    accounts,
    meters: 1,
    regions: [MONTH_REGION],
    skew: 0,
    duplicateRatio: 0.01,
    disorderMs: DISORDER_MS,
    lateRatio: 0,
    startMs: endMs - 2 * HOUR_MS,
    spanMs: HOUR_MS,
  };
}

/** Usage of the next month, all of it within one hour: the month that ended is what is billed meanwhile. */
export function nextMonthUsage({ endMs, accounts }: MonthEnd, events: number): LoadShape {
  return {
    ...monthUsage({ endMs, accounts }),
    seed: 2,
    regions: [NEXT_REGION],
    events,
    startMs: endMs + GRACE_MS + 2 * HOUR_MS,
    spanMs: HOUR_MS / 2,
  };
}

function entitiesOf({ endMs }: MonthEnd) {
  const end = new Date(endMs);
  const startOfMonth = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, 1));
  return {
    "settings.json": {
      regions: [NEXT_REGION],
      disorder: `${DISORDER_MS / 1_000}s`,
      grace: `${GRACE_MS / HOUR_MS}h`,
      billing_start: startOfMonth.toISOString().slice(0, 10),
      // The month's end may lie a month back.
      max_age: "70d",
      dedupe_horizon: "72d",
    },
    "meters/all.json": [
      {
        key: meterKey(0),
        event_type: eventType(0),
        aggregation: "sum",
        value_property: VALUE_PROPERTY,
      },
    ],
    "products/all.json": [
      { key: "usage", name: "Usage" },
      { key: "support", name: "Support" },
    ],
    "customers/all.json": [{ id: "load", name: "Load", country: "DE" }],
    "legal_entities/all.json": [{ key: LEGAL_ENTITY, name: "Seller", country: "DE" }],
    "tax_rates/all.json": [
      { key: "vat", name: "VAT", country: "DE", percent: String(TAX_PERCENT), from: "2020-01-01" },
    ],
    "plans/all.json": [
      {
        key: "load",
        version: 1,
        currency: "EUR",
        prices: [
          {
            key: "usage",
            product: "usage",
            meter: meterKey(0),
            model: "graduated",
            tiers: [{ up_to: String(FIRST_TIER_UNITS), unit_price: "0.0125" }, { unit_price: "0.005" }],
          },
          { key: "support", product: "support", model: "flat", amount: "25", billed: "in_advance" },
        ],
      },
    ],
  };
}

function filesOf(monthEnd: MonthEnd): Map<string, string> {
  return new Map(
    Object.entries(entitiesOf(monthEnd)).map(([path, content]) => [path, JSON.stringify(content)]),
  );
}

/** The catalog in memory. One contract goes the way of files and is checked; the others are like it. */
export function monthEndCatalog(monthEnd: MonthEnd): CompiledCatalog {
  const files = filesOf(monthEnd).set("contracts/all.json", JSON.stringify(loadContracts(1)));
  const loaded = loadCatalog(files);
  if (!loaded.ok) throw new RangeError(`the catalog has faults: ${JSON.stringify(loaded.faults)}`);
  const catalog = { ...loaded.catalog, contracts: loadContracts(monthEnd.accounts) };
  return compileCatalog(catalog, catalogVersion(canonicalForm(catalog)));
}

/** Writes the same catalog as files. */
export function writeMonthEndCatalog(folder: string, monthEnd: MonthEnd): void {
  const files = filesOf(monthEnd);
  const contracts = loadContracts(monthEnd.accounts);
  for (let first = 0; first < contracts.length; first += CONTRACTS_PER_FILE)
    files.set(
      `contracts/${String(first / CONTRACTS_PER_FILE).padStart(6, "0")}.json`,
      JSON.stringify(contracts.slice(first, first + CONTRACTS_PER_FILE)),
    );
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** What an account's document must come to in cents, reckoned without the catalog's code. */
export function expectedTotal(units: bigint): bigint {
  const first = units < FIRST_TIER_UNITS ? units : FIRST_TIER_UNITS;
  const usage = halfUp(first * FIRST_TIER_PRICE + (units - first) * SECOND_TIER_PRICE, 100n);
  const tax = halfUp(usage * TAX_PERCENT, 100n) + FEES_A_DOCUMENT * halfUp(FEE_CENTS * TAX_PERCENT, 100n);
  return usage + FEES_A_DOCUMENT * FEE_CENTS + tax;
}

function halfUp(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}

/** Hash of what each contract's document must come to. */
export function expectedHash(monthEnd: MonthEnd): string {
  const units = Array.from({ length: monthEnd.accounts }, () => 0n);
  for (const { account, sum } of expectedTotals(monthUsage(monthEnd)).cells())
    units[account] = (units[account] ?? 0n) + BigInt(sum);
  return hashOfTotals(units.map((of, account) => [`contract_${account}:1`, expectedTotal(of)]));
}

/** @param totals of documents by their ids, cents, in any order */
export function hashOfTotals(totals: Iterable<readonly [id: string, cents: bigint]>): string {
  const hash = createHash("sha256");
  for (const [id, cents] of [...totals].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
    hash.update(`${id} ${cents}\n`);
  return hash.digest("hex");
}
