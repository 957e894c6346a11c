import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MappedReferences, PostingCommand } from "../../../../src/model/posting.ts";
import type { Fault } from "../../../simulators/sap-s4hana/control-commands.ts";
import { sampleSystem } from "../../../simulators/sap-s4hana/system.ts";
import { context, expectEqual, faultOf, unusedAddress } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  REFERENCES,
} from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { Bookkeeping, memo } from "./system-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

const JOURNAL = "journalentry";

describe("an answer that is lost", () => {
  const KINDS: readonly (readonly [kind: string, posted: () => PostingCommand, path: string])[] = [
    ["customer", () => command(customer({ customer: "new" })), "A_BusinessPartner"],
    ["invoice", () => command(invoice({ number: "N-2" })), JOURNAL],
    ["credit memo", () => memo(), JOURNAL],
    ["journal", () => command(journal()), JOURNAL],
  ];
  const AFTER: readonly (readonly [name: string, fault: Fault])[] = [
    ["the connection breaks", { kind: "lost-after-commit" }],
    ["HTTP 502", { kind: "server-error-after-commit", status: 502 }],
    ["processing broke off", { kind: "processing-error-after-commit" }],
  ];
  beforeEach(async () => {
    await books.post(command(customer()));
    await books.post(command(invoice()));
  });

  describe.each(KINDS)("%s", (_, posted, path) => {
    it.each(AFTER)("after it was done (%s): it is found, as it was planned", async (_name, fault) => {
      const plan = books.sink.plan(posted());
      books.simulator.fault(fault, { times: 1, method: "POST", path });
      expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
      expectEqual(plan, await books.sink.lookUp(plan, context(2)));
      expect(books.simulator.ledger().wrongRequests).toEqual([]);
    });

    it("before it was done: nothing is found, and it is sent again", async () => {
      const plan = books.sink.plan(posted());
      books.simulator.fault({ kind: "lost-before-commit" }, { times: 1, method: "POST", path });
      expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
      expect(await books.sink.lookUp(plan, context(2))).toEqual([]);
      await books.sink.submit(plan, context(2));
      expectEqual(plan, await books.sink.lookUp(plan, context(2)));
    });

    it("of a question before it: nothing was done", async () => {
      const plan = books.sink.plan(posted());
      // A journal asks nothing before it is posted.
      if (posted().kind === "journal") return;
      books.simulator.fault({ kind: "lost-before-commit" }, { times: 1, method: "GET" });
      expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "transient" });
      expect(await books.sink.lookUp(plan, context())).toEqual([]);
    });
  });

  it("at each change of a customer: the next attempt does what is left", async () => {
    const { address } = customer();
    const changed = command(
      customer({
        name: "Acme Ltd.",
        email: "new@acme.test",
        taxId: "12-3456789",
        address: { ...address, city: "New York" },
      }),
    );
    const plan = books.sink.plan(changed);
    const absent = [];
    for (let lost = 0; lost < 3; lost++) {
      const kind = lost % 2 === 0 ? "lost-after-commit" : "lost-before-commit";
      books.simulator.fault({ kind }, { times: 1, method: "PATCH" });
      const fault = await faultOf(books.sink.submit(plan, context(lost + 1)));
      expect(fault.kind).toBe("unknown");
      books.simulator.control({ do: "clear-faults" });
      // Not found as it was planned, so that it is sent again.
      absent.push(...(await books.sink.lookUp(plan, context())));
    }
    expect(absent).toEqual([]);
    books.simulator.fault({ kind: "lost-after-commit" }, { times: 1, method: "POST" });
    expect((await faultOf(books.sink.submit(plan, context(4)))).kind).toBe("unknown");
    await books.sink.submit(plan, context(5));
    expectEqual(plan, await books.sink.lookUp(plan, context()));
    const [partner] = books.simulator.ledger().partners;
    expect(partner).toMatchObject({
      fields: { OrganizationBPName1: "Acme Ltd." },
      addresses: [{ fields: { CityName: "New York" }, emails: [{ EmailAddress: "new@acme.test" }] }],
      taxNumbers: [{ BPTaxNumber: "12-3456789" }],
    });
    expect(books.simulator.ledger().partners).toHaveLength(1);
  });
});

describe("what SAP refuses", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });
  const withReferences = (changes: MappedReferences): MappedReferences => ({ ...REFERENCES, ...changes });
  const refusal = async (posted: PostingCommand) => {
    const before = books.simulator.ledger().documents.length;
    const fault = await faultOf(books.post(posted));
    expect(books.simulator.ledger().documents).toHaveLength(before);
    expect(await books.sink.lookUp(books.sink.plan(posted), context())).toEqual([]);
    return fault;
  };

  it("a closed period", async () => {
    books.simulator.control({ do: "close-period", month: "2026-06" });
    expect(await refusal(command(invoice()))).toMatchObject({ kind: "period-closed", code: "201(F5)" });
    expect(await refusal(command(journal()))).toMatchObject({ kind: "period-closed" });
    books.simulator.control({ do: "open-period", month: "2026-06" });
    await books.post(command(invoice()));
  });

  it.each([
    ["an account that isn't there", { item: { api: { account: "99999999" } } }, "507(F5)"],
    ["a customer that isn't there", { customer: { acme: { id: "999999" } } }, "102(F5)"],
    ["an account that wants an assignment", { item: { api: { account: "41000400" } } }, "808(F5)"],
    [
      "a profit centre that isn't there",
      { item: { api: { account: "41000000", profit_center: "NONE" } } },
      "808(F5)",
    ],
    ["a tax code that isn't there", { tax: { "ca-state": { code: "Z9" } } }, "707(FF)"],
    ["a company code that isn't there", { legal_entity: { north: { id: "9999" } } }, "165(F5)"],
    ["a currency that isn't there", { currency: { USD: { id: "XXX" } } }, "041(SV)"],
  ] as const)("%s is the mapping's", async (_, changes, code) => {
    expect(await refusal(command(invoice(), { references: withReferences(changes) }))).toMatchObject({
      kind: "mapping",
      code,
    });
  });

  it("an account that wants a tax code, and gets one from the item's row", async () => {
    const untaxed = invoice({ lines: [line({ tax: "0", taxes: [] })], tax: "0", total: "120.50" });
    const plain = withReferences({ item: { api: { account: "41000300" } } });
    expect(await refusal(command(untaxed, { references: plain }))).toMatchObject({
      kind: "mapping",
      code: "023(FINS_FI_POSTING_IF)",
    });
    const coded = withReferences({ item: { api: { account: "41000300", tax_code: "A0" } } });
    const { plan } = await books.post(command(untaxed, { references: coded }));
    await books.expectAsPlanned(plan);
  });

  it("an account that is blocked, until it isn't", async () => {
    books.simulator.control({ do: "block-account", account: "41000000" });
    expect(await refusal(command(invoice()))).toMatchObject({ kind: "mapping" });
    books.simulator.control({ do: "unblock-account", account: "41000000" });
    await books.post(command(invoice()));
  });

  it("a journal on an account that only customers' items reach", async () => {
    const references = withReferences({
      account: { ...REFERENCES.account, revenue: { id: "12100000" } },
    });
    expect(await refusal(command(journal(), { references }))).toMatchObject({ kind: "mapping" });
  });

  it("a tax that is not the rate's", async () => {
    const taxes = [{ ...line().taxes[0]!, amount: "9" }];
    const wrong = invoice({ lines: [line({ tax: "9", taxes })], tax: "9", total: "129.5" });
    expect(await refusal(command(wrong))).toMatchObject({ kind: "validation", code: "747(FF)" });
  });

  it("a document that somebody else's posting locks is sent again", async () => {
    books.simulator.fault({ kind: "locked-entries", places: [0] });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({
      kind: "transient",
      code: "301(F5)",
    });
    await books.post(command(journal()));
  });

  it("a memo that refers to an invoice, where the system has no such field: HTTP 500, and never sent again", async () => {
    await books.restart({
      system: sampleSystem({ knowsInvoiceReference: false }),
    });
    await books.post(command(customer()));
    await books.post(command(invoice()));
    expect(await faultOf(books.post(memo()))).toMatchObject({ kind: "validation" });
  });
});

describe("several documents at once", () => {
  it("are posted or refused each by itself", async () => {
    await books.post(command(customer()));
    await books.post(command(customer({ customer: "b" })));
    await books.post(command(customer({ customer: "c" })));
    const plans = [
      books.sink.plan(command(invoice())),
      books.sink.plan(
        command(invoice({ number: "N-2", customer: "b" }), {
          references: { ...REFERENCES, item: { api: { account: "99999999" } } },
        }),
      ),
      books.sink.plan(command(invoice({ number: "N-3", customer: "nobody" }))),
      books.sink.plan(command(invoice({ number: "N-4", customer: "c" }))),
    ];
    expect(plans.every((plan) => books.sink.isBatchable(plan))).toBe(true);
    const answers = await books.sink.submitBatch(plans, { ...context(), attempts: [1, 2, 1, 3] });
    expect(answers).toMatchObject([
      { status: "confirmed", erp: { id: "1710-2026-1800000000", number: "1800000000" } },
      { status: "failed", fault: { kind: "mapping", code: "507(F5)" } },
      { status: "failed", fault: { kind: "validation", code: "customer-missing" } },
      { status: "confirmed", erp: { number: "1800000001" } },
    ]);
    expectEqual(plans[0]!, await books.sink.lookUp(plans[0]!, context()));
    expectEqual(plans[3]!, await books.sink.lookUp(plans[3]!, context()));
    expect(books.seen.filter(({ operation }) => operation === "submit-invoice")).toHaveLength(1);
    const lost = [
      books.sink.plan(command(journal())),
      books.sink.plan(command(journal(), { key: "journal:2" })),
    ];
    books.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: JOURNAL });
    const all = books.sink.submitBatch(lost, { ...context(), attempts: [1, 1] });
    expect(await faultOf(all)).toMatchObject({ kind: "unknown" });
    for (const plan of lost) expectEqual(plan, await books.sink.lookUp(plan, context()));
  });
});

describe("who asks", () => {
  it("is refused with wrong credentials", async () => {
    books.open({ authentication: { kind: "basic", username: "UMR_USER", password: "wrong" } });
    expect(await faultOf(books.post(command(customer())))).toMatchObject({ kind: "authentication" });
    books.open({ authentication: { kind: "oauth", clientId: "sb-client!b1", clientSecret: "wrong" } });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({
      kind: "authentication",
      code: "invalid_client",
    });
  });

  it("has one access token for many requests, and another when that has ended", async () => {
    books.openWithTokens();
    await books.post(command(customer()));
    await Promise.all([1, 2, 3].map((n) => books.post(command(journal(), { key: `journal:${n}` }))));
    expect(books.simulator.ledger().tokens).toBe(1);
    books.simulator.control({ do: "expire-tokens" });
    await books.post(command(invoice()));
    expect(books.simulator.ledger().tokens).toBe(2);
    books.simulator.fault({ kind: "token-expiry" }, { times: 1, path: JOURNAL });
    await books.expectAsPlanned((await books.post(memo())).plan);
    expect(books.simulator.ledger().tokens).toBe(3);
    expect(books.simulator.ledger().documents).toHaveLength(5);
  });

  it("has one session for many changes, and another when that has ended", async () => {
    await Promise.all(["a", "b", "c"].map((id) => books.post(command(customer({ customer: id })))));
    expect(books.simulator.ledger().sessions).toBe(1);
    books.simulator.control({ do: "end-sessions" });
    await books.post(command(customer({ customer: "d" })));
    expect(books.simulator.ledger()).toMatchObject({ sessions: 2, wrongRequests: [] });
    expect(books.simulator.ledger().partners).toHaveLength(4);
    books.simulator.fault({ kind: "session-end" }, { rate: 1, method: "POST", path: "A_BusinessPartner" });
    expect(await faultOf(books.post(command(customer({ customer: "e" }))))).toMatchObject({
      kind: "permission",
    });
  });

  it("lacks a permission", async () => {
    books.simulator.control({ do: "revoke-service", service: "journalentrycreaterequestconfi" });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({ kind: "permission" });
  });
});

describe("the way there", () => {
  it("too many requests", async () => {
    books.simulator.fault({ kind: "throttle-storm", ms: 30 });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({ kind: "throttle" });
  });

  it("HTTP 503 did nothing; 500 without a reason may have", async () => {
    books.simulator.fault({ kind: "server-error", status: 503 });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({ kind: "transient" });
    books.simulator.fault({ kind: "server-error", status: 500 });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({ kind: "unknown" });
  });

  it("a change that came in between", async () => {
    await books.post(command(customer()));
    books.simulator.fault({ kind: "changed-meanwhile" }, { times: 1, method: "PATCH" });
    const changed = command(customer({ name: "Acme Ltd." }));
    expect(await faultOf(books.post(changed))).toMatchObject({ kind: "version-conflict" });
    await books.post(changed);
    expect(books.simulator.ledger().partners).toMatchObject([
      { fields: { OrganizationBPName1: "Acme Ltd." } },
    ]);
  });

  it("nobody there", async () => {
    books.open({ url: await unusedAddress() });
    expect(await faultOf(books.post(command(journal())))).toMatchObject({ kind: "transient" });
  });

  it("no answer in time", async () => {
    books.open({ deadlineMs: 500 });
    // Its connection stands: the time is the answer's alone.
    await books.post(command(journal(), { key: "journal:first" }));
    books.simulator.fault({ kind: "slow", ms: 5_000 }, { times: 1, path: JOURNAL });
    const plan = books.sink.plan(command(journal()));
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    books.open();
    let found = await books.sink.lookUp(plan, context());
    await waitUntil("it is there", async () => {
      found = await books.sink.lookUp(plan, context());
      return found.length > 0;
    });
    expectEqual(plan, found);
  });
});
