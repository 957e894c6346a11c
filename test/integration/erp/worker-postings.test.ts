import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { sumOfDecimals } from "../../../src/sinks/erp/common/decimals.ts";
import { placesOfSecrets } from "../../support/erp/secret-scan.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  endedMonth,
  monthlyFrom,
  publishedDocuments,
  publishUnplaced,
  unitsUsed,
  writeBilledCatalog,
  standardPlan,
} from "../../support/worker/billed-month.ts";
import { partitionOf } from "../../../src/model/partition.ts";
import { DAY_MS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { unusedAddress } from "../../support/erp/sink-requests.ts";
import { BusinessCentralSimulator } from "../../simulators/business-central/simulator.ts";
import { NetSuiteSimulator } from "../../simulators/netsuite/simulator.ts";

/** Usage of a month, billed by a worker, in the books of a simulated NetSuite account. */

const PREFIX = "trb-";
const TOKEN = {
  consumerKey: "consumer-key-7f",
  consumerSecret: "consumer secret/+",
  tokenKey: "token-id-3a",
  tokenSecret: "token secret&%",
};
const ACCOUNTS = ["acme", "globex", "initech"];

/** Another connection, to which nothing is posted yet: it is told of changes. */
const CLIENT = { id: "c5f1a0de-0000-4000-8000-00000000c11e", secret: "client secret ~%" };
const CLIENT_STATE = "client-state/of+the=worker's&tests";

let bench: Bench;
let netsuite: NetSuiteSimulator;
let businessCentral: BusinessCentralSimulator;
let webhooks: { readonly port: number; readonly url: string };

afterEach(async () => {
  await bench.close();
  await netsuite.close();
  await businessCentral.close();
});

function writeCatalog(folder: string, startMs: number): void {
  const row = (table: string, key: string, id: string): unknown => ({
    connection: "netsuite",
    table,
    key,
    values: { id },
  });
  writeBilledCatalog(folder, {
    "customers/customers.json": ACCOUNTS.map((id) => ({ id, name: `${id} Inc.` })),
    ...standardPlan("USD"),
    "contracts/contracts.json": ACCOUNTS.map((id) => ({
      id: `contract-${id}`,
      customer: id,
      account: id,
      plan: { key: "standard", version: 1 },
      ...monthlyFrom(startMs),
    })),
    "erp/netsuite.json": { key: "netsuite", adapter: "netsuite", prefix: PREFIX },
    "erp/business-central.json": {
      key: "business-central",
      adapter: "business-central",
      prefix: PREFIX,
      from: "2999-01-01",
    },
    "mappings/netsuite.json": [
      row("legal_entity", "default", "1"),
      row("currency", "USD", "1"),
      row("item", "*", "86"),
      row("account", "unbilled-receivable", "119"),
      row("account", "revenue", "54"),
      row("account", "adjustments", "54"),
      row("account", "deferred-revenue", "121"),
      row("terms", "30", "2"),
    ],
  });
}

function connections(): Record<string, unknown> {
  return {
    netsuite: {
      adapter: "netsuite",
      account: "1234567_SB1",
      url: netsuite.url,
      authentication: {
        kind: "token",
        consumer_key: TOKEN.consumerKey,
        consumer_secret: TOKEN.consumerSecret,
        token_id: TOKEN.tokenKey,
        token_secret: TOKEN.tokenSecret,
      },
      deadline: "2s",
      settle_delay: "500ms",
      posting: { payment_interval: "1s", scan_interval: "1s" },
    },
    "business-central": {
      adapter: "business-central",
      tenant: businessCentral.environment.tenant,
      environment: businessCentral.environment.name,
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      companies: businessCentral.environment.companies.map(({ id }) => id),
      url: businessCentral.url,
      login_url: businessCentral.url,
      deadline: "2s",
      webhook_url: webhooks.url,
      webhook_secret: CLIENT_STATE,
    },
  };
}

async function begin(): Promise<{ readonly endMs: number }> {
  netsuite = await NetSuiteSimulator.start({ token: TOKEN });
  businessCentral = await BusinessCentralSimulator.start({ client: CLIENT });
  const origin = await unusedAddress();
  webhooks = { port: Number(new URL(origin).port), url: `${origin}/webhooks/business-central` };
  bench = await Bench.start(1);
  const { startMs, endMs } = endedMonth();
  writeCatalog(bench.workspace.catalogFolder, startMs);
  await publishUnplaced(bench.connection, [
    ...ACCOUNTS.map((account, index) => unitsUsed(`u-${account}`, account, endMs - DAY_MS, 100 + index)),
    // The next month: the watermark passes the one before.
    unitsUsed("later", "acme", endMs + 2 * DAY_MS, 1),
  ]);
  return { endMs };
}

/** Invoices in NetSuite by their number, with how often each was created. */
function invoices(): Map<string, { readonly total: string; readonly commits: number }> {
  return new Map(
    netsuite
      .ledger()
      .records.filter(({ type }) => type === "invoice")
      .map((record) => [String(record.fields["tranId"]), { total: record.total, commits: record.commits }]),
  );
}

async function posted(): Promise<void> {
  await waitUntil("three invoices in NetSuite", () => invoices().size === ACCOUNTS.length, 90_000);
}

interface Row {
  readonly kind: string;
  readonly state: string;
  readonly erp: { readonly id: string } | null;
}

async function inspected(): Promise<readonly Row[]> {
  return JSON.parse(await bench.workspace.command(["inspect", "postings", "--json"]));
}

async function statesOf(kind: string): Promise<readonly Row[]> {
  return (await inspected()).filter((row) => row.kind === kind);
}

/** A request of somebody who knows the client state, or does not. */
async function notify(clientState: string): Promise<number> {
  const value = [{ subscriptionId: "s", clientState, resource: "", changeType: "collection" }];
  const { status } = await fetch(webhooks.url, { method: "POST", body: JSON.stringify({ value }) });
  return status;
}

/** The secrets of both connections stand in the settings, and nowhere else that is written. */
async function expectNoSecrets(workers: readonly WorkerProcess[]): Promise<void> {
  const { workspace, server } = bench;
  const last = workers.at(-1);
  const texts = {
    log: workers.map(({ log, tail }) => JSON.stringify(log) + tail).join("\n"),
    metrics: (await last?.metrics()) ?? "",
    status: JSON.stringify(await last?.status()),
    inspect: await workspace.command(["inspect", "postings"], { erp: connections() }),
    list: await workspace.command(["postings", "list", "--all", "--connection", "netsuite"], {
      erp: connections(),
    }),
  };
  const settings = join(workspace.folder, "erp-connections.json");
  const places = (isExpected: (file: string) => boolean): string[] =>
    placesOfSecrets(
      [...Object.values(TOKEN), CLIENT.secret, CLIENT_STATE],
      texts,
      [workspace.folder, server.storeDir],
      isExpected,
    );
  expect(places(() => false)).toContain(settings);
  expect(places((file) => file === settings)).toEqual([]);
}

const isReconciled = ({ state, erp }: Row): boolean => state === "reconciled" && erp !== null;

describe("a worker with a connection to NetSuite", () => {
  test("posts each document once where the partition count changes while they are posted, and the partitions that have them now know of it", async () => {
    await begin();
    const { workspace, connection } = bench;
    expect(new Set(ACCOUNTS.map((account) => partitionOf(account, 2))).size).toBe(2);
    const worker = workspace.start({ erp: connections() });
    await waitUntil("an invoice in NetSuite", () => invoices().size > 0, 90_000);
    await worker.kill();
    // What NetSuite has answered meanwhile is not told to the partition before the change.
    const without = workspace.start();
    await without.listening();
    await settle(workspace, without, connection);
    await without.drain();
    const decided = ["--count", "2", "--actor", "Ann", "--reason", "more room"];
    await workspace.command(["repartition", ...decided]);
    workspace.partitionCount = 2;
    const second = workspace.start({ erp: connections() });
    // It has read its configuration: commands write one in the same place.
    await second.listening();
    await posted();
    const documents = await publishedDocuments(connection);
    expect(documents).toHaveLength(ACCOUNTS.length);
    for (const { number, total } of documents)
      expect(invoices().get(number ?? "")).toEqual({ total: sumOfDecimals([total]), commits: 1 });
    await waitUntil(
      "the partitions to know",
      async () => (await statesOf("invoice")).every(isReconciled),
      90_000,
    );
    expect(await statesOf("invoice")).toHaveLength(ACCOUNTS.length);
    await second.drain();
    expect((await workspace.inspect()).balanced).toBe(true);
  });

  test("posts customers and invoices once, also over a kill, and its partitions know of it", async () => {
    await begin();
    netsuite.fault({ kind: "lost-after-commit" }, { times: 1, path: "/invoice/", method: "PUT" });
    const worker = bench.workspace.start({ erp: connections() });
    await waitUntil("a document in NetSuite", () => netsuite.ledger().records.length > 0, 90_000);
    await worker.kill();
    const second = bench.workspace.start({ erp: connections(), webhooksPort: webhooks.port });
    await posted();
    const documents = await publishedDocuments(bench.connection);
    expect(documents).toHaveLength(ACCOUNTS.length);
    for (const { number, total } of documents)
      expect(invoices().get(number ?? "")).toEqual({ total: sumOfDecimals([total]), commits: 1 });
    // What the partition knows: each document confirmed and read back, under the id that NetSuite gave it.
    await waitUntil("the partition to know", async () => (await statesOf("invoice")).every(isReconciled));
    expect(await statesOf("invoice")).toHaveLength(ACCOUNTS.length);
    expect((await statesOf("customer")).map(({ state }) => state)).toEqual(ACCOUNTS.map(() => "reconciled"));
    // It is told of changes in the other ERP, by whoever knows the client state.
    const subscribed = 'tributary_erp_subscription_end_timestamp_seconds{sink="business-central"}';
    await waitUntil("subscriptions", async () => (await second.metrics()).includes(subscribed));
    expect([await notify(CLIENT_STATE), await notify(`${CLIENT_STATE}x`)]).toEqual([200, 401]);
    await expectNoSecrets([worker, second]);
    const metrics = await second.metrics();
    expect(metrics).toContain('tributary_documents{sink="netsuite",state="reconciled"} 6');
    for (const outcome of ["handshake", "received", "credential"])
      expect(metrics).toContain(
        `tributary_erp_notifications_total{sink="business-central",outcome="${outcome}"}`,
      );
  });
});
