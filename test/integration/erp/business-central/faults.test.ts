import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { AREA_GERMANY } from "../../../simulators/business-central/environment.ts";
import { BusinessCentralSimulator } from "../../../simulators/business-central/simulator.ts";
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
  untaxed,
} from "../../../unit/erp/business-central/business-central-fixture.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { Bookkeeping, CLIENT } from "./environment-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
  await books.post(command(customer()));
});
afterEach(async () => {
  await books.close();
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
});
