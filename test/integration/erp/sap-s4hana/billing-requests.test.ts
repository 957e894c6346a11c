import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingKind } from "../../../../src/model/posting.ts";
import type { PlannedPosting, PollAnswer, ScannedRecord } from "../../../../src/sinks/erp/erp-sink.ts";
import { sampleSystem } from "../../../simulators/sap-s4hana/system.ts";
import { context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  BILLING,
  BILLING_REFERENCES,
  billed,
  customer,
  invoice,
  journal,
  line,
} from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { Bookkeeping } from "./system-fixture.ts";

/** Invoices and memos that SAP bills by jobs of its own. */

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
  books.openBilling();
  await books.post(billed.command(customer()));
});
afterEach(async () => {
  await books.closeRight();
});

const plannedOf = (changes: Parameters<typeof invoice>[0] = {}): PlannedPosting =>
  books.sink.plan(billed.command(invoice(changes)));
const pollOf = (plan: PlannedPosting, handle: string): Promise<PollAnswer> =>
  books.sink.poll(plan, handle, context());
const ledger = () => books.simulator.ledger();

describe("documents", () => {
  it("of each kind become billing documents, with journal entries, and are read back as planned", async () => {
    const posted = [
      await books.post(billed.command(invoice())),
      await books.post(billed.memo()),
      await books.post(billed.command(journal())),
    ];
    for (const { plan } of posted) await books.expectAsPlanned(plan);
    const { billingDocuments, documents } = ledger();
    expect(billingDocuments.map(({ type, transferStatus }) => type + transferStatus)).toEqual(["F2C", "G2C"]);
    expect(documents.map(({ type }) => type)).toEqual(["RV", "RV", "SA"]);
    expect(posted.slice(0, 2).map(({ id }) => id)).toEqual(billingDocuments.map(({ number }) => number));
  });

  it("go by one message, and are asked about together", async () => {
    const plans = ["N-1", "N-2", "N-3"].map((number) => plannedOf({ number }));
    const answers = await books.sink.submitBatch(plans, { ...context(), attempts: [1, 1, 1] });
    const accepted = answers.map((answer, index) => {
      if (answer.status !== "accepted") throw new Error("it was not accepted");
      return { plan: plans[index]!, handle: answer.handle };
    });
    books.seen.length = 0;
    const polled = await books.sink.pollBatch(accepted, context());
    expect(polled.map(({ status }) => status)).toEqual(["confirmed", "confirmed", "confirmed"]);
    expect(books.seen.map(({ operation }) => operation)).toEqual([
      "poll-requests",
      "poll-requests",
      "read-customers",
    ]);
    expect(
      ledger().requests.filter(({ path, method }) => method === "POST" && path.includes("bdr")),
    ).toHaveLength(1);
  });

  it("wait for the jobs: first unbilled, then refused by accounting, then posted", async () => {
    books.simulator.control({ do: "pause-billing" });
    const plan = plannedOf();
    const handle = await books.begin(plan);
    expect(await pollOf(plan, handle)).toEqual({ status: "pending" });
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    books.simulator.control({ do: "close-period", month: "2026-06" });
    books.simulator.control({ do: "resume-billing" });
    expect(await faultOf(pollOf(plan, handle))).toMatchObject({ kind: "period-closed" });
    // Sent again it is taken up where it stands.
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    const again = await books.begin(plan, 2);
    books.simulator.control({ do: "open-period", month: "2026-06" });
    expect(await pollOf(plan, again)).toMatchObject({ status: "confirmed" });
    expect([ledger().requestsToBill.length, ledger().billingDocuments.length]).toEqual([1, 1]);
  });

  it("are sent once, whoever sends them, and however often", async () => {
    books.simulator.control({ do: "pause-billing" });
    const plan = plannedOf();
    // Neither sees the other's.
    await Promise.all([books.begin(plan), books.begin(plan)]);
    await books.begin(plan, 2);
    books.simulator.control({ do: "resume-billing" });
    const answer = await books.sink.submit(plan, context(3));
    expect(answer.status).toBe("confirmed");
    expect([ledger().requestsToBill.length, ledger().billingDocuments.length]).toEqual([1, 1]);
  });
});

it("are asked for before each is sent, whether SAP refuses a reference that comes again or not", async () => {
  await books.restart({ system: sampleSystem({ refusesRepeatedReferences: false }) });
  books.openBilling();
  await books.post(billed.command(customer()));
  books.simulator.control({ do: "pause-billing" });
  const plan = plannedOf();
  for (let attempt = 1; attempt <= 3; attempt++) await books.begin(plan, attempt);
  books.simulator.control({ do: "resume-billing" });
  await books.finish(plan, 4);
  expect([ledger().requestsToBill.length, ledger().billingDocuments.length]).toEqual([1, 1]);
});

describe("payments", () => {
  it("are those of the journal entry; a cancelled document is void", async () => {
    const { plan, id } = await books.post(billed.command(invoice()));
    const reference = plan.externalId;
    const paymentOf = async () => (await books.sink.readBack([plan], context()))[0]?.payment;
    expect(await paymentOf()).toEqual({ status: "open", openAmount: "127.73" });
    books.simulator.control({ do: "pay", reference, amount: "27.73" });
    expect(await paymentOf()).toEqual({ status: "partly-paid", openAmount: "100" });
    books.simulator.control({ do: "pay", reference });
    expect(await paymentOf()).toEqual({ status: "paid", openAmount: "0" });
    books.simulator.control({ do: "pause-billing" });
    books.simulator.control({ do: "cancel-billing-document", number: id });
    expect(await paymentOf()).toEqual({ status: "void", openAmount: "0" });
    // The job bills the request again: another document, which its number tells.
    books.simulator.control({ do: "resume-billing" });
    const [second, ...others] = await books.sink.readBack([plan], context());
    expect([second?.erp.id === id, others]).toEqual([false, []]);
  });
});

describe("what SAP refuses", () => {
  it("without a word is looked for before: a customer's sales area, a material", async () => {
    const [partner] = ledger().partners;
    books.simulator.control({ do: "delete-material", material: "USAGE" });
    expect(await faultOf(books.sink.submit(plannedOf(), context()))).toMatchObject({
      kind: "mapping",
      code: "material-missing",
    });
    books.simulator.control({ do: "drop-sales-areas", partner: partner!.number });
    expect(await faultOf(books.sink.submit(plannedOf(), context()))).toMatchObject({
      kind: "mapping",
      code: "sales-area-missing",
    });
    expect(ledger().messageLog).toEqual([]);
    // The customer's next command gives it its sales area again.
    await books.post(billed.command(customer()));
    expect(ledger().partners[0]?.salesAreas).toHaveLength(1);
  });

  it("where materials can't be read is told after the deadline, and sent again after a retry", async () => {
    books.openBilling({ requestDeadlineMs: 1 });
    books.simulator.control({ do: "revoke-service", service: "API_PRODUCT_SRV" });
    books.simulator.control({ do: "refuse-documents", headerText: "N-1" });
    const plan = plannedOf();
    const handle = await books.begin(plan);
    expect(await faultOf(pollOf(plan, handle))).toMatchObject({
      kind: "validation",
      code: "request-missing",
    });
    expect(ledger().messageLog).toEqual(["Check of the company: N-1 needs somebody's consent"]);
    books.simulator.control({ do: "accept-documents" });
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    await books.finish(plan, 2);
    await books.expectAsPlanned(plan);
  });

  it("by leaving the request in error is told, and put out of the way by what is sent then", async () => {
    books.openBilling({ priceCondition: "ZPR9" });
    const wrong = plannedOf();
    const handle = await books.begin(wrong);
    expect(await faultOf(pollOf(wrong, handle))).toMatchObject({
      kind: "mapping",
      code: "pricing-incomplete",
    });
    books.openBilling();
    const right = plannedOf();
    expect(await books.sink.lookUp(right, context())).toEqual([]);
    await books.finish(right);
    expect(ledger().requestsToBill.map(({ status }) => status)).toEqual(["D", "C"]);
    await books.expectAsPlanned(right);
  });

  it("since the taxes that it works out are others is seen before it bills", async () => {
    books.simulator.control({ do: "pause-billing" });
    const lines = [line({ tax: "0", taxes: [] })];
    const plan = plannedOf({ lines, tax: "0", total: "120.50" });
    const handle = await books.begin(plan);
    const fault = await faultOf(pollOf(plan, handle));
    expect(fault).toMatchObject({ kind: "duplicate", code: "request-differs" });
    expect(fault.message).toContain("tax is 7.23 in the ERP, 0 here");
    expect(await books.sink.lookUp(plan, context())).toMatchObject([{ document: { tax: "7.23" } }]);
  });

  it("since somebody has rejected it there is told, and it is sent again after a retry", async () => {
    books.simulator.control({ do: "pause-billing" });
    const plan = plannedOf();
    const handle = await books.begin(plan);
    const [sent] = ledger().requestsToBill;
    books.simulator.control({ do: "reject-request", reference: sent?.reference ?? "" });
    expect(await faultOf(pollOf(plan, handle))).toMatchObject({
      kind: "validation",
      code: "request-rejected",
    });
    books.simulator.control({ do: "resume-billing" });
    await books.finish(plan, 2);
    await books.expectAsPlanned(plan);
  });

  it("since it is billed together with others, under another reference: nothing is sent again", async () => {
    books.simulator.control({ do: "pause-billing" });
    const plans = ["N-1", "N-2"].map((number) => plannedOf({ number }));
    const handles: string[] = [];
    for (const plan of plans) handles.push(await books.begin(plan));
    books.simulator.control({ do: "bill-with-reference", reference: "MONTHLY" });
    books.simulator.control({ do: "resume-billing" });
    for (const [index, plan] of plans.entries()) {
      const told = { kind: "validation", code: "billed-elsewhere" };
      expect(await faultOf(pollOf(plan, handles[index] ?? ""))).toMatchObject(told);
      expect(await faultOf(books.sink.lookUp(plan, context()))).toMatchObject(told);
      expect(await faultOf(books.sink.submit(plan, context(2)))).toMatchObject(told);
    }
    const [combined, ...others] = ledger().billingDocuments;
    expect([combined?.items.length, others]).toEqual([2, []]);
    // Cancelled and billed each by itself, they are as they should be.
    books.simulator.control({ do: "bill-with-reference", reference: "" });
    books.simulator.control({ do: "cancel-billing-document", number: combined?.number ?? "" });
    for (const plan of plans) {
      await books.finish(plan, 3);
      await books.expectAsPlanned(plan);
    }
  });

  it("since a revenue account isn't found", async () => {
    const references = {
      ...BILLING_REFERENCES,
      item: { api: { account: "41000000", material: "USAGE_UNASSIGNED" } },
    };
    const plan = books.sink.plan(billed.command(invoice(), { references }));
    const handle = await books.begin(plan);
    expect(await faultOf(pollOf(plan, handle))).toMatchObject({
      kind: "mapping",
      code: "accounting-status-B",
    });
  });

  it("when the form is wrong is a fault at once", async () => {
    books.openBilling({ service: { ...BILLING.service, message: "BDRRequests" } });
    expect(await faultOf(books.sink.submit(plannedOf(), context()))).toMatchObject({ kind: "validation" });
    expect(ledger().wrongRequests).toHaveLength(1);
    await books.restart();
  });

  it("as another document under the key is nobody's to overwrite", async () => {
    const lines = [line({ net: "1", tax: "0.06", taxes: [{ ...line().taxes[0]!, amount: "0.06" }] })];
    await books.finish(plannedOf({ lines, net: "1", tax: "0.06", total: "1.06" }));
    const plan = plannedOf();
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "duplicate" });
    expect(await books.sink.lookUp(plan, context())).toMatchObject([{ document: { total: "1.06" } }]);
    expect(ledger().requestsToBill).toHaveLength(1);
  });
});

describe("searching and checking", () => {
  it("finds billing documents once, and no journal entries of theirs", async () => {
    const { plan, id } = await books.post(billed.command(invoice()));
    const { plan: entry } = await books.post(billed.command(journal()));
    const { id: cancelled } = await books.post(billed.command(invoice({ number: "N-2" })));
    books.simulator.control({ do: "pause-billing" });
    books.simulator.control({ do: "cancel-billing-document", number: cancelled });
    const found: ScannedRecord[] = [];
    for await (const page of books.sink.scan(new Date().toISOString().slice(0, 10), context()))
      found.push(...page);
    const documents = found.filter(({ externalId }) => externalId !== found.at(-1)?.externalId);
    expect(documents.map(({ externalId }) => externalId).sort()).toEqual(
      [plan.externalId, entry.externalId].sort(),
    );
    expect(found.find(({ externalId }) => externalId === plan.externalId)?.erp.id).toBe(id);
  });

  it("checks arrangements and mapping", async () => {
    const KINDS: readonly PostingKind[] = ["customer", "invoice", "credit-memo", "journal"];
    const references = {
      legal_entity: { north: { ...BILLING_REFERENCES.legal_entity?.["north"], sales_organization: "9999" } },
      item: { api: { account: "41000000", material: "NOTHING" } },
    };
    expect(await books.sink.check(KINDS, context(), BILLING_REFERENCES)).toEqual([]);
    const missing = await books.sink.check(KINDS, context(), references);
    expect(missing.map(({ message }) => message)).toEqual([
      "The sales organisation 9999 does not exist in SAP (mapping table legal_entity, key north).",
      "The material with sales data NOTHING does not exist in SAP (mapping table item, key api).",
    ]);
    const services = ["API_BILLING_DOCUMENT_REQUEST_SRV", "bdr_request_in", "API_BILLING_DOCUMENT_SRV"];
    for (const service of services) books.simulator.control({ do: "revoke-service", service });
    const refused = await books.sink.check(["invoice"], context());
    expect(refused.map(({ problem, message }) => `${problem} ${/SAP_COM_\d+/.exec(message)?.[0]}`)).toEqual([
      "permission SAP_COM_0176",
      "permission SAP_COM_0176",
      "permission SAP_COM_0120",
    ]);
  });
});

it("reads many by few requests", async () => {
  const plans = Array.from({ length: books.sink.maxReadBack }, (_, n) => plannedOf({ number: `N-${n}` }));
  for (const plan of plans) await books.finish(plan);
  books.seen.length = 0;
  const found = await books.sink.readBack(plans, context());
  expect(found).toHaveLength(plans.length);
  expect(books.seen.length).toBeLessThanOrEqual(4);
  for (const plan of plans)
    expectEqual(
      plan,
      found.filter(({ externalId }) => externalId === plan.externalId),
    );
});
