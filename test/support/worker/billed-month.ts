import { rmSync } from "node:fs";
import { expect } from "vitest";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { numberingStream, unplacedUsageSubject } from "../../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { accountToken } from "../../../src/model/partition.ts";
import { writeJsonFiles } from "../json-files.ts";
import { readDocuments } from "./results.ts";
import { DAY_MS } from "./usage-catalog.ts";
import { encodeEvents, type UsageEvent } from "./usage-event.ts";

/** Usage of the one meter of these catalogs, which sums units. */
const USAGE = "com.example.usage";
/** Longer than disorder and grace, so that all of the month is complete. */
const ENDED_BEFORE_DAYS = 3;
/** Days that every month has: on others, the beginning of a period is moved to the end of a short month. */
const LAST_COMMON_DAY = 28;

export interface Month {
  readonly startMs: number;
  readonly endMs: number;
}

/** A month that ended some days ago, from midnight to midnight in UTC. */
export function endedMonth(): Month {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  let end = new Date(today - ENDED_BEFORE_DAYS * DAY_MS);
  while (end.getUTCDate() > LAST_COMMON_DAY) end = new Date(end.getTime() - DAY_MS);
  const startMs = Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, end.getUTCDate());
  return { startMs, endMs: end.getTime() };
}

/** Replaces a catalog by one with a meter of units, a product of usage, a customer, and the files given, by their paths. */
export function writeBilledCatalog(folder: string, files: Readonly<Record<string, unknown>>): void {
  rmSync(folder, { recursive: true, force: true });
  writeJsonFiles(folder, {
    "settings.json": { regions: ["eu"], disorder: "10m", grace: "1h" },
    "meters/usage.json": { key: "usage", event_type: USAGE, aggregation: "sum", value_property: "units" },
    "products/products.json": [{ key: "usage", name: "Usage" }],
    "customers/customers.json": [{ id: "customer", name: "Customer" }],
    ...files,
  });
}

/** Files of a plan "standard" that charges 0.25 a unit. */
export function standardPlan(currency: string): Readonly<Record<string, unknown>> {
  const price = { key: "usage", product: "usage", meter: "usage", model: "per_unit", unit_price: "0.25" };
  return { "plans/standard.json": { key: "standard", version: 1, currency, prices: [price] } };
}

/** Fields of a contract that is billed by the month from its start on. */
export function monthlyFrom(startMs: number): {
  readonly time_zone: string;
  readonly billing_anchor_day: number;
  readonly start: string;
} {
  const start = new Date(startMs);
  return {
    time_zone: "UTC",
    billing_anchor_day: start.getUTCDate(),
    start: start.toISOString().slice(0, 10),
  };
}

export function unitsUsed(id: string, account: string, timeMs: number, units: number): UsageEvent {
  return { id, source: "test", type: USAGE, account, timeMs, data: { units: { decimal: String(units) } } };
}

/** Publishes events, one a message, for the server to find their partitions. */
export async function publishUnplaced(
  connection: BrokerConnection,
  events: readonly UsageEvent[],
): Promise<void> {
  await publishAll(
    connection,
    events.map((event) => ({
      subject: unplacedUsageSubject(accountToken(event.account), "eu"),
      ...encodeEvents([event], "single"),
    })),
  );
}

/** All documents that were published so far. */
export async function publishedDocuments(connection: BrokerConnection): Promise<PublishedDocument[]> {
  return [...(await readDocuments(connection)).values()].flat().map(({ body }) => body);
}

/** The documents of each legal entity have its prefix and the numbers from 1 on, and the numbering knows of no other. */
export async function expectNumbersWithoutGap(
  connection: BrokerConnection,
  documents: readonly PublishedDocument[],
  prefixes: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [entity, prefix] of Object.entries(prefixes)) {
    const numbers = documents
      .filter(({ legalEntity }) => legalEntity === entity)
      .map(({ number }) => number ?? "");
    const expected = numbers.map((_, index) => `${prefix}${String(index + 1).padStart(6, "0")}`);
    expect(numbers.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(expected);
    const { state } = await connection.manager.streams.info(numberingStream(entity));
    expect([state.messages, state.last_seq]).toEqual([numbers.length, numbers.length]);
  }
}
