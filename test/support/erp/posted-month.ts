import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import { monthlyFrom, unitsUsed, writeBilledCatalog } from "../worker/billed-month.ts";
import { DAY_MS } from "../worker/usage-catalog.ts";
import type { UsageEvent } from "../worker/usage-event.ts";
import type { MappingRow } from "./simulated-erp.ts";

/**
 * Contracts of two legal entities whose month is billed and posted: two currencies, taxes of two places, prepaid credits, a fee in advance. One
 * contract sells a product that has an item of its own, another one is in a currency of its own: what a connection's mapping lacks, or its ERP
 * refuses, concerns one of them each.
 */

export const PREFIX = "trb-";
/** Item that only the contract `rare` sells; the other one is what it is mapped to when that can't be used. */
export const RARE_ITEM = "88";
export const OTHER_ITEM = "87";
export const RARE = 4;
export const FOREIGN = 6;
const UNIT_PRICE = "0.37";
const WITH_CREDITS = 5;
/** Enough that each of two partitions has one of them. */
const LATER_ACCOUNTS = 8;

export const accountOf = (n: number): string => `account-${n}`;
export const customerOf = (n: number): string => `customer-${n}`;
export const contractOf = (n: number): string => `contract-${n}`;
const isSouth = (n: number): boolean => n % 2 === 1;

/** A connection of the catalog, with the rows of its mapping. */
export interface PostedConnection {
  readonly key: string;
  readonly adapter: string;
  readonly mapping: readonly MappingRow[];
}

export function writePostedCatalog(
  folder: string,
  startMs: number,
  contracts: number,
  connections: readonly PostedConnection[],
): void {
  const monthly = monthlyFrom(startMs);
  const numbers = Array.from({ length: contracts }, (_, n) => n);
  const plan = (key: string, currency: string, more: readonly unknown[] = []): unknown => ({
    key,
    version: 1,
    currency,
    prices: [
      { key: "usage", product: "usage", meter: "usage", model: "per_unit", unit_price: UNIT_PRICE },
      { key: "support", product: "support", model: "flat", amount: 30, billed: "in_advance" },
      ...more,
    ],
  });
  writeBilledCatalog(folder, {
    "products/products.json": ["usage", "support", "rare"].map((key) => ({ key, name: `Product ${key}` })),
    "customers/customers.json": numbers.map((n) => ({
      id: customerOf(n),
      name: `=Customer "${n}", Ltd.`,
      email: `ap-${n}@example.com`,
      ...(isSouth(n) ? { country: "DE" } : { country: "US", region: "CA", city: "Los Angeles" }),
    })),
    "tax_rates/rates.json": [
      { key: "ca", name: "Sales tax", country: "US", region: "CA", percent: "6", from: "2020-01-01" },
      { key: "de", name: "VAT", country: "DE", percent: "19", from: "2020-01-01" },
    ],
    "legal_entities/entities.json": [
      { key: "north", name: "North", number_prefix: "N-", country: "US" },
      { key: "south", name: "South", number_prefix: "S-", country: "DE" },
    ],
    "plans/plans.json": [
      plan("usd", "USD"),
      plan("eur", "EUR"),
      plan("gbp", "GBP"),
      plan("rare", "USD", [{ key: "rare", product: "rare", model: "flat", amount: 7, billed: "in_arrears" }]),
    ],
    "contracts/contracts.json": numbers.map((n) => ({
      id: contractOf(n),
      customer: customerOf(n),
      account: accountOf(n),
      plan: {
        key: n === RARE ? "rare" : n === FOREIGN ? "gbp" : isSouth(n) ? "eur" : "usd",
        version: 1,
      },
      legal_entity: isSouth(n) ? "south" : "north",
      ...monthly,
      ...(n % 10 === WITH_CREDITS ? { credits: [{ id: "gift", amount: 10, effective: monthly.start }] } : {}),
    })),
    ...Object.fromEntries(
      connections.map(({ key, adapter }) => [`erp/${key}.json`, { key, adapter, prefix: PREFIX }]),
    ),
    ...Object.fromEntries(
      connections.map(({ key, mapping }) => [
        `mappings/${key}.json`,
        mapping.map((row) => ({ connection: key, ...row })),
      ]),
    ),
  });
}

/** Usage of the month by each contract, and events behind it: the watermark of each partition passes the month's end. */
export function monthOfUsage(endMs: number, contracts: number): UsageEvent[] {
  return [
    ...Array.from({ length: contracts }, (_, n) =>
      unitsUsed(`u-${n}`, accountOf(n), endMs - DAY_MS, 100 + n),
    ),
    ...Array.from({ length: LATER_ACCOUNTS }, (_, n) =>
      unitsUsed(`later-${n}`, accountOf(n), endMs + 2 * DAY_MS, 1),
    ),
  ];
}

/** A document's figures, in cents: what must be the same wherever it is. */
export interface DocumentFigures {
  readonly number: string;
  readonly currency: string;
  readonly tax: bigint;
  readonly total: bigint;
  readonly lines: readonly bigint[];
}

/** Cents of a decimal text; more digits are an error. */
export function cents(text: string): bigint {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,2}?)0*)?$/.exec(text) ?? [];
  if (whole === "") throw new RangeError(`not an amount in cents: ${text}`);
  return BigInt(`${sign}${whole}${fraction.padEnd(2, "0")}`);
}

/**
 * What the document that was published comes to in an ERP: prepaid credits are a line of their own, and the amounts of a memo are what it gives
 * back.
 */
export function publishedFigures(document: PublishedDocument): DocumentFigures {
  const sign = document.kind === "credit-memo" ? -1n : 1n;
  const credits = cents(document.credits);
  return {
    number: document.number ?? "",
    currency: document.currency,
    tax: sign * cents(document.tax),
    total: sign * cents(document.total),
    lines: [
      ...document.lines.map(({ amount, discount }) => sign * (cents(amount) - cents(discount))),
      ...(credits === 0n ? [] : [-sign * credits]),
    ],
  };
}
