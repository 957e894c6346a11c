import { describe, expect, it } from "vitest";
import { balanceOf, Billing, catalogOf, contract, summary } from "./billed-partition.ts";

describe("the life of invoices", () => {
  it("holds a document whose tax can't be told, bills the others, and takes it up when a rate is there", async () => {
    const contracts = [contract(), contract({ id: "D", account: "other", customer: "abroad" })];
    const customers = [
      { id: "customer", name: "Customer", country: "DE" },
      { id: "abroad", name: "Abroad", country: "FR" },
    ];
    const german = { key: "de", name: "VAT", country: "DE", percent: "19", from: "2020-01-01" };
    const files = { "contracts/all.json": contracts, "customers/all.json": customers };
    const billing = new Billing(catalogOf({ ...files, "tax_rates/all.json": [german] }));
    await billing.until("2026-01-02");
    const held = await billing.result();
    expect(summary(held.invoices)).toEqual([
      ["INV-000001", "invoice", "final", "368.90", ["Support, recurring fee 310.00"]],
      [null, "invoice", "held", "310.00", ["Support, recurring fee 310.00"]],
    ]);
    expect(held.report.exceptions).toMatchObject([{ stage: "tax", reason: "tax-rate-missing" }]);
    expect(balanceOf(held.journal, "receivable")).toBe(368.9);
    const french = { key: "fr", name: "TVA", country: "FR", percent: "20", from: "2020-01-01" };
    await billing.take(catalogOf({ ...files, "tax_rates/all.json": [german, french] }));
    const taken = await billing.result();
    expect(taken.invoices.filter(({ account }) => account === "other")).toMatchObject(
      [
        { number: "INV-000002", status: "final", tax: "62.00", total: "372.00", issueDate: "2026-01-01" },
        { status: "draft" },
      ].slice(0, 1),
    );
    expect(balanceOf(taken.journal, "receivable")).toBe(740.9);
  });

  it("gives back what was paid in advance for days after an earlier end, with a credit memo", async () => {
    const open = catalogOf({ "contracts/all.json": [contract()] });
    const ended = catalogOf({ "contracts/all.json": [contract({ end: "2026-01-11" })] });
    const billing = new Billing(open);
    await billing.until("2026-01-05");
    await billing.take(ended);
    await billing.until("2026-04-01");
    const { invoices, journal } = await billing.result();
    // 10 of 31 days: 100 of 310.
    expect(summary(invoices)).toEqual([
      ["INV-000001", "invoice", "final", "310.00", ["Support, recurring fee 310.00"]],
      ["INV-000002", "credit-memo", "final", "-210.00", ["Support, recurring fee, correction -210.00"]],
    ]);
    expect(balanceOf(journal, "revenue")).toBe(-100);
    expect(balanceOf(journal, "deferred-revenue")).toBe(0);
  });

  it("gives back fees of whole periods that will not come any more", async () => {
    const open = catalogOf({ "contracts/all.json": [contract({ end: "2026-06-01" })] });
    const ended = catalogOf({ "contracts/all.json": [contract({ end: "2026-01-21" })] });
    const billing = new Billing(open);
    // January's and February's fees are invoiced.
    await billing.until("2026-02-10");
    await billing.take(ended);
    await billing.until("2026-06-01");
    const { invoices, journal } = await billing.result();
    const total = invoices.reduce((sum, invoice) => sum + Math.round(Number(invoice.total) * 100), 0);
    expect(total).toBe(20_000);
    expect(balanceOf(journal, "revenue") + balanceOf(journal, "adjustments")).toBe(-200);
    expect(balanceOf(journal, "deferred-revenue")).toBe(0);
  });

  it("bills late usage of a contract that is over by a document of its own", async () => {
    const billing = new Billing(catalogOf({ "contracts/all.json": [contract({ end: "2026-02-01" })] }));
    await billing.use(10, "2026-01-10");
    await billing.until("2026-02-10");
    await billing.use(5, "2026-01-20", "2026-02-15");
    await billing.until("2026-04-01");
    const { invoices } = await billing.result();
    expect(summary(invoices)).toEqual([
      ["INV-000001", "invoice", "final", "310.00", ["Support, recurring fee 310.00"]],
      ["INV-000002", "invoice", "final", "1.00", ["API 1.00"]],
      ["INV-000003", "invoice", "final", "0.50", ["API, correction 0.50"]],
    ]);
    expect(invoices[2]?.lines[0]).toMatchObject({
      adjusts: "INV-000002",
      quantity: "5",
      periodStart: "2026-01-01T00:00:00.000Z",
    });
  });

  it("books what credits are granted, used and expire", async () => {
    const credits = [
      { id: "gift", amount: 40, effective: "2026-01-01", expires: "2026-02-20", products: ["api"] },
    ];
    const billing = new Billing(catalogOf({ "contracts/all.json": [contract({ credits })] }));
    await billing.use(300, "2026-01-10");
    await billing.until("2026-05-01");
    const { invoices, journal } = await billing.result();
    expect(invoices[1]).toMatchObject({ subtotal: "340.00", credits: "30.00", total: "310.00" });
    expect(balanceOf(journal, "credits")).toBe(0);
    expect(balanceOf(journal, "credits-granted")).toBe(40);
    expect(balanceOf(journal, "credits-expired")).toBe(-10);
  });

  it("bills nothing of periods that ended before the billing start", async () => {
    const billing = new Billing(
      catalogOf({
        "settings.yaml": { regions: ["eu"], grace: "48h", billing_start: "2026-02-01" },
        "contracts/all.json": [contract({ end: "2026-04-01" })],
      }),
    );
    await billing.use(10, "2026-01-10");
    await billing.until("2026-05-01");
    const { invoices } = await billing.result();
    // February's fee, which nothing has billed in advance, and March's.
    expect(
      invoices.map(({ lines }) => lines.map(({ periodStart, amount }) => [periodStart.slice(0, 10), amount])),
    ).toEqual([
      [
        ["2026-02-01", "310.00"],
        ["2026-03-01", "310.00"],
      ],
    ]);
  });

  it("accrues usage of an accounting month within a billing period, and takes it back", async () => {
    const anchored = contract({ billing_anchor_day: 15, start: "2026-01-15", end: "2026-02-15" });
    const plans = {
      key: "plan",
      version: 1,
      currency: "EUR",
      prices: [
        { key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.1" },
        { key: "seat", product: "support", model: "flat", amount: "31" },
      ],
    };
    const billing = new Billing(catalogOf({ "plans/all.json": plans, "contracts/all.json": [anchored] }));
    await billing.use(10, "2026-01-20");
    await billing.use(20, "2026-02-01");
    await billing.until("2026-02-02");
    // Known when February has usage already: February's.
    await billing.use(7, "2026-01-21", "2026-02-02");
    await billing.until("2026-03-10");
    const { journal, invoices } = await billing.result();
    const accrual = journal.find(({ memo }) => memo === "Unbilled revenue");
    // Ten calls, and 17 of 31 days of the seat.
    expect(accrual).toMatchObject({
      date: "2026-01-31",
      lines: [
        { account: "unbilled-receivable", debit: "18.00" },
        { account: "revenue", product: "api", credit: "1.00" },
        { account: "revenue", product: "support", credit: "17.00" },
      ],
    });
    expect(journal.find(({ memo }) => memo === "Unbilled revenue, reversed")?.date).toBe("2026-02-01");
    expect(balanceOf(journal, "unbilled-receivable")).toBe(0);
    expect(invoices.map(({ total }) => total)).toEqual(["34.70"]);
  });

  it("accrues a month's usage before its invoice, also where the contract's day ends before the legal entity's", async () => {
    const billing = new Billing(
      catalogOf({ "contracts/all.json": [contract({ time_zone: "Asia/Tokyo", end: "2026-02-01" })] }),
    );
    await billing.use(300, "2026-01-10");
    await billing.until("2026-05-01");
    const { journal, invoices } = await billing.result();
    expect(invoices.at(-1)).toMatchObject({ total: "30.00", issueDate: "2026-02-03" });
    const accrual = journal.find(({ memo }) => memo === "Unbilled revenue");
    expect(accrual).toMatchObject({ date: "2026-01-31" });
    expect(accrual?.lines).toContainEqual(
      expect.objectContaining({ account: "revenue", product: "api", credit: "30.00" }),
    );
    expect(balanceOf(journal, "unbilled-receivable")).toBe(0);
  });
});
