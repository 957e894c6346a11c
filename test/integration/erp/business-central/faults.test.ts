import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { Fault } from "../../../simulators/business-central/control-commands.ts";
import { AREA_GERMANY } from "../../../simulators/business-central/environment.ts";
import { BusinessCentralSimulator } from "../../../simulators/business-central/simulator.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  REFERENCES,
  SETTINGS,
  untaxed,
} from "../../../unit/erp/business-central/business-central-fixture.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { Bookkeeping, CLIENT, context, expectEqual, faultOf } from "./environment-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
  await books.post(command(customer()));
});
afterEach(async () => {
  await books.close();
});

interface Step {
  readonly name: string;
  readonly posted: () => PostingCommand;
  /** Part of the address of the request that goes wrong, and its method. */
  readonly path: string;
  readonly method: string;
  /** Records of the kind that there are in the end. */
  readonly set: string;
  readonly count: number;
}

const STEPS: readonly Step[] = [
  {
    name: "a customer",
    posted: () => command(customer({ customer: "new" })),
    path: "/customers",
    method: "POST",
    set: "customers",
    count: 2,
  },
  {
    name: "a customer's change",
    posted: () => command(customer({ name: "Other" })),
    path: "/customers(",
    method: "PATCH",
    set: "customers",
    count: 1,
  },
  {
    name: "an invoice's draft",
    posted: () => command(untaxed("N-5", "5")),
    path: "$batch",
    method: "POST",
    set: "salesInvoices",
    count: 1,
  },
  {
    name: "an invoice's posting",
    posted: () => command(untaxed("N-5", "5")),
    path: "Microsoft.NAV.post",
    method: "POST",
    set: "salesInvoices",
    count: 1,
  },
  {
    name: "a memo's draft",
    posted: () => ({ ...memo(), after: [] }),
    path: "$batch",
    method: "POST",
    set: "salesCreditMemos",
    count: 1,
  },
  {
    name: "a memo's posting",
    posted: () => ({ ...memo(), after: [] }),
    path: "Microsoft.NAV.post",
    method: "POST",
    set: "salesCreditMemos",
    count: 1,
  },
  {
    name: "a journal's lines",
    posted: () => command(journal()),
    path: "$batch",
    method: "POST",
    set: "generalLedgerEntries",
    count: 2,
  },
  {
    name: "a journal's posting",
    posted: () => command(journal()),
    path: "Microsoft.NAV.post",
    method: "POST",
    set: "generalLedgerEntries",
    count: 2,
  },
];
const LOSSES: readonly Fault[] = [
  { kind: "lost-after-commit" },
  { kind: "lost-before-commit" },
  { kind: "server-error-after-commit", status: 504 },
  { kind: "server-error", status: 408 },
];

describe("an answer that was lost", () => {
  it.each(STEPS.flatMap((step) => LOSSES.map((fault) => [step.name, fault.kind, step, fault] as const)))(
    "of %s (%s) is unknown; then it is found, or completed: once",
    async (_, __, { posted, path, method, set, count }, fault) => {
      const plan = books.sink.plan(posted());
      books.simulator.fault(fault, { times: 1, path, method });
      expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
      const found = await books.sink.lookUp(plan, context());
      if (found.length === 0 || plan.kind === "customer")
        expect((await books.sink.submit(plan, context(2))).status).toBe("confirmed");
      await books.expectAsPlanned(plan);
      // Sent once more although it is there: nothing changes.
      await books.sink.submit(plan, context(3));
      const entries = plan.kind === "journal" ? {} : { generalLedgerEntries: expect.any(Number) as number };
      const counts = books.counts();
      expect(counts[set]).toBe(count);
      // A posting whose answer was lost leaves its batch, without lines.
      const batches = books.simulator.ledger().records.filter((record) => record.set === "journals");
      for (const { lines } of batches) expect(lines).toEqual([]);
      if (plan.kind === "invoice" || plan.kind === "credit-memo") expect(counts).toMatchObject(entries);
    },
  );

  it.each(STEPS)("of nobody: a request for $name that arrives twice makes one", async (step) => {
    books.simulator.fault({ kind: "duplicate-delivery" }, { times: 1, path: step.path, method: step.method });
    const plan = books.sink.plan(step.posted());
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
    expect(books.counts()[step.set]).toBe(step.count);
    expect(books.counts()["journals"]).toBeUndefined();
  });

  it("of a look is asked again, and nothing was done", async () => {
    const plan = books.sink.plan(command(invoice()));
    for (const fault of [{ kind: "lost-before-commit" }, { kind: "server-error", status: 502 }] as const) {
      books.simulator.fault(fault, { times: 1, method: "GET" });
      expect(await faultOf(books.sink.lookUp(plan, context()))).toMatchObject({ kind: "transient" });
    }
  });

  it("of a slow posting is unknown after the deadline", async () => {
    books.open({ deadlineMs: 300 });
    books.simulator.fault({ kind: "slow", ms: 1_000 }, { times: 1, path: "Microsoft.NAV.post" });
    const plan = books.sink.plan(command(invoice()));
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    books.open();
    await books.expectAsPlanned(plan);
  });
});

describe("a draft that was begun", () => {
  it("isn't in the books, and is posted instead of a second one", async () => {
    const plan = books.sink.plan(command(invoice()));
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "transient" });
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    const [draft] = books.simulator.find("salesInvoices", plan.externalId);
    expect(draft?.values["status"]).toBe("Draft");
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
    const drafts = books.simulator.ledger().requests.filter(({ path }) => path === "$batch");
    expect(drafts).toHaveLength(1);
  });

  it("and that somebody changed is replaced", async () => {
    const plan = books.sink.plan(command(invoice()));
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    await faultOf(books.sink.submit(plan, context()));
    const newer = books.sink.plan(command(untaxed("N-1", "99")));
    await books.sink.submit(newer, context());
    await books.expectAsPlanned(newer);
    expect(books.counts()["salesInvoices"]).toBe(1);
  });

  it("beside a posted document is deleted, and never posted", async () => {
    const { plan } = await books.post(command(invoice()));
    const { environment, base } = books.simulator;
    const login = await fetch(`${books.simulator.url}/${environment.tenant}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        scope: "https://api.businesscentral.dynamics.com/.default",
      }),
    });
    const token: unknown = Reflect.get(Object(await login.json()), "access_token");
    await fetch(`${base}/companies(${SETTINGS.companies[0]})/salesInvoices`, {
      method: "POST",
      headers: { authorization: `Bearer ${String(token)}`, "content-type": "application/json" },
      body: JSON.stringify({ externalDocumentNumber: plan.externalId, customerNumber: "UMR-ACME" }),
    });
    expect(books.simulator.find("salesInvoices", plan.externalId)).toHaveLength(2);
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("salesInvoices", plan.externalId)).toHaveLength(1);
  });

  it("of a journal with lines of somebody else is left alone", async () => {
    const plan = books.sink.plan(command(journal()));
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    await faultOf(books.sink.submit(plan, context()));
    // Another document whose code is the same: lines under another number.
    const other = { ...plan, externalId: "UMR-.ANOTHERDOCUMENT" };
    expect(await faultOf(books.sink.submit(other, context()))).toMatchObject({
      kind: "validation",
      code: "journal-batch-taken",
    });
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
  });
});

describe("a refusal", () => {
  it("of a closed period holds the document and leaves nothing behind", async () => {
    books.simulator.control({ do: "close-month", month: "2026-06" });
    for (const posted of [command(invoice()), command(journal())])
      expect(await faultOf(books.post(posted))).toMatchObject({
        kind: "period-closed",
        code: "Application_DialogException",
      });
    expect(books.counts()).toEqual({ customers: 1 });
    books.simulator.control({ do: "open-month", month: "2026-06" });
    await books.post(command(invoice()));
    await books.post(command(journal()));
    books.simulator.control({ do: "allow-posting", from: "2026-07-01", to: "" });
    expect(await faultOf(books.post(command(untaxed("N-2", "1"))))).toMatchObject({ kind: "period-closed" });
  });

  const broken: Record<
    string,
    { readonly references: object; readonly posted: () => PostingCommand["document"] }
  > = {
    account: { references: { item: { api: { account: "9999" } } }, posted: invoice },
    "blocked account": { references: { item: { api: { account: "8000" } } }, posted: invoice },
    "account without direct posting": { references: { item: { api: { account: "8100" } } }, posted: invoice },
    item: { references: { item: { api: { item: "9999" } } }, posted: invoice },
    currency: { references: { currency: { USD: { code: "XXX" } } }, posted: invoice },
    "tax code": { references: { tax: { "ca-state": { code: "NOPE" } } }, posted: invoice },
    "dimension's value": {
      references: { dimension: { "region=west": { dimension: "REGION", value: "NORTH" } } },
      posted: () => invoice({ lines: [line({ dimensions: { region: "west" } })] }),
    },
    dimension: {
      references: { dimension: { "region=west": { dimension: "PLANET", value: "MARS" } } },
      posted: () => invoice({ lines: [line({ dimensions: { region: "west" } })] }),
    },
    "journal's account": {
      references: { account: { ...REFERENCES.account, revenue: { number: "9999" } } },
      posted: journal,
    },
    "payment terms": {
      references: { terms: { "30": { id: "99999999-0000-4000-8000-000000000000" } } },
      posted: () => customer({ customer: "new" }),
    },
  };
  it.each(Object.entries(broken))(
    "of the mapping's %s parks the document",
    async (_, { references, posted }) => {
      const refused = command(posted(), { references: { ...REFERENCES, ...references } });
      expect(await faultOf(books.post(refused))).toMatchObject({ kind: "mapping" });
      expect(books.counts()).toEqual({ customers: 1 });
    },
  );

  it("of what was blocked since parks the document, and its draft is deleted", async () => {
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    const plan = books.sink.plan(command(invoice()));
    await faultOf(books.sink.submit(plan, context()));
    books.simulator.control({ do: "block", what: "account", number: "4000" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "mapping" });
    expect(books.counts()).toEqual({ customers: 1 });
    books.simulator.control({ do: "unblock", what: "account", number: "4000" });
    books.simulator.control({ do: "block-customer", number: "UMR-ACME", blocked: "All" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "mapping" });
    books.simulator.control({ do: "block-customer", number: "UMR-ACME", blocked: " " });
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
  });

  it("for a missing permission is one", async () => {
    for (const permission of ["salesInvoices", "salesInvoices insert", "salesInvoices post"]) {
      books.simulator.control({ do: "revoke-permission", permission });
      expect(await faultOf(books.post(command(invoice())))).toMatchObject({
        kind: "permission",
        code: "Authorization_RequestDenied",
      });
      books.simulator.control({ do: "grant-permission", permission });
    }
    expect(books.counts()).toEqual({ customers: 1 });
  });

  it("of a number, or of a total below zero, is final", async () => {
    const [company] = books.simulator.environment.companies;
    expect(await faultOf(books.post(command(untaxed("N-3", "-1"))))).toMatchObject({ kind: "validation" });
    expect(books.counts()).toEqual({ customers: 1 });
    await books.restart({
      environment: {
        ...books.simulator.environment,
        companies: [{ ...company!, allowsCustomerNumbers: false }],
      },
    });
    const fault = await faultOf(books.post(command(customer())));
    expect(fault).toMatchObject({ kind: "validation" });
    expect(fault.message).toContain("Manual Nos.");
  });

  it("because somebody else changes the customer is looked at again", async () => {
    books.simulator.fault({ kind: "entity-changed" }, { times: 1, method: "PATCH" });
    expect(await faultOf(books.post(command(customer({ name: "Other" }))))).toMatchObject({
      kind: "version-conflict",
      code: "Request_EntityChanged",
    });
    await books.post(command(customer({ name: "Other" })));
  });

  it("of an application to an invoice that was paid meanwhile is looked at again", async () => {
    await books.post(command(invoice()));
    const plan = books.sink.plan(memo());
    books.simulator.fault({ kind: "slow", ms: 300 }, { times: 1, path: "$batch" });
    const submitted = faultOf(books.sink.submit(plan, context()));
    await waitUntil("the draft is there", () =>
      Promise.resolve(books.simulator.find("salesCreditMemos", plan.externalId).length === 1),
    );
    books.simulator.control({ do: "pay", invoice: "N-1" });
    expect(await submitted).toMatchObject({ kind: "version-conflict" });
    expect(books.counts()["salesCreditMemos"]).toBeUndefined();
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
  });

  it("of a tax area that has no such rate is told by the draft's tax", async () => {
    books.open({ documents: { ...SETTINGS, taxAreas: { US: AREA_GERMANY } } });
    await books.post(command(customer()));
    expect(await faultOf(books.post(command(invoice())))).toMatchObject({ code: "draft-differs" });
  });
});

describe("too much", () => {
  it("in a window is throttled, as long as Business Central says", async () => {
    await books.restart({ requestsPerWindow: 5, windowMs: 60_000 });
    await books.post(command(customer()));
    const fault = await faultOf(books.post(command(invoice())));
    expect(fault).toMatchObject({ kind: "throttle", code: "Application_TooManyRequests" });
    expect(fault.retryAfterMs).toBeGreaterThan(0);
    expect(books.counts()["salesInvoices"] ?? 0).toBeLessThanOrEqual(1);
  });

  it("in a storm is throttled, and tried again", async () => {
    books.simulator.fault({ kind: "throttle-storm", ms: 50 }, { times: 1, path: "Microsoft.NAV.post" });
    const plan = books.sink.plan(command(invoice()));
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "throttle" });
    books.simulator.control({ do: "clear-faults" });
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
  });

  it("at once waits: a sixth request, until a place is free", async () => {
    books.simulator.control({ do: "occupy", places: 5 });
    const posted = books.post(command(invoice()));
    const first = await Promise.race([
      posted.then(() => "posted"),
      new Promise((resolve) => setTimeout(resolve, 100)),
    ]);
    expect(first).toBeUndefined();
    books.simulator.control({ do: "occupy", places: 0 });
    await books.expectAsPlanned((await posted).plan);
    expect(books.simulator.ledger().highestConcurrency).toBeLessThanOrEqual(5);
  });
});

describe("the login", () => {
  it("gives one token for many requests, and another one when it has ended", async () => {
    books.open();
    const before = books.simulator.ledger().issuedTokens;
    await Promise.all(["a", "b", "c"].map((name) => books.post(command(customer({ customer: name })))));
    expect(books.simulator.ledger().issuedTokens).toBe(before + 1);
    books.simulator.control({ do: "expire-tokens" });
    books.simulator.fault({ kind: "token-expiry" }, { times: 1, path: "Microsoft.NAV.post" });
    const { plan } = await books.post(command(invoice()));
    await books.expectAsPlanned(plan);
    expect(books.simulator.ledger().issuedTokens).toBe(before + 3);
  });

  it("refuses another secret, and nobody repeats it", async () => {
    books.open({ clientSecret: "not the secret" });
    const fault = await faultOf(books.post(command(customer())));
    expect(fault).toMatchObject({ kind: "authentication", code: "invalid_client" });
    expect(JSON.stringify([fault, fault.message, fault.stack])).not.toContain("not the secret");
    books.open();
    books.simulator.control({ do: "refuse-secret" });
    expect(await faultOf(books.post(command(customer())))).toMatchObject({ kind: "authentication" });
    books.simulator.control({ do: "accept-secret" });
    await books.post(command(customer()));
  });

  it("that can't be reached leaves nothing behind", async () => {
    const gone = await BusinessCentralSimulator.start({ client: CLIENT });
    await gone.close();
    books.open({ tokenUrl: `${gone.url}/x/oauth2/v2.0/token` });
    expect(await faultOf(books.post(command(customer())))).toMatchObject({ kind: "transient" });
    books.open({ base: gone.base });
    expect(await faultOf(books.post(command(customer())))).toMatchObject({ kind: "transient" });
  });
});

it("each request is told with its outcome, for metrics", async () => {
  books.simulator.fault({ kind: "lost-before-commit" }, { times: 1, path: "Microsoft.NAV.post" });
  await faultOf(books.post(command(invoice())));
  expect(books.seen.slice(-3)).toEqual([
    { operation: "look-up-invoice", outcome: "answered" },
    { operation: "draft-invoice", outcome: "answered" },
    { operation: "submit-invoice", outcome: "unknown" },
  ]);
});

it("a document that somebody changed behind our back reads back as it is", async () => {
  const { plan } = await books.post(command(invoice()));
  books.simulator.control({ do: "edit-amount", document: "N-1", amount: "1.00" });
  const [found] = await books.sink.readBack([plan], context());
  expect(found?.document.total).toBe("8.23");
  expect(() => {
    expectEqual(plan, found === undefined ? [] : [found]);
  }).toThrow();
});
