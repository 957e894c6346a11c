import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { Fault } from "../../../simulators/business-central/control-commands.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
  SETTINGS,
  untaxed,
} from "../../../unit/erp/business-central/business-central-fixture.ts";
import { Bookkeeping, CLIENT } from "./environment-fixture.ts";

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
      await books.sink.lookUp(plan, context());
      // Completed where it wasn't found; where it was, nothing changes.
      for (const attempt of [2, 3]) {
        const answer = await books.sink.submit(plan, context(attempt));
        expect(answer.status).toBe("confirmed");
      }
      await books.expectAsPlanned(plan);
      expect(books.counts()[set]).toBe(count);
      // A posting whose answer was lost leaves its batch, without lines.
      const batches = books.simulator.ledger().records.filter((record) => record.set === "journals");
      for (const { lines } of batches) expect(lines).toEqual([]);
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
