import { partitionOf } from "../../../src/model/partition.ts";
import { writeJsonFiles } from "../json-files.ts";

export const REGIONS = ["eu", "us"] as const;
/** Its events count, but don't move the watermark. */
export const UNDECLARED_REGION = "ap";
export const DISORDER_MS = 10 * 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const REQUEST = "com.example.request";
export const BALANCE = "com.example.balance";
export const VOLUME = "com.example.volume";

/** Accounts with characters that must not stand in a subject; two or more in each of 2 or 3 partitions. */
export const ACCOUNTS = [
  "acme.com",
  "globex",
  "initech ag",
  "umbrella *",
  "Zürich & Söhne",
  "hooli>",
  "stark/industries",
] as const;

/** An account of the partition that no contract names. */
export function unknownAccount(partition: number, partitionCount: number): string {
  for (let n = 1; ; n++) {
    const account = `nobody-${n}`;
    if (partitionOf(account, partitionCount) === partition) return account;
  }
}

export interface CatalogOptions {
  /** Day of the month on which billing periods begin, in UTC. */
  readonly anchorDay: number;
  /** Accounts with a contract besides ACCOUNTS. */
  readonly moreAccounts?: readonly string[];
  /** Further fields of every contract. */
  readonly contractFields?: Readonly<Record<string, unknown>>;
}

/** Writes a catalog with one meter of each aggregation, and a contract for every account. */
export function writeCatalog(
  folder: string,
  { anchorDay, moreAccounts = [], contractFields = {} }: CatalogOptions,
): void {
  writeJsonFiles(folder, {
    "settings.json": { regions: REGIONS, disorder: "10m", grace: "1h" },
    "meters/meters.json": [
      { key: "requests", event_type: REQUEST, aggregation: "count", group_by: { status: "status" } },
      {
        key: "bytes",
        event_type: REQUEST,
        aggregation: "sum",
        value_property: "size.bytes",
        filters: [{ property: "status", any_of: ["200", "201"] }],
      },
      { key: "fastest", event_type: REQUEST, aggregation: "min", value_property: "latency", scale: 3 },
      { key: "slowest", event_type: REQUEST, aggregation: "max", value_property: "latency", scale: 3 },
      { key: "users", event_type: REQUEST, aggregation: "unique", value_property: "user" },
      { key: "balance", event_type: BALANCE, aggregation: "latest", value_property: "balance", scale: 2 },
      {
        key: "storage",
        event_type: VOLUME,
        aggregation: "time_weighted",
        value_property: "gigabytes",
        scale: 3,
      },
    ],
    "products/products.json": [{ key: "api", name: "API" }],
    "customers/customers.json": [{ id: "customer", name: "Customer" }],
    "plans/plans.json": {
      key: "standard",
      version: 1,
      name: "Standard",
      currency: "EUR",
      prices: [
        { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
        {
          key: "bytes",
          product: "api",
          meter: "bytes",
          model: "graduated",
          tiers: [
            { up_to: "100000", unit_price: "0.0001" },
            { unit_price: "0.00004", flat_fee: "2.5" },
          ],
        },
        { key: "users", product: "api", meter: "users", model: "per_unit", unit_price: "2" },
        { key: "storage", product: "api", meter: "storage", model: "per_unit", unit_price: "0.011" },
      ],
    },
    "contracts/contracts.json": [...ACCOUNTS, ...moreAccounts].map((account, n) => ({
      id: `C-${n + 1}`,
      customer: "customer",
      account,
      plan: { key: "standard", version: 1 },
      time_zone: "UTC",
      billing_anchor_day: anchorDay,
      start: "2025-01-01",
      ...contractFields,
    })),
  });
}
