import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { Fault } from "../../../simulators/finance-operations/control-commands.ts";
import { sampleEnvironment } from "../../../simulators/finance-operations/environment.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/** Whatever goes wrong on the way, a fault says what it means, and the next try makes one document. */

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

function copies(): number {
  const { customers, invoices, journals } = books.simulator.ledger();
  return customers.length + invoices.length + journals.length;
}

/** What is sent for each kind, step by step: a part of the path or the batch's body of each write. */
const STEPS: readonly (readonly [name: string, posted: () => PostingCommand, step: string])[] = [
  ["customer", () => command(customer({ customer: "other" })), "CustomersV3"],
  ["invoice", () => command(invoice()), "CDSFreeTextInvoiceHeaders"],
  ["credit memo", () => memo(), "CDSFreeTextInvoiceHeaders"],
  ["journal's header", () => command(journal()), "LedgerJournalHeaders"],
  ["journal's lines", () => command(journal()), "LedgerJournalLines"],
];
const LOSSES: readonly Fault[] = [
  { kind: "lost-before-commit" },
  { kind: "lost-after-commit" },
  { kind: "server-error", status: 502 },
  { kind: "server-error-after-commit", status: 500 },
  { kind: "torn-answer" },
];

describe.each(STEPS)("an answer that is lost: %s", (_, posted, step) => {
  it.each(LOSSES)("$kind: looked up, then there once", async (fault) => {
    await books.post(command(customer()));
    const before = copies();
    const plan = books.sink.plan(posted());
    books.simulator.fault(fault, { times: 1, writesOnly: true, path: step });
    const first = await books.sink.submit(plan, context()).catch((thrown: unknown) => thrown);
    // A customer's answer says nothing that is needed: torn or not, it is there.
    const isHarmless = fault.kind === "torn-answer" && plan.kind === "customer";
    expect(first).toMatchObject(isHarmless ? { status: "confirmed" } : { kind: "unknown" });
    const found = await books.sink.lookUp(plan, context());
    if (found.length === 0) await books.finish(plan);
    await books.expectAsPlanned(plan);
    expect(copies()).toBe(before + 1);
  });
});

it.each(STEPS)("a request that comes twice makes one: %s", async (_, posted, step) => {
  await books.post(command(customer()));
  const before = copies();
  books.simulator.fault({ kind: "duplicate-delivery" }, { times: 1, writesOnly: true, path: step });
  const { plan } = await books.post(posted());
  await books.expectAsPlanned(plan);
  expect(copies()).toBe(before + 1);
});

it("submits a second time without making a second one", async () => {
  await books.post(command(customer()));
  const before = copies();
  books.simulator.control({ do: "stop-posting" });
  for (const posted of [command(invoice()), command(journal())]) {
    const plan = books.sink.plan(posted);
    await books.begin(plan);
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    await books.begin(plan, 2);
    books.simulator.control({ do: "run-posting" });
    expect(await books.sink.submit(plan, context(3))).toMatchObject({ status: "confirmed" });
  }
  expect(copies()).toBe(before + 2);
});

it("tells of a draft that somebody has changed, and of a document under another content", async () => {
  await books.post(command(customer()));
  books.simulator.control({ do: "stop-posting" });
  for (const posted of [command(invoice()), command(journal())]) {
    const plan = books.sink.plan(posted);
    await books.begin(plan);
    books.simulator.control({ do: "edit-amount", document: plan.externalId, line: 1, amount: "5" });
    expect(await faultOf(books.sink.submit(plan, context(2)))).toMatchObject({
      kind: "duplicate",
      code: "draft-differs",
    });
    expect(await books.sink.lookUp(plan, context())).toHaveLength(1);
  }
});

it("makes no second one in another company when the mapping has changed meanwhile", async () => {
  await books.post(command(customer()));
  books.simulator.control({ do: "stop-posting" });
  const south = { id: "demf", customer_group: "80", journal_name: "GenJrn" };
  const references = { ...REFERENCES, legal_entity: { north: south } };
  for (const document of [invoice(), journal()]) {
    await books.begin(books.sink.plan(command(document)));
    const moved = books.sink.plan(command(document, { references }));
    const [found] = await books.sink.lookUp(moved, context());
    expect(found?.document.legalEntity).toBe("usmf");
    expect(moved.expected.legalEntity).toBe("demf");
  }
});

it("takes up a journal's header that was left without lines, and deletes a spare one", async () => {
  const plan = books.sink.plan(command(journal()));
  books.simulator.fault(
    { kind: "duplicate-delivery" },
    { times: 1, path: "LedgerJournalHeaders", method: "POST" },
  );
  books.simulator.fault(
    { kind: "lost-before-commit" },
    { times: 1, path: "LedgerJournalLines", method: "POST" },
  );
  books.simulator.fault({ kind: "lost-after-commit" }, { times: 1, method: "DELETE" });
  expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
  expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
  const handle = await books.begin(plan, 2);
  await books.sink.poll(plan, handle, context());
  expect(books.simulator.ledger().journals).toHaveLength(1);
  await books.expectAsPlanned(plan);
});

describe("what is posted by the environment itself", () => {
  it("is polled until it is, and told to people when it isn't", async () => {
    await books.post(command(customer()));
    books.simulator.control({ do: "stop-posting" });
    for (const posted of [command(invoice()), command(journal())]) {
      const plan = books.sink.plan(posted);
      books.aheadMs = 0;
      const handle = await books.begin(plan);
      expect(await books.sink.poll(plan, handle, context())).toEqual({ status: "pending" });
      expect(await books.sink.readBack([plan], context())).toEqual([]);
      books.aheadMs = 61_000;
      const fault = await faultOf(books.sink.poll(plan, handle, context()));
      expect(fault).toMatchObject({ kind: "validation", code: "not-posted" });
      expect(fault.message).toMatch(/has not been posted for 1m\. Look at the batch job/);
      books.simulator.control({ do: "run-posting" });
      expect(await books.sink.poll(plan, handle, context())).toMatchObject({ status: "confirmed" });
    }
  });

  it("stays unposted in a closed period where the environment looks only then", async () => {
    await books.restart({ environment: sampleEnvironment({ periodCheck: "posting" }) });
    await books.post(command(customer()));
    books.simulator.control({ do: "close-period", month: "2026-06" });
    const plan = books.sink.plan(command(invoice()));
    const handle = await books.begin(plan);
    expect(await books.sink.poll(plan, handle, context())).toEqual({ status: "pending" });
    expect(books.simulator.ledger().postingLog).toHaveLength(1);
    books.simulator.control({ do: "open-period", month: "2026-06" });
    expect(await books.sink.poll(plan, handle, context())).toMatchObject({ status: "confirmed" });
  });

  it("is sent again where somebody has deleted it", async () => {
    await books.post(command(customer()));
    books.simulator.control({ do: "stop-posting" });
    const plan = books.sink.plan(command(invoice()));
    const handle = await books.begin(plan);
    books.simulator.control({ do: "delete-draft", document: plan.externalId });
    expect(await faultOf(books.sink.poll(plan, handle, context()))).toMatchObject({
      kind: "version-conflict",
      code: "draft-deleted",
    });
  });
});

it.each([
  ["a customer that is not there", "mapping", () => command(invoice({ customer: "nobody" }))],
  [
    "an account that is not there",
    "mapping",
    () => command(invoice(), { references: { ...REFERENCES, item: { api: { main_account: "999999" } } } }),
  ],
  [
    "a customer group that is not there",
    "mapping",
    () =>
      command(customer({ customer: "other" }), {
        references: {
          ...REFERENCES,
          legal_entity: { north: { id: "usmf", customer_group: "99", journal_name: "GenJrn" } },
        },
      }),
  ],
  [
    "a journal name that is not there",
    "mapping",
    () =>
      command(journal(), {
        references: {
          ...REFERENCES,
          legal_entity: { north: { id: "usmf", customer_group: "80", journal_name: "Nope" } },
        },
      }),
  ],
  [
    "a company that is not there",
    "mapping",
    () =>
      command(journal(), {
        references: {
          ...REFERENCES,
          legal_entity: { north: { id: "zzzz", customer_group: "80", journal_name: "GenJrn" } },
        },
      }),
  ],
  ["an amount below the currency's", "validation", () => command(invoice({ currency: "JPY" }))],
])("%s: %s, and nothing is left behind", async (_, kind, posted) => {
  await books.post(command(customer()));
  const before = copies();
  const act = async (): Promise<void> => {
    await books.sink.submit(books.sink.plan(posted()), context());
  };
  expect(await faultOf(act())).toMatchObject({ kind });
  expect(copies()).toBe(
    before + (kind === "mapping" && books.simulator.ledger().journals.length > 0 ? 1 : 0),
  );
});

it("tells a closed period, a suspended account and a customer on hold", async () => {
  await books.post(command(customer()));
  const planned = (): Promise<unknown> => books.sink.submit(books.sink.plan(command(invoice())), context());
  books.simulator.control({ do: "close-period", month: "2026-06" });
  expect(await faultOf(planned())).toMatchObject({ kind: "period-closed" });
  expect(await faultOf(books.sink.submit(books.sink.plan(command(journal())), context()))).toMatchObject({
    kind: "period-closed",
  });
  books.simulator.control({ do: "open-period", month: "2026-06" });
  books.simulator.control({ do: "suspend-account", account: "401100" });
  expect(await faultOf(planned())).toMatchObject({ kind: "mapping" });
  books.simulator.control({ do: "activate-account", account: "401100" });
  const { externalId } = books.sink.plan(command(customer()));
  books.simulator.control({ do: "hold-customer", customer: externalId });
  expect(await faultOf(planned())).toMatchObject({ kind: "mapping" });
});

it("waits as long as it is told when there is too much", async () => {
  await books.post(command(customer()));
  books.simulator.fault({ kind: "throttle-storm", ms: 2_500 });
  const plan = books.sink.plan(command(invoice()));
  expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({
    kind: "throttle",
    retryAfterMs: 3_000,
  });
  books.simulator.control({ do: "clear-faults" });
  books.simulator.control({
    do: "set-user-limits",
    limits: { requests: 1, windowMs: 60_000, concurrent: 1 },
  });
  await books.sink.lookUp(plan, context());
  const fault = await faultOf(books.sink.lookUp(plan, context()));
  expect(fault).toMatchObject({ kind: "throttle" });
  expect(fault.retryAfterMs).toBeGreaterThan(50_000);
});

it("gets a new token where one has ended, and says when none can be had", async () => {
  await books.post(command(customer()));
  books.simulator.control({ do: "expire-tokens" });
  await books.post(command(invoice()));
  books.simulator.control({ do: "accept-secret", isGood: false });
  books.simulator.control({ do: "expire-tokens" });
  const plan = books.sink.plan(command(invoice({ number: "N-2" })));
  const fault = await faultOf(books.sink.submit(plan, context()));
  expect(fault).toMatchObject({ kind: "authentication", code: "invalid_client" });
  expect(fault.message).not.toContain("client secret/");
  books.simulator.control({ do: "accept-secret", isGood: true });
  books.simulator.control({ do: "register-application", isRegistered: false });
  expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "authentication" });
});

it("asks for one token, whatever number of requests wait for it", async () => {
  const plan = books.sink.plan(command(invoice()));
  await Promise.all([1, 2, 3, 4].map(() => books.sink.lookUp(plan, context())));
  const { requests } = books.simulator.ledger();
  expect(requests.filter(({ path }) => path.includes("/oauth2/"))).toHaveLength(1);
});

it("tells what came of a request that was given up, that reached nobody, and of an update at the same time", async () => {
  await books.post(command(customer()));
  const plan = books.sink.plan(command(invoice()));
  books.open({ deadlineMs: 400 });
  await books.sink.lookUp(plan, context());
  books.simulator.fault({ kind: "slow", ms: 900 }, { times: 1, path: "CDSFreeTextInvoiceHeaders" });
  expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
  books.open();
  await books.post(command(invoice()));
  books.simulator.fault({ kind: "update-conflict" }, { times: 1, method: "PATCH" });
  const changed = books.sink.plan(command(customer({ name: "Acme Ltd" })));
  expect(await faultOf(books.sink.submit(changed, context()))).toMatchObject({ kind: "version-conflict" });
  books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1 });
  expect(await faultOf(books.sink.lookUp(plan, context()))).toMatchObject({ kind: "transient" });
  books.open({ url: "http://127.0.0.1:1" });
  const fault = await faultOf(books.sink.submit(plan, context()));
  expect(fault.kind).toBe("transient");
});

it("refuses to post a tax that the environment would work out differently", () => {
  books.open({ documents: { ...SETTINGS, taxes: "sales-tax" } });
  const taxed = { ...line().taxes[0]!, amount: "7.24" };
  const document = invoice({ lines: [line({ tax: "7.24", taxes: [taxed] })], tax: "7.24", total: "127.74" });
  expect(() => books.sink.plan(command(document))).toThrow(
    /would work out 7\.23 for tax ca-state of line 1, not 7\.24/,
  );
});
