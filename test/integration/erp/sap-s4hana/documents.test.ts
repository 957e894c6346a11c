import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleSystem } from "../../../simulators/sap-s4hana/system.ts";
import { context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { Bookkeeping, memo } from "./system-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.closeRight();
});

describe("documents", () => {
  it("are created once, and read back as they were planned", async () => {
    const posted = [
      await books.post(command(customer())),
      await books.post(command(invoice())),
      await books.post(memo()),
      await books.post(command(journal())),
    ];
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
    const ofInvoice = read.find(({ externalId }) => externalId === posted[1]?.plan.externalId);
    expect(ofInvoice?.payment).toEqual({ status: "partly-paid", openAmount: "106.53" });
    const { documents, partners, requests } = books.simulator.ledger();
    expect(documents.map(({ type }) => type)).toEqual(["DR", "DG", "SA"]);
    expect(partners).toHaveLength(1);
    expect(requests.filter(({ status }) => status >= 400)).toEqual([]);
    expect(documents[0]).toMatchObject({
      companyCode: "1710",
      number: "1800000000",
      headerText: "N-1",
      documentDate: "2026-06-30",
      createdBy: "TRIBUTARY",
      items: [
        {
          kind: "customer",
          amount: "127.73",
          customer: partners[0]?.number,
          assignmentReference: posted[1]?.plan.externalId,
          dueBaseDate: "2026-06-30",
          netPaymentDays: "30",
        },
        { kind: "ledger", account: "41000000", amount: "-120.5", taxCode: "U1" },
        { kind: "tax", amount: "-7.23" },
      ],
    });
  });

  it("are absent until they are there", async () => {
    for (const each of [command(customer()), command(invoice()), memo(), command(journal())]) {
      const plan = books.sink.plan(each);
      expect(await books.sink.lookUp(plan, context())).toEqual([]);
      expect(await books.sink.readBack([plan], context())).toEqual([]);
    }
  });

  it("keep their total, whatever SAP would work out itself", async () => {
    await books.post(command(customer()));
    const lines = [
      line({ quantity: "98765432109876543210.123456789", net: "0.01", tax: "0", taxes: [] }),
      line({
        line: 2,
        net: "999999999.99",
        tax: "60000000.00",
        taxes: [{ ...line().taxes[0]!, basis: "999999999.99", amount: "60000000.00" }],
        dimensions: { region: "west", team: "sales" },
      }),
      line({ line: 3, kind: "credits", item: "credits", quantity: null, net: "-5", tax: "0", taxes: [] }),
      line({ line: 4, item: "other", net: "0", tax: "0", taxes: [] }),
    ];
    const { plan } = await books.post(
      command(invoice({ lines, net: "999999995", tax: "60000000", total: "1059999995" })),
    );
    await books.expectAsPlanned(plan);
    expect(
      books.document(plan).items.map(({ amount, text, assignment }) => [amount, text, assignment]),
    ).toEqual([
      ["1059999995", "", {}],
      ["-0.01", "API acce (quantity 98765432109876543210.123456789)", {}],
      ["-999999999.99", "API access (quantity 1204331)", { ProfitCenter: "YB110", CostCenter: "17101101" }],
      ["5", "API access", {}],
      ["-60000000", "", {}],
    ]);
  });

  it("have one tax item a tax code and condition type", async () => {
    await books.post(command(customer()));
    const [plain] = line().taxes;
    const taxes = [
      { ...plain!, key: "ca-district", amount: "1.21", percent: "1" },
      { ...plain!, key: "ca-county", amount: "0.3", percent: "0.25" },
    ];
    const lines = [line({ tax: "1.51", taxes }), line({ line: 2, tax: "1.51", taxes })];
    const { plan } = await books.post(command(invoice({ lines, net: "241", tax: "3.02", total: "244.02" })));
    await books.expectAsPlanned(plan);
    expect(
      books
        .document(plan)
        .items.filter(({ kind }) => kind === "tax")
        .map(({ amount }) => amount),
    ).toEqual(["-2.42", "-0.6"]);
  });

  it("of which nothing is to be paid are documents all the same", async () => {
    await books.post(command(customer()));
    const paid = [
      line({ net: "10", tax: "0", taxes: [] }),
      line({ line: 2, kind: "credits", item: "credits", net: "-10", tax: "0", taxes: [] }),
    ];
    const { plan } = await books.post(command(invoice({ lines: paid, net: "0", tax: "0", total: "0" })));
    await books.expectAsPlanned(plan);
    const [found] = await books.sink.readBack([plan], context());
    expect(found?.payment).toEqual({ status: "paid", openAmount: "0" });
  });

  it("name a customer of SAP's own by its number, and leave it alone", async () => {
    const { id } = await books.post(command(customer({ customer: "theirs" })));
    const references = { ...REFERENCES, customer: { acme: { id } } };
    const mapped = await books.post(command(customer({ name: "Another name" }), { references }));
    expect(mapped.id).toBe(id);
    await books.expectAsPlanned(mapped.plan);
    expect(books.simulator.ledger().partners).toMatchObject([{ changes: 1 }]);
    const { plan } = await books.post(command(invoice(), { references }));
    await books.expectAsPlanned(plan);
    const unknown = books.sink.plan(
      command(customer(), { references: { ...REFERENCES, customer: { acme: { id: "999999" } } } }),
    );
    expect(await faultOf(books.sink.submit(unknown, context()))).toMatchObject({ kind: "mapping" });
    expect(await books.sink.lookUp(unknown, context())).toEqual([]);
  });
});

describe("customers", () => {
  it("are brought up to date, part by part, and not changed where nothing differs", async () => {
    const { id } = await books.post(command(customer()));
    await books.post(command(customer()));
    expect(books.simulator.ledger().partners).toMatchObject([{ number: id, changes: 1 }]);
    const { address } = customer();
    const changed = customer({
      name: `Acme Corporation, the whole of it, which has a name of more than forty characters`,
      email: "new@acme.test",
      taxId: "12-3456789",
      paymentDays: 14,
      address: { ...address, city: "New York", region: "NY" },
    });
    const references = { ...REFERENCES, terms: { "14": { id: "0002" } } };
    const { plan } = await books.post(command(changed, { references }));
    const [partner] = books.simulator.ledger().partners;
    expect(partner).toMatchObject({
      number: id,
      fields: {
        OrganizationBPName1: "Acme Corporation, the whole of it, which",
        OrganizationBPName2: "has a name of more than forty character",
        SearchTerm1: "ACME",
      },
      addresses: [{ fields: { CityName: "New York" }, emails: [{ EmailAddress: "new@acme.test" }] }],
      taxNumbers: [{ BPTaxType: "US0", BPTaxNumber: "12-3456789" }],
      companies: [{ CompanyCode: "1710", PaymentTerms: "0002" }],
    });
    await books.post(command(changed, { references }));
    expect(books.simulator.ledger().partners[0]?.changes).toBe(partner?.changes);
    await books.expectAsPlanned(plan);
  });

  it("keep what is SAP's own", async () => {
    books.open({ documents: { ...SETTINGS, sapOwns: ["address", "email", "terms"] } });
    await books.post(command(customer()));
    const { address } = customer();
    await books.post(
      command(
        customer({
          name: "Acme Ltd.",
          email: "new@acme.test",
          paymentDays: 14,
          address: { ...address, city: "Berlin" },
        }),
        { references: { ...REFERENCES, terms: { "14": { id: "0002" } } } },
      ),
    );
    expect(books.simulator.ledger().partners).toMatchObject([
      {
        fields: { OrganizationBPName1: "Acme Ltd." },
        addresses: [{ fields: { CityName: "Los Angeles" }, emails: [{ EmailAddress: "ap@acme.test" }] }],
        companies: [{ PaymentTerms: "NT30" }],
      },
    ]);
  });
});

describe("credit memos", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });

  it("are not sent before the invoice that they name is there", async () => {
    expect(await faultOf(books.post(memo()))).toMatchObject({
      kind: "validation",
      code: "corrected-invoice-missing",
    });
    const unrelated = { ...memo(), after: ["customer:north:acme"] };
    const { plan } = await books.post(unrelated);
    expect(books.document(plan).items[0]).toMatchObject({ amount: "-21.2", invoice: "" });
  });

  it("stay a credit of the customer where nothing is open of the invoice", async () => {
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "pay", reference: plan.externalId });
    const posted = await books.post(memo());
    expect(books.document(posted.plan).items[0]).toMatchObject({ invoice: "" });
    await books.expectAsPlanned(posted.plan);
  });

  it("name no invoice where the system has no field for it", async () => {
    await books.restart({ system: sampleSystem({ knowsInvoiceReference: false }) });
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    books.open({ documents: { ...SETTINGS, appliesCreditMemos: false } });
    await books.expectAsPlanned((await books.post(memo())).plan);
    const [found] = await books.sink.readBack([plan], context());
    expect(found?.payment).toEqual({ status: "open", openAmount: "127.73" });
  });
});

describe("payments", () => {
  const paymentOf = async (pay: { amount?: string; residual?: boolean }[]) => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    for (const each of pay) books.simulator.control({ do: "pay", reference: plan.externalId, ...each });
    const [found] = await books.sink.readBack([plan], context());
    expectEqual(plan, [found!]);
    return found?.payment;
  };

  it("nothing", async () => {
    expect(await paymentOf([])).toEqual({ status: "open", openAmount: "127.73" });
  });
  it("a part that names the invoice, and a part of what is left", async () => {
    const parts = [{ amount: "27.73" }, { amount: "50" }];
    expect(await paymentOf(parts)).toEqual({ status: "partly-paid", openAmount: "50" });
  });
  it("a part that clears it and leaves the rest as an item of its own", async () => {
    const parts = [{ amount: "100", residual: true }];
    expect(await paymentOf(parts)).toEqual({ status: "partly-paid", openAmount: "27.73" });
  });
  it("all of it, after a part", async () => {
    expect(await paymentOf([{ amount: "27.73" }, {}])).toEqual({ status: "paid", openAmount: "0" });
  });
  it("taken back by an accountant", async () => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    books.simulator.control({ do: "reverse", reference: plan.externalId });
    const found = await books.sink.lookUp(plan, context());
    expectEqual(plan, found);
    expect(found[0]?.payment).toEqual({ status: "void", openAmount: "0" });
  });
});

describe("posting dates", () => {
  it("are those of the mapping for a month that is closed; the document keeps its own", async () => {
    await books.post(command(customer()));
    books.simulator.control({ do: "close-period", month: "2026-06" });
    const references = { ...REFERENCES, period: { "2026-06": { posting_date: "2026-07-01" } } };
    const { plan } = await books.post(command(invoice(), { references }));
    await books.expectAsPlanned(plan);
    expect(books.document(plan)).toMatchObject({ documentDate: "2026-06-30", postingDate: "2026-07-01" });
  });
});
