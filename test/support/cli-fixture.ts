import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { partitionOf } from "../../src/model/partition.ts";
import type { BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { usageSubject } from "../../src/ingest/jetstream/names.ts";
import { publishAll } from "../../src/ingest/jetstream/producer.ts";

/** The first account of a name that belongs to a partition. */
export function accountIn(partition: number, partitionCount: number): string {
  for (let i = 0; ; i++) {
    const account = `account-${i}`;
    if (partitionOf(account, partitionCount) === partition) return account;
  }
}

/** Writes a catalog that counts requests of the accounts, and a configuration; returns the configuration's path. */
export function writeProject(
  folder: string,
  options: {
    readonly server: string;
    readonly partitionCount: number;
    readonly owned: readonly number[];
    readonly accounts: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
  },
): string {
  const contracts = options.accounts.map((account) => ({
    id: `contract-${account}`,
    customer: "customer",
    account,
    plan: { key: "standard", version: 1 },
    time_zone: "UTC",
    start: "2020-01-01",
  }));
  const prices = [
    { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.01" },
  ];
  const files: Record<string, string> = {
    "catalog/settings.yaml": "regions: [eu]\ngrace: 1h\n",
    "catalog/meters/requests.json": JSON.stringify({
      key: "requests",
      event_type: "request",
      aggregation: "count",
    }),
    "catalog/products/api.json": JSON.stringify({ key: "api", name: "API" }),
    "catalog/customers/customer.json": JSON.stringify({ id: "customer", name: "Customer" }),
    "catalog/plans/standard.json": JSON.stringify({ key: "standard", version: 1, currency: "EUR", prices }),
    "catalog/contracts/all.json": JSON.stringify(contracts),
    "config.yaml": JSON.stringify({
      nats: { servers: [options.server] },
      partitions: { count: options.partitionCount, owned: options.owned },
      state_dir: join(folder, "state"),
      catalog_dir: join(folder, "catalog"),
      checkpoint_interval: "50ms",
      admin: { port: 0 },
    }),
    ...options.files,
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return join(folder, "config.yaml");
}

/** Publishes one event a message, with the ids `first` … `last`, dated now. */
export async function publishRequests(
  connection: BrokerConnection,
  partition: number,
  account: string,
  first: number,
  last: number,
): Promise<void> {
  const encoder = new TextEncoder();
  await publishAll(
    connection,
    Array.from({ length: last - first + 1 }, (_, i) => ({
      subject: usageSubject(partition, "eu"),
      contentType: "application/cloudevents+json",
      data: encoder.encode(
        JSON.stringify({
          specversion: "1.0",
          id: `request-${first + i}`,
          source: "test",
          type: "request",
          subject: account,
          // The same in every sending of an id, and within what is accepted against arrival.
          time: eventTime,
          data: {},
        }),
      ),
    })),
  );
}

const eventTime = new Date(Date.now() - 3_600_000).toISOString();
