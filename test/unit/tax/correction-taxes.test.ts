import { describe, expect, it } from "vitest";
import type { DocumentTaxRequest, TaxReply, TaxTransaction } from "../../../src/model/tax-service.ts";
import { catalogOf, contract, SERVED_FILES, ServedBilling, tenPercent } from "./service-fixture.ts";

const CONTRACTS = [contract({ credits: [{ id: "pack", amount: "4", effective: "2026-01-01" }] })];
const MOVED = [{ id: "customer", name: "Customer", country: "US", region: "WA" }];
const NOTE = { kind: "credit-note", lines: [[1, "333"]] } as const;
const VOID = { kind: "void-invoice", reissue: false, unapplied: true } as const;
const RECORD = { service: "test", company: "served", code: "C:1", type: "SalesInvoice" } as const;

const voidable = ({ reverses }: DocumentTaxRequest): TaxReply["answer"] => {
  const transaction: TaxTransaction = { ...(reverses?.transaction ?? RECORD), action: "void" };
  return { kind: "voidable", transaction };
};

/** January came to 10.00 and 1.00 of tax; then the customer moves. */
async function billed(): Promise<ServedBilling> {
  const billing = new ServedBilling(catalogOf({ "contracts/all.json": CONTRACTS }));
  await billing.use(100, "2026-01-10");
  await billing.until("2026-02-05");
  await billing.answer("C:1", tenPercent);
  await billing.take(catalogOf({ "contracts/all.json": CONTRACTS, "customers/all.json": MOVED }));
  return billing;
}

describe("a credit note of an invoice that a service has taxed", () => {
  it("has a record of its own there: as the invoice was taxed, with the tax that is given back", async () => {
    const billing = await billed();
    await billing.correct("S-000001", NOTE, "2026-02-10");
    expect((await billing.result()).invoices[1]).toMatchObject({
      status: "held",
      hold: { reason: "tax-pending" },
      tax: "-0.33",
      total: "-3.66",
    });
    expect(billing.questions().get("C:2")).toMatchObject({
      kind: "return",
      date: "2026-02-10",
      buyer: { region: "CA" },
      reverses: { transaction: RECORD, isWhole: false },
      lines: [
        { amount: "-3.33", tax: "-0.33", taxDate: "2026-01-31", taxCode: "SW01", corrects: "S-000001" },
      ],
    });
    await billing.answer("C:2", tenPercent);
    const { invoices, journal } = await billing.result();
    expect(invoices[1]).toMatchObject({
      number: "S-000002",
      tax: "-0.33",
      total: "-3.66",
      taxTransaction: { code: "C:2", type: "ReturnInvoice" },
    });
    expect(invoices[1]).not.toHaveProperty("taxedAs");
    expect(journal.filter(({ document }) => document === "C:2")).toHaveLength(1);
  });

  it("is held where the service has recorded another tax, or would void a record of which a part stays", async () => {
    const billing = await billed();
    await billing.correct("S-000001", NOTE, "2026-02-10");
    await billing.answer("C:2", (request) => {
      const answer = tenPercent(request);
      return { ...answer, totalTax: "-0.34", lines: [{ ...answer.lines[0]!, tax: "-0.34" }] };
    });
    await billing.answer("C:2", voidable);
    const { exceptions } = await billing.result();
    expect(exceptions.map(({ id, reason, detail }) => [id, reason, detail])).toEqual([
      ["tax-reply-invalid-C:2-1", "tax-reply-invalid", "the tax of line 1 is recorded as -0.34, it is -0.33"],
      [
        "tax-reply-invalid-C:2-2",
        "tax-reply-invalid",
        "a record of which only a part is taken back can't be voided",
      ],
    ]);
    await billing.answer("C:2", tenPercent);
    expect((await billing.result()).invoices[1]).toMatchObject({ status: "final" });
  });

  it("waits alone: the contract's next documents use credits meanwhile", async () => {
    const billing = await billed();
    await billing.correct("S-000001", NOTE, "2026-02-10");
    await billing.use(100, "2026-02-11");
    await billing.until("2026-03-05");
    await billing.answer("C:3", tenPercent);
    const { invoices } = await billing.result();
    const by = new Map(invoices.map(({ id, number, status }) => [id, [number, status]]));
    expect(by.get("C:3")).toEqual(["S-000002", "final"]);
    expect(by.get("C:2")).toEqual([null, "held"]);
  });
});

describe("a voided invoice that a service has taxed", () => {
  it("has its record voided where that can be done", async () => {
    const billing = await billed();
    await billing.correct("S-000001", VOID, "2026-02-10");
    expect(billing.questions().get("C:2")).toMatchObject({
      kind: "return",
      reverses: { transaction: RECORD, isWhole: true },
      lines: [{ amount: "-10.00", tax: "-1.00" }],
    });
    await billing.answer("C:2", voidable);
    expect((await billing.result()).invoices[1]).toMatchObject({
      status: "final",
      tax: "-1.00",
      taxTransaction: { ...RECORD, action: "void" },
    });
  });

  it("has another record beside it where it was reported, which can be voided in turn", async () => {
    const billing = await billed();
    await billing.correct("S-000001", { kind: "credit-note", lines: null }, "2026-02-10");
    await billing.answer("C:2", tenPercent);
    await billing.correct("S-000002", VOID, "2026-02-11");
    expect(billing.questions().get("C:3")).toMatchObject({
      kind: "sale",
      buyer: { region: "CA" },
      reverses: { transaction: { code: "C:2", type: "ReturnInvoice" }, isWhole: true },
      lines: [{ amount: "10.00", tax: "1.00", taxDate: "2026-01-31" }],
    });
    await billing.answer("C:3", tenPercent);
    expect((await billing.result()).invoices[2]).toMatchObject({
      kind: "invoice",
      status: "final",
      taxTransaction: { code: "C:3", type: "SalesInvoice" },
    });
  });
});

describe("a correction in another currency than the books'", () => {
  const files = (rates: readonly object[]) => ({
    "contracts/all.json": CONTRACTS,
    "exchange_rates/all.json": rates,
    "legal_entities/all.json": [
      { key: "served", name: "Served", country: "US", functional_currency: "USD", number_prefix: "S-" },
    ],
    "products/all.json": SERVED_FILES["products/all.json"],
  });
  const rate = (from: string, value: string) => ({
    source: "ECB",
    from: "EUR",
    to: "USD",
    date: from,
    rate: value,
  });

  it("is booked in both, by the rate of its date of issue", async () => {
    const billing = new ServedBilling(
      catalogOf(files([rate("2026-02-02", "1.1"), rate("2026-02-09", "1.2")])),
    );
    await billing.use(100, "2026-01-10");
    await billing.until("2026-02-05");
    await billing.correct("S-000001", NOTE, "2026-02-10");
    const { invoices, journal } = await billing.result();
    expect(invoices[1]).toMatchObject({ exchangeRate: "1.2", exchangeRateDate: "2026-02-09" });
    const entry = journal.find(({ document }) => document === "C:2");
    expect(entry?.functional).toMatchObject({ currency: "USD", rate: "1.2" });
  });
});
