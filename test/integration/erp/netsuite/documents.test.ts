import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { sampleAccount } from "../../../simulators/netsuite/account.ts";

import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  PREFIX,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping } from "./account-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("documents", () => {
  it("are created once, and read back as they were planned", async () => {
    const customerPosted = await books.post(command(customer()));
    const invoicePosted = await books.post(command(invoice()));
    const memoPosted = await books.post(
      memo({
        lines: [
          line({ net: "20", tax: "1.2", taxes: [{ ...line().taxes[0]!, basis: "20", amount: "1.2" }] }),
        ],
        net: "20",
        tax: "1.2",
        total: "21.2",
      }),
    );
    const journalPosted = await books.post(command(journal()));
    const posted = [customerPosted, invoicePosted, memoPosted, journalPosted];

    for (const { plan, id } of posted) {
      const found = await books.sink.lookUp(plan, context());
      expect(found.map(({ erp }) => erp.id)).toEqual([id]);
      expectEqual(plan, found);
    }
    const read = await books.sink.readBack(
      posted.map(({ plan }) => plan),
      context(),
    );
    for (const { plan, id } of posted) {
      const found = read.filter(({ externalId }) => externalId === plan.externalId);
      expect(found.map(({ erp }) => erp.id)).toEqual([id]);
      expectEqual(plan, found);
    }
    // The memo took from what is open of the invoice.
    expect(read.map(({ payment }) => payment)).toEqual([
      { status: "partly-paid", openAmount: "106.53" },
      null,
      null,
      null,
    ]);
    const { records, requests } = books.simulator.ledger();
    expect(records.filter(({ reversalOf }) => reversalOf === null).map(({ commits }) => commits)).toEqual([
      1, 1, 1, 1,
    ]);
    expect(records.filter(({ reversalOf }) => reversalOf === journalPosted.id)).toHaveLength(1);
    expect(requests.filter(({ status }) => status >= 400)).toEqual([]);
    expect(books.simulator.find("invoice", invoicePosted.plan.externalId)).toMatchObject({
      fields: { tranId: "N-1", dueDate: "2026-07-30" },
      taxTotal: "7.23",
      total: "127.73",
    });
  });

  it("don't grow when they are sent twice", async () => {
    for (const posted of [command(customer()), command(invoice()), command(journal())]) {
      const [first, second] = [await books.post(posted), await books.post(posted)];
      expect(second.id).toBe(first.id);
      expectEqual(first.plan, await books.sink.lookUp(first.plan, context()));
    }
    expect(
      books.simulator.find("customer", `${PREFIX}customer_north_acme`)?.sublists["addressBook"],
    ).toHaveLength(1);
    expect(books.simulator.find("customer", `${PREFIX}customer_north_acme`)?.commits).toBe(2);
  });

  it("are absent until they are there", async () => {
    const plan = books.sink.plan(command(invoice()));
    expect(await books.sink.lookUp(plan, context())).toEqual([]);
    expect(await books.sink.readBack([plan], context())).toEqual([]);
  });

  it("keep their total, whatever NetSuite would work out itself", async () => {
    await books.post(command(customer()));
    const lines = [
      line({ quantity: "98765432109876543210.123456789", net: "0.01", tax: "0", taxes: [] }),
      line({
        line: 2,
        net: "999999999.99",
        tax: "35000000",
        taxes: [
          {
            ...line().taxes[0]!,
            key: "ca-district",
            percent: "3.5",
            basis: "999999999.99",
            amount: "35000000",
          },
        ],
      }),
      line({ line: 3, kind: "credits", item: "credits", quantity: null, net: "-5", tax: "0", taxes: [] }),
    ];
    const { plan } = await books.post(
      command(invoice({ lines, net: "999999995", tax: "35000000", total: "1034999995" })),
    );
    expectEqual(plan, await books.sink.readBack([plan], context()));
    expect(books.simulator.find("invoice", plan.externalId)?.total).toBe("1034999995");
  });

  it("have taxes as lines in an account without SuiteTax", async () => {
    await books.restart({ account: sampleAccount({ hasSuiteTax: false }) });
    books.open({ documents: { ...SETTINGS, taxes: "lines" } });
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("invoice", plan.externalId)).toMatchObject({ total: "127.73" });
  });

  it("leave alone what is NetSuite's own of a customer", async () => {
    for (const isAsynchronous of [false, true]) {
      const id = isAsynchronous ? "b" : "a";
      const netsuiteOwns = ["address", "email", "terms"] as const;
      books.open({ documents: { ...SETTINGS, netsuiteOwns } });
      await books.post(command(customer({ customer: id })));
      books.open({ documents: { ...SETTINGS, netsuiteOwns }, isAsynchronous });
      const changed = customer({ customer: id, name: "Acme Ltd.", email: "new@acme.test", paymentDays: 14 });
      const plan = books.sink.plan(command({ ...changed, address: { ...changed.address, city: "Berlin" } }));
      await books.sink.submit(plan, context());
      await waitUntil(
        "the customer was changed",
        () => books.simulator.find("customer", plan.externalId)?.commits === 2,
      );
      const { fields, sublists } = books.simulator.find("customer", plan.externalId) ?? {};
      expect(fields).toMatchObject({ companyName: "Acme Ltd.", email: "ap@acme.test", terms: "2" });
      expect(sublists?.["addressBook"]).toMatchObject([{ addressBookAddress: { city: "Los Angeles" } }]);
    }
  });

  it("name a customer of NetSuite's own by its id, and leave it alone", async () => {
    const { id } = await books.post(command(customer({ customer: "theirs" })));
    const references = { ...REFERENCES, customer: { acme: { id } } };
    const mapped = await books.post(command(customer({ name: "Another name" }), { references }));
    expect(mapped.id).toBe(id);
    expect(books.simulator.find("customer", `${PREFIX}customer_north_theirs`)).toMatchObject({ commits: 1 });
    const { plan } = await books.post(command(invoice(), { references }));
    await books.expectAsPlanned(plan);
    const unknown = books.sink.plan(
      command(customer(), { references: { ...REFERENCES, customer: { acme: { id: "999999" } } } }),
    );
    expect(await faultOf(books.sink.submit(unknown, context()))).toMatchObject({ kind: "mapping" });
    expect(await books.sink.lookUp(unknown, context())).toEqual([]);
  });
});

describe("credit memos", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });

  it("take no more from an invoice than is open", async () => {
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "pay", invoice: plan.externalId, amount: "100" });
    const posted = await books.post(memo());
    expect(
      books.simulator.find("creditMemo", posted.plan.externalId)?.applications.map(({ amount }) => amount),
    ).toEqual(["27.73"]);
    // Sent again, after its answer was lost: it is found, and its application stays.
    expect((await books.post(memo())).id).toBe(posted.id);
    expect(books.simulator.find("creditMemo", posted.plan.externalId)).toMatchObject({
      commits: 1,
      openAmount: "100",
    });
    const [found] = await books.sink.readBack([plan], context());
    expect(found?.payment).toEqual({ status: "paid", openAmount: "0" });
  });

  it("are not sent before the invoice that they name is there", async () => {
    expect(await faultOf(books.post(memo()))).toMatchObject({
      kind: "validation",
      code: "corrected-invoice-missing",
    });
    const unrelated = command(
      invoice({ kind: "credit-memo", number: "C-1", corrects: { key: "invoice:north:N-1", number: "N-1" } }),
    );
    const posted = await books.post(unrelated);
    expect(books.simulator.find("creditMemo", posted.plan.externalId)?.applications).toEqual([]);
  });
});
