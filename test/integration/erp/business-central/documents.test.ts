import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AREA_CALIFORNIA, NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import { context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
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
import { Bookkeeping } from "./environment-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("customers", () => {
  it("are created, read back, and changed", async () => {
    const { plan, id } = await books.post(command(customer({ taxId: "DE123" })));
    expect(plan.externalId).toBe("UMR-ACME");
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("customers", "UMR-ACME")[0]?.values).toMatchObject({
      displayName: "Acme Corporation",
      addressLine1: "1 Main Street",
      taxRegistrationNumber: "DE123",
      currencyCode: "USD",
    });
    const changed = await books.post(command(customer({ name: "Acme, renamed", currency: "EUR" })));
    expect(changed.id).toBe(id);
    await books.expectAsPlanned(changed.plan);
    expect(books.simulator.find("customers", "UMR-ACME")).toHaveLength(1);
    expect(books.simulator.find("customers", "UMR-ACME")[0]?.values["displayName"]).toBe("Acme, renamed");
  });

  it("of the mapping are looked for and left as they are", async () => {
    await books.post(command(customer({ customer: "known", currency: "EUR" })));
    const references = { ...REFERENCES, customer: { acme: { number: "umr-known" } } };
    const { plan } = await books.post(command(customer(), { references }));
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("customers", "UMR-KNOWN")[0]?.values["displayName"]).toBe("Acme Corporation");
    expect(books.counts()).toEqual({ customers: 1 });
    const missing = { ...REFERENCES, customer: { acme: { number: "C00010" } } };
    expect(await faultOf(books.post(command(customer(), { references: missing })))).toMatchObject({
      kind: "mapping",
    });
  });

  it("get the tax area of their place", async () => {
    books.open({ documents: { ...SETTINGS, taxAreas: { "US/CA": AREA_CALIFORNIA } } });
    await books.post(command(customer()));
    expect(books.simulator.find("customers", "UMR-ACME")[0]?.values).toMatchObject({
      taxLiable: true,
      taxAreaId: AREA_CALIFORNIA,
    });
  });
});

describe("invoices", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });

  it("are posted as they are planned, with a number of Business Central's own", async () => {
    const dimensions = { region: "west", team: "sales" };
    const { plan, id } = await books.post(
      command(
        invoice({
          lines: [
            line({ dimensions }),
            line({ line: 2, item: "storage", net: "-0.50", tax: "0", taxes: [] }),
          ],
          net: "120.00",
          total: "127.23",
        }),
      ),
    );
    await books.expectAsPlanned(plan);
    const [record] = books.simulator.find("salesInvoices", plan.externalId);
    expect(record).toMatchObject({
      id,
      company: NORTH,
      values: {
        number: "PS-INV103001",
        customerPurchaseOrderReference: "N-1",
        status: "Open",
        totalAmountExcludingTax: "120",
        totalTaxAmount: "7.23",
        totalAmountIncludingTax: "127.23",
        invoiceDate: "2026-06-30",
        postingDate: "2026-06-30",
        dueDate: "2026-07-30",
      },
    });
    expect(
      record?.lines.map(({ values, dimensions: sent }) => [
        values["lineType"],
        values["description"],
        values["netAmount"],
        sent,
      ]),
    ).toEqual([
      ["Comment", "N-1: Usage of June 2026", undefined, {}],
      ["Account", "API access (quantity 1204331)", "120.5", { REGION: "WEST", DEPARTMENT: "SALES" }],
      ["Item", "API access (quantity 1204331)", "-0.5", {}],
    ]);
    // One look, a draft, the posting, and a look at what was posted.
    expect(books.seen.slice(2, 6).map(({ operation }) => operation)).toEqual([
      "look-up-invoice",
      "draft-invoice",
      "submit-invoice",
      "look-up-invoice",
    ]);
    expect(books.counts()).toEqual({ customers: 1, salesInvoices: 1, generalLedgerEntries: 4 });
  });

  it("keep their id where Business Central lets them", async () => {
    const { environment } = books.simulator;
    await books.restart({ environment: { ...environment, keepsIds: true } });
    await books.post(command(customer()));
    const { plan, id } = await books.post(command(invoice()));
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("salesInvoices", plan.externalId)[0]?.id).toBe(id);
  });

  it("have their taxes as lines where the connection says so", async () => {
    books.open({ documents: { ...SETTINGS, taxes: "lines", untaxedCode: "NONE" } });
    const odd = line({
      tax: "7.99",
      taxes: [
        { ...line().taxes[0]!, amount: "7.22" },
        { ...line().taxes[0]!, key: "ca-district", percent: "0.64", amount: "0.77" },
      ],
    });
    const { plan } = await books.post(command(invoice({ lines: [odd], tax: "7.99", total: "128.49" })));
    await books.expectAsPlanned(plan);
    expect(plan.expected).toMatchObject({ total: "128.49", tax: "0" });
  });

  it("are not posted where Business Central works out another tax, and leave no draft", async () => {
    const off = line({ tax: "7.24", taxes: [{ ...line().taxes[0]!, amount: "7.24" }] });
    const fault = await faultOf(books.post(command(invoice({ lines: [off], tax: "7.24", total: "127.74" }))));
    expect(fault).toMatchObject({ kind: "validation", code: "draft-differs" });
    expect(fault.message).toContain("total is 127.73 in the ERP, 127.74 here");
    expect(books.counts()).toEqual({ customers: 1 });
  });

  it("of another company and currency are posted there", async () => {
    await books.post(command(customer({ legalEntity: "south", currency: "EUR" })));
    const posted = command(untaxed("S-1", "10.01", { legalEntity: "south", currency: "USD" }));
    const { plan } = await books.post(posted);
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("salesInvoices", plan.externalId)[0]?.company).toBe(SOUTH);
  });

  it("come to nothing where they do", async () => {
    const { plan } = await books.post(command(untaxed("N-0", "0")));
    await books.expectAsPlanned(plan);
    const [found] = await books.sink.lookUp(plan, context());
    expect(found?.payment).toEqual({ status: "paid", openAmount: "0" });
  });

  it("with many lines are one document", async () => {
    const lines = Array.from({ length: 300 }, (_, index) =>
      line({ line: index + 1, net: "0.01", tax: "0", taxes: [] }),
    );
    const { plan } = await books.post(command(invoice({ lines, net: "3", tax: "0", total: "3" })));
    await books.expectAsPlanned(plan);
    expect(plan.expected.lines).toHaveLength(300);
  });
});

describe("payments", () => {
  it("show with the invoice: open, partly paid, paid, void", async () => {
    await books.post(command(customer()));
    const { plan } = await books.post(command(invoice()));
    const payment = async () => (await books.sink.readBack([plan], context()))[0]?.payment;
    expect(await payment()).toEqual({ status: "open", openAmount: "127.73" });
    books.simulator.control({ do: "pay", invoice: "N-1", amount: "27.73" });
    expect(await payment()).toEqual({ status: "partly-paid", openAmount: "100" });
    books.simulator.control({ do: "pay", invoice: plan.externalId });
    expect(await payment()).toEqual({ status: "paid", openAmount: "0" });
    const other = await books.post(command(untaxed("N-2", "5")));
    books.simulator.control({ do: "cancel", invoice: "N-2" });
    expect((await books.sink.readBack([other.plan], context()))[0]?.payment?.status).toBe("void");
  });
});

describe("credit memos", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });

  it("are applied to the invoice that they correct", async () => {
    const { plan: invoicePlan } = await books.post(command(invoice()));
    const { plan } = await books.post(memo());
    await books.expectAsPlanned(plan);
    const [corrected] = await books.sink.readBack([invoicePlan], context());
    expect(corrected?.payment).toEqual({ status: "paid", openAmount: "0" });
    const [record] = books.simulator.find("salesCreditMemos", plan.externalId);
    expect(record?.lines[0]?.values["description"]).toBe("C-1, corrects N-1: Usage of June 2026");
  });

  it("stay a credit of the customer where nothing of the invoice is open, or it is of a later day", async () => {
    await books.post(command(invoice()));
    books.simulator.control({ do: "pay", invoice: "N-1" });
    const paid = await books.post(memo());
    await books.expectAsPlanned(paid.plan);
    const later = { key: "invoice:north:N-9", number: "N-9" };
    await books.post(command(untaxed("N-9", "5", { issueDate: "2026-07-02" })));
    const early = await books.post(memo({ number: "C-9", corrects: later }));
    for (const { plan } of [paid, early])
      expect(books.simulator.find("salesCreditMemos", plan.externalId)[0]).toMatchObject({
        applied: "0",
        values: { status: "Open", invoiceNumber: "" },
      });
  });

  it("need the invoice where that must be there", async () => {
    expect(await faultOf(books.post(memo()))).toMatchObject({
      kind: "validation",
      code: "corrected-invoice-missing",
    });
    const loose = { ...memo(), after: ["customer:north:acme"] };
    await books.expectAsPlanned((await books.post(loose)).plan);
  });

  it("of an invoice that is paid between look and posting are applied anew", async () => {
    await books.post(command(invoice()));
    const plan = books.sink.plan(memo());
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "transient" });
    books.simulator.control({ do: "pay", invoice: "N-1" });
    await books.sink.submit(plan, context());
    await books.expectAsPlanned(plan);
    expect(books.simulator.find("salesCreditMemos", plan.externalId)[0]?.applied).toBe("0");
    expect(books.counts()).toMatchObject({ salesInvoices: 1, salesCreditMemos: 1 });
  });
});

describe("journals", () => {
  it("are posted and read back as ledger entries, and leave no batch", async () => {
    const dimensions = { team: "sales" };
    const [debit, credit] = journal().lines;
    const { plan, id } = await books.post(command(journal({ lines: [{ ...debit!, dimensions }, credit!] })));
    expect(id).toBe(plan.externalId);
    expect(plan.externalId).toMatch(/^UMR-\.[A-Z2-7]{15}$/);
    await books.expectAsPlanned(plan);
    expect(books.counts()).toEqual({ generalLedgerEntries: 2 });
  });

  it("with many lines are one transaction", async () => {
    const fields = { dimensions: {}, memo: "" };
    const lines = Array.from({ length: 500 }, (_, index) => ({
      line: index + 1,
      account: index % 2 === 0 ? "revenue" : "unbilled-receivable",
      debit: index % 2 === 0 ? null : "0.07",
      credit: index % 2 === 0 ? "0.07" : null,
      ...fields,
    }));
    const { plan } = await books.post(command(journal({ lines })));
    await books.expectAsPlanned(plan);
    expect(books.counts()).toEqual({ generalLedgerEntries: 500 });
  });
});

describe("many at once", () => {
  it("are read back by one request for each company and kind", async () => {
    await books.post(command(customer()));
    await books.post(command(customer({ legalEntity: "south", currency: "EUR" })));
    const posted = [
      await books.post(command(invoice())),
      await books.post(command(untaxed("N-2", "2"))),
      await books.post(command(untaxed("S-1", "3", { legalEntity: "south", currency: "EUR" }))),
      await books.post(memo()),
      await books.post(command(journal())),
    ];
    const plans = posted.map(({ plan }) => plan);
    const absent = books.sink.plan(command(untaxed("N-77", "1")));
    books.open();
    const found = await books.sink.readBack([...plans, absent], context());
    expect(books.seen).toHaveLength(4);
    expect(found).toHaveLength(plans.length);
    for (const plan of plans)
      expectEqual(
        plan,
        found.filter(({ externalId }) => externalId === plan.externalId),
      );
  });
});
