import { createServer, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../../src/model/clock.ts";
import type {
  BusinessCentralOptions,
  WebhookOptions,
} from "../../../../src/sinks/erp/business-central/configuration.ts";
import type { ErpSinkEnvironment } from "../../../../src/sinks/erp/erp-sink.ts";
import type { ReceivedNotification } from "../../../../src/sinks/erp/change-notifications.ts";
import { NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import { readBody } from "../../../simulators/common/http-messages.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { command, customer, invoice } from "../../../unit/erp/business-central/business-central-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/** The adapter's subscriptions against the simulated environment: what there is afterwards, and what arrives at the address. */

const DAY_MS = 24 * 60 * 60_000;
const SECRET = "client-state-of-the-tests-0123456789";
const OTHER_SECRET = `${SECRET}-of-somebody-else`;

/** Both sides go by the clock of the test. */
class TimedBookkeeping extends Bookkeeping {
  protected override newSink(changes: Partial<BusinessCentralOptions>, environment: ErpSinkEnvironment) {
    return super.newSink(changes, { ...environment, clock: { ...systemClock, nowMs: () => nowMs } });
  }
}

let books: Bookkeeping;
let nowMs: number;
let address: Address;

/** Where notifications go: what the sink makes of each, and what it answers. */
class Address {
  readonly received: ReceivedNotification[] = [];
  /** Instead of what the sink says. */
  status: number | undefined;
  url = "";
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, text }) => response.writeHead(status).end(text));
  });

  async open(): Promise<this> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    const at = this.#server.address();
    this.url = `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}/webhooks/main`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get hints() {
    return this.received.flatMap((each) => (each.kind === "changes" ? [each.hint] : []));
  }

  async #answer(request: IncomingMessage): Promise<{ readonly status: number; readonly text: string }> {
    const query = new URL(request.url ?? "", "http://a").searchParams;
    const received = notifications().receive({ query, body: Buffer.from(await readBody(request)) });
    this.received.push(received);
    if (this.status !== undefined) return { status: this.status, text: "" };
    if (received.kind === "handshake") return { status: 200, text: received.text };
    return { status: received.kind === "changes" ? 200 : 401, text: "" };
  }
}

function notifications() {
  const { notifications: own } = books.sink;
  if (own === undefined) throw new Error("the sink has no notifications");
  return own;
}

function open(changes: Partial<WebhookOptions> = {}): void {
  books.open({ webhook: { url: address.url, clientState: SECRET, isActive: true, ...changes } });
}

/** Subscriptions that there are: company, set and end. */
function standing(): string[] {
  return books.simulator.subscriptions
    .alive()
    .map(({ company, set, expiresMs }) => `${company} ${set} ${(expiresMs - nowMs) / DAY_MS} days`);
}

function invoiceRecord() {
  const record = books.simulator.ledger().records.find(({ set }) => set === "salesInvoices");
  if (record === undefined) throw new Error("there is no invoice");
  return record;
}

function requestsBy(method: string): number {
  return books.simulator
    .ledger()
    .requests.filter((each) => each.method === method && each.path.startsWith("subscriptions")).length;
}

beforeEach(async () => {
  nowMs = Date.now();
  address = await new Address().open();
  books = new TimedBookkeeping();
  await books.restart({ nowMs: () => nowMs, notificationDelayMs: 10, notificationRetriesMs: [10, 10, 10] });
  open();
});

afterEach(async () => {
  await books.close();
  await address.close();
});

it("are one for each company, after a handshake, and end in three days", async () => {
  expect(await notifications().keepSubscribed(context())).toEqual({
    endsAtMs: nowMs + 3 * DAY_MS,
    isUnbroken: false,
  });
  expect(standing()).toEqual([`${NORTH} salesInvoices 3 days`, `${SOUTH} salesInvoices 3 days`]);
  expect(address.received.map(({ kind }) => kind)).toEqual(["handshake", "handshake"]);
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: true });
  expect(requestsBy("POST")).toBe(2);
  expect(requestsBy("PATCH")).toBe(0);
});

it("are renewed by the same subscription before they end, with another handshake", async () => {
  await notifications().keepSubscribed(context());
  const before = books.simulator.subscriptions.alive().map(({ id }) => id);
  nowMs += 1.1 * DAY_MS;
  expect(await notifications().keepSubscribed(context())).toEqual({
    endsAtMs: nowMs + 3 * DAY_MS,
    isUnbroken: true,
  });
  expect(books.simulator.subscriptions.alive().map(({ id }) => id)).toEqual(before);
  expect(address.received).toHaveLength(4);
});

it("are made anew where they ended or were removed, and taken over where another process made them", async () => {
  await notifications().keepSubscribed(context());
  const [first] = books.simulator.subscriptions.alive();
  books.simulator.subscriptions.remove(first?.id ?? "");
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: false });
  expect(standing()).toHaveLength(2);
  // Another process with the same settings.
  open();
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: true });
  expect(standing()).toHaveLength(2);
  nowMs += 4 * DAY_MS;
  expect(standing()).toHaveLength(0);
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: false });
  expect(standing()).toHaveLength(2);
});

it("don't pile up: one whose answer was lost is found, and what is there twice is ended", async () => {
  books.simulator.fault({ kind: "lost-after-commit" }, { times: 1, method: "POST", path: "subscriptions" });
  expect(await faultOf(notifications().keepSubscribed(context()))).toMatchObject({ kind: "unknown" });
  expect(standing()).toHaveLength(1);
  await notifications().keepSubscribed(context());
  expect(standing()).toHaveLength(2);
  nowMs += 4 * DAY_MS;
  books.simulator.fault({ kind: "duplicate-delivery" }, { times: 2, method: "POST", path: "subscriptions" });
  await notifications().keepSubscribed(context());
  expect(standing()).toHaveLength(4);
  await notifications().keepSubscribed(context());
  expect(standing()).toHaveLength(2);
});

it("of others, and of companies that are not posted to any more, are told apart", async () => {
  await notifications().keepSubscribed(context());
  const other = await new Address().open();
  try {
    open({ url: other.url });
    await notifications().keepSubscribed(context());
    expect(standing()).toHaveLength(4);
    open();
    await notifications().keepSubscribed(context());
    expect(standing()).toHaveLength(4);
    books.open({
      webhook: { url: address.url, clientState: SECRET, isActive: true },
      documents: { companies: [SOUTH], taxes: "computed", taxAreas: {}, sendsTaxIds: true },
    });
    await notifications().keepSubscribed(context());
    expect(standing().filter((each) => each.startsWith(NORTH))).toHaveLength(1);
    await notifications().unsubscribe(context());
    expect(books.simulator.subscriptions.alive().map(({ notificationUrl }) => notificationUrl)).toEqual([
      other.url,
      other.url,
    ]);
  } finally {
    await other.close();
  }
});

it("get another secret when the settings have one, without a word of it in what goes wrong", async () => {
  await notifications().keepSubscribed(context());
  open({ clientState: OTHER_SECRET });
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: true });
  expect(books.simulator.subscriptions.alive().map(({ clientState }) => clientState)).toEqual([
    OTHER_SECRET,
    OTHER_SECRET,
  ]);
  open({ url: `${address.url}?${SECRET}` });
  address.status = 500;
  const fault = await faultOf(notifications().keepSubscribed(context()));
  expect(fault.message).toContain("500");
  expect(fault.message).not.toContain(SECRET);
});

it("that are refused say why: an address that doesn't answer, a full tenant, a missing permission", async () => {
  open({ url: "http://127.0.0.1:9/webhooks/main" });
  expect(await faultOf(notifications().keepSubscribed(context()))).toMatchObject({ kind: "validation" });
  expect(standing()).toEqual([]);
  open();
  books.simulator.control({ do: "revoke-permission", permission: "subscriptions" });
  expect(await faultOf(notifications().keepSubscribed(context()))).toMatchObject({ kind: "permission" });
  books.simulator.control({ do: "grant-permission", permission: "subscriptions" });
  books.simulator.subscriptions.occupy(199);
  // The one that there is room for is kept, and the other told of.
  const fault = await faultOf(notifications().keepSubscribed(context()));
  expect(fault).toMatchObject({ kind: "validation" });
  expect(fault.message).toContain("maximum of 200 subscriptions");
  expect(standing()).toHaveLength(200);
});

it("that could not be had are found by a check, which changes nothing", async () => {
  const found = async () => (await books.sink.check([], context())).map(({ problem }) => problem);
  expect(await found()).toEqual([]);
  books.simulator.control({ do: "revoke-permission", permission: "subscriptions" });
  expect(await found()).toEqual(["permission"]);
  open({ isActive: false });
  expect(await found()).toEqual([]);
  books.simulator.control({ do: "grant-permission", permission: "subscriptions" });
  books.simulator.subscriptions.occupy(198);
  open();
  expect(await found()).toEqual([]);
  books.simulator.subscriptions.occupy(199);
  expect(await found()).toEqual(["configuration"]);
  expect(requestsBy("POST")).toBe(0);
});

it("tell of invoices by the ids that they are read by, several in a request; a partial payment is told of by nothing", async () => {
  await notifications().keepSubscribed(context());
  await books.post(command(customer()));
  const { id } = await books.post(command(invoice()));
  await waitUntil("the posting to be told", () => address.hints.some(({ ids }) => ids.includes(id)));
  expect(invoiceRecord().id).toBe(id);
  const count = address.hints.length;
  const name = String(invoiceRecord().values["externalDocumentNumber"]);
  books.simulator.control({ do: "pay", invoice: name, amount: "0.01" });
  books.simulator.control({ do: "pay", invoice: name });
  await waitUntil("the payment to be told", () => address.hints.length > count);
  expect(address.hints.slice(count)).toEqual([{ ids: [id], isAll: false }]);
});

it("are told again after a refusal for a time, and ended by any other", async () => {
  await notifications().keepSubscribed(context());
  address.status = 503;
  await books.post(command(customer()));
  await books.post(command(invoice()));
  await waitUntil("a refusal", () => address.received.some(({ kind }) => kind === "changes"));
  address.status = undefined;
  await waitUntil("another try", () =>
    books.simulator.notifications.sent.some(({ status }) => status === 200),
  );
  expect(standing()).toHaveLength(2);
  address.status = 404;
  books.simulator.control({
    do: "pay",
    invoice: String(invoiceRecord().values["externalDocumentNumber"]),
  });
  await waitUntil("the subscriptions to be ended", () => standing().length === 0);
  address.status = undefined;
  expect(await notifications().keepSubscribed(context())).toMatchObject({ isUnbroken: false });
});
