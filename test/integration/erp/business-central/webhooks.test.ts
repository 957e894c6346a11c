import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PostingHost } from "../../../../src/cli/compose/posting-host.ts";
import { listenForWebhooks } from "../../../../src/cli/compose/webhooks.ts";
import { postingSettings } from "../../../../src/cli/config/erp-connections.ts";
import type { BrokerConnection } from "../../../../src/ingest/jetstream/connection.ts";
import { commandSubject } from "../../../../src/ingest/jetstream/names.ts";
import { openPostingLog } from "../../../../src/ingest/jetstream/posting-logs.ts";
import { ensureTopology } from "../../../../src/ingest/jetstream/topology.ts";
import { systemClock } from "../../../../src/model/clock.ts";
import { noFaults } from "../../../../src/model/fault-injection.ts";
import type { PostingRecord } from "../../../../src/model/posting.ts";
import { createLogger } from "../../../../src/ops/logging.ts";
import { WorkerMetrics } from "../../../../src/ops/metrics.ts";
import type { WebhookServer } from "../../../../src/ops/webhook-server.ts";
import { businessCentralAdapter } from "../../../../src/sinks/erp/business-central/adapter.ts";
import { NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import { BusinessCentralSimulator } from "../../../simulators/business-central/simulator.ts";
import { placesOfSecrets } from "../../../support/erp/secret-scan.ts";
import { PREFIX } from "../../../support/erp/sample-documents.ts";
import { unusedAddress } from "../../../support/erp/sink-requests.ts";
import { startNatsServer, type TestServer } from "../../../support/nats-server.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { testConnection } from "../../../support/usage-reading.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { command, customer, invoice } from "../../../unit/erp/business-central/business-central-fixture.ts";
import { CLIENT } from "./environment-fixture.ts";

/** Processes that share a connection to Business Central, over a real broker: its notifications reach one of them, and the one that posts reads what they name. */

const SECRET = randomBytes(24).toString("base64url");
const FORGED = randomBytes(24).toString("base64url");

let server: TestServer;
const processes: Process[] = [];
let simulator: BusinessCentralSimulator;
let publisher: BrokerConnection;
/** Of the test: each has a connection of its own. */
let key = "";

/** A worker, as far as it posts to ERPs. */
class Process {
  readonly metrics = new WorkerMetrics({ clock: systemClock, processMetrics: false });
  readonly state: string;
  log = "";
  #broker: BrokerConnection | undefined;
  #host: PostingHost | undefined;
  #webhooks: WebhookServer | undefined;

  constructor(state = temporaryFolder()) {
    this.state = state;
    processes.push(this);
  }

  async start(settings: {
    readonly webhookUrl: string;
    readonly port?: number;
    readonly paymentInterval?: string;
    /** Whether it tries to get the connection. */
    readonly posts?: boolean;
  }) {
    const { webhookUrl, port, paymentInterval = "6h", posts = true } = settings;
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        this.log += String(chunk);
        done();
      },
    });
    const logger = createLogger({ level: "debug", format: "json", output });
    this.#broker = await testConnection(server.url);
    const prepared = businessCentralAdapter.prepare(
      {
        adapter: "business-central",
        tenant: simulator.environment.tenant,
        environment: simulator.environment.name,
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        companies: [NORTH, SOUTH],
        url: simulator.url,
        login_url: simulator.url,
        deadline: "2s",
        settle_delay: "300ms",
        webhook_url: webhookUrl,
        webhook_secret: SECRET,
      },
      (_, value) => value,
      (setting, message) => {
        throw new Error(`${setting} ${message}`);
      },
    );
    if (prepared === undefined) throw new Error("the settings have faults");
    this.#host = await PostingHost.create({
      broker: this.#broker,
      replicas: 1,
      stateDir: this.state,
      workerName: "worker",
      instance: String(processes.length),
      connections: [
        {
          catalog: { key, adapter: "business-central", prefix: PREFIX, closedPeriod: "hold" },
          config: {
            key,
            adapter: "business-central",
            posting: postingSettings.parse({ lease: "4s", payment_interval: paymentInterval }),
            prepared,
          },
        },
      ],
      logger,
      clock: systemClock,
      random: Math.random,
      faults: noFaults,
      onRequest: (...request) => {
        this.metrics.erpAsked(...request);
      },
      onForged: (connection, notifications) => {
        this.metrics.erpNotified(connection, "credential", notifications);
      },
    });
    this.metrics.watchPostings(() => this.#host?.snapshots() ?? []);
    this.#webhooks = await listenForWebhooks(
      this.#host.receivers,
      port === undefined ? undefined : { host: "127.0.0.1", port },
      { logger, metrics: this.metrics },
    );
    if (posts) this.#host.start();
  }

  get snapshot() {
    const [snapshot] = this.#host?.snapshots() ?? [];
    if (snapshot === undefined) throw new Error("the process posts nowhere");
    return snapshot;
  }

  async outcomes(): Promise<Readonly<Record<string, number>>> {
    const { values } = await this.metrics.postings.notifications.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels.outcome), value]));
  }

  async stop(): Promise<void> {
    await this.#webhooks?.close();
    await this.#host?.stop();
    await this.#broker?.close();
    this.#webhooks = this.#host = this.#broker = undefined;
  }
}

async function freeAddress(): Promise<{ readonly webhookUrl: string; readonly port: number }> {
  const origin = await unusedAddress();
  return { webhookUrl: `${origin}/webhooks/${key}`, port: Number(new URL(origin).port) };
}

/** Records of the connection's log. */
async function records(): Promise<PostingRecord[]> {
  const all: PostingRecord[] = [];
  for await (const page of openPostingLog(publisher, key).readFrom(1))
    for (const { data } of page) {
      const read: readonly PostingRecord[] = JSON.parse(Buffer.from(data).toString("utf8"));
      all.push(...read);
    }
  return all;
}

async function payments(): Promise<string[]> {
  return (await records()).flatMap((record) => (record.kind === "payment" ? [record.status] : []));
}

async function post(): Promise<void> {
  const commands = [command(customer()), command(invoice())].map((each) => ({ ...each, connection: key }));
  await publisher.jetstream.publish(
    commandSubject(key, 0),
    new TextEncoder().encode(JSON.stringify(commands)),
  );
  await waitUntil("the invoice to be read back", async () => (await payments()).includes("open"));
}

function change(what: "pay" | "cancel"): void {
  const record = simulator.ledger().records.find(({ set }) => set === "salesInvoices");
  simulator.control({ do: what, invoice: String(record?.values["externalDocumentNumber"]) });
}

function standing(): readonly string[] {
  return simulator.subscriptions.alive().map(({ id }) => id);
}

async function send(url: string, body: string | Buffer): Promise<number> {
  const response = await fetch(url, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
}

function notification(clientState: string): object {
  return {
    subscriptionId: "s",
    clientState,
    resource: `api/v2.0/companies(${NORTH})/salesInvoices`,
    changeType: "collection",
    lastModifiedDateTime: new Date().toISOString(),
  };
}

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: 1 });
  publisher = await testConnection(server.url);
});
afterAll(async () => {
  await publisher.close();
  await server.stop();
});

let connections = 0;
beforeEach(async () => {
  key = `bc${++connections}`;
  await ensureTopology(publisher, { partitionCount: 1, erpConnections: [key] });
  simulator = await BusinessCentralSimulator.start({ client: CLIENT, notificationDelayMs: 20 });
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await simulator.close();
});

describe("a payment", () => {
  it("is read as soon as it is told of; handed on by who does not post, and taken by the successor who takes the subscriptions over", async () => {
    const address = await freeAddress();
    const first = new Process();
    await first.start({ webhookUrl: address.webhookUrl });
    await waitUntil("the first to post", () => first.snapshot.phase === "posting");
    // The address leads to this one, which only stands by.
    const second = new Process();
    await second.start(address);
    await waitUntil("subscriptions", () => standing().length === 2);
    await waitUntil("the first to know", () => first.snapshot.subscriptionEndsAtMs !== undefined);
    await post();
    change("pay");
    await waitUntil("the payment", async () => (await payments()).includes("paid"));
    expect((await second.outcomes())["received"]).toBeGreaterThanOrEqual(1);
    expect(second.snapshot.subscriptionEndsAtMs).toBeUndefined();

    const subscriptions = standing();
    await first.stop();
    await waitUntil("the second to post", () => second.snapshot.subscriptionEndsAtMs !== undefined);
    expect(standing()).toEqual(subscriptions);
    const before = (await second.outcomes())["received"] ?? 0;
    change("cancel");
    await waitUntil("to be told", async () => ((await second.outcomes())["received"] ?? 0) > before);

    // Whoever does not know the secret has nothing read; what is too large or leads nowhere is not even looked at.
    const { webhookUrl: url } = address;
    const asked = simulator.ledger().requests.length;
    expect(await send(url, JSON.stringify({ value: [notification(FORGED)] }))).toBe(401);
    expect(
      await send(url, JSON.stringify({ value: [{ ...notification(""), clientState: undefined }] })),
    ).toBe(401);
    expect(await send(url, "{")).toBe(400);
    expect(await send(url, Buffer.alloc(3 * 1024 * 1024, 32))).toBe(413);
    expect(await send(url.replace(key, "other"), "{}")).toBe(404);
    expect(await send(url, JSON.stringify({ value: [notification(SECRET), notification(FORGED)] }))).toBe(
      200,
    );
    expect(await second.outcomes()).toMatchObject({
      credential: 3,
      form: 1,
      "too-large": 1,
      "unknown-connection": 1,
    });
    expect(simulator.ledger().requests.length - asked).toBeLessThanOrEqual(1);
    expect(simulator.ledger().wrongRequests).toEqual([]);

    const metrics = await second.metrics.scrape();
    expect(metrics).toContain(`tributary_erp_subscription_end_timestamp_seconds{sink="${key}"}`);
    expect(
      placesOfSecrets(
        [SECRET, FORGED, CLIENT.secret],
        { first: first.log, second: second.log, metrics, records: JSON.stringify(await records()) },
        [first.state, second.state, server.storeDir],
        () => false,
      ),
    ).toEqual([]);
  });

  it("is found by polling where the address can't be reached, and the log says so; after a restart with another address it is told", async () => {
    const process = new Process();
    await process.start({
      ...(await freeAddress()),
      webhookUrl: "http://127.0.0.1:9/webhooks/x",
      paymentInterval: "1s",
    });
    await post();
    change("pay");
    await waitUntil("the payment", async () => (await payments()).includes("paid"));
    expect(standing()).toEqual([]);
    expect(process.log).toContain('"code":"subscription-failed"');
    expect(process.snapshot.subscriptionEndsAtMs).toBeUndefined();
    await process.stop();
    const again = new Process(process.state);
    await again.start(await freeAddress());
    await waitUntil("subscriptions", () => again.snapshot.subscriptionEndsAtMs !== undefined);
    expect(standing()).toHaveLength(2);
    expect(again.log).toContain("notifications of changes are subscribed to");
    expect((await again.outcomes())["handshake"]).toBe(2);
  });

  it("that nobody takes is asked for again", async () => {
    const address = await freeAddress();
    const idle = new Process();
    await idle.start({ ...address, posts: false });
    expect(await send(address.webhookUrl, JSON.stringify({ value: [notification(SECRET)] }))).toBe(503);
    expect(await idle.outcomes()).toEqual({ "no-runner": 1 });
  });
});
