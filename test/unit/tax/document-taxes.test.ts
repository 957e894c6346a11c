import { describe, expect, it } from "vitest";
import { at, catalogOf, contract, ServedBilling, tenPercent } from "./service-fixture.ts";

const refused = (message: string) => () => ({ kind: "refused", code: "AddressError", message }) as const;
const CUSTOMERS = [{ id: "customer", name: "Customer", country: "US", region: "CA", postal_code: "90012" }];

async function oneDocument(): Promise<ServedBilling> {
  const billing = new ServedBilling(catalogOf({ "contracts/all.json": [contract()] }));
  await billing.use(100, "2026-01-10");
  await billing.until("2026-02-05");
  return billing;
}

describe("documents of a legal entity with a tax service", () => {
  it("wait for its answer without an exception, and are numbered and booked behind it", async () => {
    const billing = await oneDocument();
    const waiting = await billing.result();
    expect(waiting.invoices[0]).toMatchObject({
      id: "C:1",
      status: "held",
      number: null,
      hold: { reason: "tax-pending" },
      tax: "0.00",
    });
    expect([waiting.exceptions, waiting.journal.filter(({ document }) => document !== null)]).toEqual([
      [],
      [],
    ]);
    await billing.answer("C:1", tenPercent);
    const { invoices, journal } = await billing.result();
    expect(invoices[0]).toMatchObject({
      status: "final",
      number: "S-000001",
      subtotal: "10.00",
      tax: "1.00",
      total: "11.00",
      taxTransaction: { service: "test", company: "served", code: "C:1", type: "SalesInvoice" },
    });
    expect(invoices[0]).not.toHaveProperty("hold");
    const entry = journal.find(({ document }) => document === "C:1");
    expect(entry?.lines).toContainEqual({ account: "tax-payable", product: "", debit: "0", credit: "1.00" });
  });

  it("are asked about with what the catalog says, as of the days of their lines", async () => {
    const exemption = { certificate: "E-1", from: "2026-01-01", to: "2026-02-01" };
    const customers = [
      {
        ...CUSTOMERS[0],
        street: "1 Main St",
        city: "Los Angeles",
        tax_id: "T",
        entity_use_code: "G",
        tax_exemption: exemption,
      },
    ];
    const entities = [
      {
        key: "served",
        name: "Served",
        country: "US",
        region: "WA",
        city: "Seattle",
        postal_code: "98101",
        tax: "service",
        tax_company: "SRV",
      },
    ];
    const files = {
      "contracts/all.json": [contract({ invoice_discounts: [{ type: "percent", percent: "10" }] })],
      "customers/all.json": customers,
      "legal_entities/all.json": entities,
    };
    const billing = new ServedBilling(catalogOf(files));
    await billing.use(100, "2026-01-10");
    await billing.use(50, "2026-02-10");
    await billing.until("2026-02-05");
    await billing.use(-20, "2026-01-20", "2026-02-12");
    await billing.until("2026-03-05");
    expect(billing.questions().get("C:2")).toEqual({
      document: "C:2",
      kind: "sale",
      company: "SRV",
      currency: "EUR",
      date: "2026-03-03",
      customer: "customer",
      taxId: "T",
      entityUseCode: "G",
      seller: { street: undefined, city: "Seattle", region: "WA", postalCode: "98101", country: "US" },
      buyer: { street: "1 Main St", city: "Los Angeles", region: "CA", postalCode: "90012", country: "US" },
      pricesIncludeTax: false,
      lines: [
        expect.objectContaining({
          line: 1,
          amount: "4.50",
          quantity: "50",
          item: "api",
          taxCode: "SW01",
          taxDate: "2026-02-28",
          exemption: undefined,
          corrects: undefined,
        }),
        expect.objectContaining({
          line: 2,
          amount: "-1.80",
          quantity: "-20",
          taxDate: "2026-01-31",
          exemption: "E-1",
          corrects: "C:1",
        }),
      ],
    });
  });

  it("don't hold up documents of others, nor usage", async () => {
    const contracts = [contract(), contract({ id: "D", account: "other", legal_entity: "other" })];
    const billing = new ServedBilling(catalogOf({ "contracts/all.json": contracts }));
    await billing.use(100, "2026-01-10");
    await billing.use(100, "2026-01-10", "2026-01-10", "other");
    await billing.until("2026-02-05");
    const { invoices } = await billing.result();
    const documents = invoices.filter(({ periodStart }) => periodStart.startsWith("2026-01"));
    expect(documents.map(({ id, status }) => [id, status])).toEqual([
      ["C:1", "held"],
      ["D:1", "final"],
    ]);
  });

  it("are not taxed by an answer to another request, as another catalog makes it", async () => {
    const billing = await oneDocument();
    const stale = billing.reply("C:1", tenPercent);
    await billing.take(catalogOf({ "contracts/all.json": [contract()], "customers/all.json": CUSTOMERS }));
    await billing.record(stale);
    expect((await billing.result()).invoices[0]).toMatchObject({ status: "held" });
    await billing.answer("C:1", tenPercent);
    expect((await billing.result()).invoices[0]).toMatchObject({ status: "final" });
  });

  it("are not taxed again once they are final, nor by an answer about nobody", async () => {
    const billing = await oneDocument();
    const reply = billing.reply("C:1", tenPercent);
    await billing.record(reply, reply, { ...reply, document: "none" });
    await billing.record(reply);
    const { invoices } = await billing.result();
    expect(invoices.filter(({ status }) => status === "final")).toHaveLength(1);
  });

  it("stay held with an exception where the answer does not add up, until another one does", async () => {
    const billing = await oneDocument();
    await billing.answer("C:1", (request) => ({ ...tenPercent(request), totalTax: "1.01" }));
    const { invoices, exceptions } = await billing.result();
    const detail = "the total tax is 1.01, the lines' come to 1.00";
    expect(invoices[0]?.hold).toEqual({ reason: "tax-reply-invalid", detail });
    expect(exceptions).toEqual([{ id: "tax-reply-invalid-C:1-1", reason: "tax-reply-invalid", detail }]);
    await billing.answer("C:1", tenPercent);
    expect((await billing.result()).invoices[0]).toMatchObject({ status: "final", total: "11.00" });
  });

  it("stay held with the service's words where it refuses: one exception for each that differs", async () => {
    const billing = await oneDocument();
    await billing.answer("C:1", refused("no such street"));
    await billing.answer("C:1", refused("no such street"));
    await billing.answer("C:1", refused("no such town"));
    expect(billing.engine.invoices.serviceTaxes.isNews(billing.reply("C:1", refused("no such town")))).toBe(
      false,
    );
    const { invoices, exceptions } = await billing.result();
    expect(invoices[0]?.hold).toEqual({
      reason: "tax-service-refused",
      detail: "AddressError: no such town",
    });
    expect(exceptions.map(({ id, detail }) => [id, detail])).toEqual([
      ["tax-service-refused-C:1-1", "AddressError: no such street"],
      ["tax-service-refused-C:1-2", "AddressError: no such town"],
    ]);
    await billing.take(catalogOf({ "contracts/all.json": [contract()], "customers/all.json": CUSTOMERS }));
    expect((await billing.result()).invoices[0]?.hold?.reason).toBe("tax-pending");
  });

  it("are an exception when no answer comes for long, and are asked about all the same", async () => {
    const billing = await oneDocument();
    const overdue = () => ({ kind: "overdue", message: "it is down" }) as const;
    await billing.answer("C:1", overdue);
    await billing.answer("C:1", overdue);
    const { invoices, exceptions } = await billing.result();
    expect(invoices[0]?.hold).toEqual({ reason: "tax-service-unavailable", detail: "it is down" });
    expect(exceptions).toHaveLength(1);
    await billing.answer("C:1", tenPercent);
    expect((await billing.result()).invoices[0]).toMatchObject({ status: "final" });
  });

  it("wait for an address before anybody is asked", async () => {
    const customers = [{ id: "customer", name: "Customer" }];
    const files = { "contracts/all.json": [contract()], "customers/all.json": customers };
    const billing = new ServedBilling(catalogOf(files));
    await billing.use(100, "2026-01-10");
    await billing.until("2026-02-05");
    expect(billing.questions().size).toBe(0);
    expect((await billing.result()).exceptions).toMatchObject([{ reason: "tax-address-missing" }]);
    await billing.take(catalogOf({ "contracts/all.json": [contract()], "customers/all.json": CUSTOMERS }));
    expect([...billing.questions().keys()]).toEqual(["C:1"]);
  });

  it("tell of each catalog in vain by an exception of its own", async () => {
    const customers = [{ id: "customer", name: "Customer" }];
    const files = { "contracts/all.json": [contract()], "customers/all.json": customers };
    const [one, other] = [
      catalogOf(files),
      catalogOf({ ...files, "products/all.json": [{ key: "api", name: "A" }] }),
    ];
    const billing = new ServedBilling(one);
    await billing.use(100, "2026-01-10");
    await billing.until("2026-02-05");
    await billing.take(other);
    await billing.take(one);
    expect((await billing.result()).exceptions.map(({ id }) => id)).toEqual([
      "tax-address-missing-C:1-1",
      "tax-address-missing-C:1-2",
      "tax-address-missing-C:1-3",
    ]);
  });

  it("tell of a commit that the service refuses", async () => {
    const billing = await oneDocument();
    await billing.answer("C:1", tenPercent);
    await billing.refuseCommit("C:1");
    expect((await billing.result()).exceptions).toMatchObject([
      { reason: "tax-commit-refused", detail: "EntityNotFoundError: not found" },
    ]);
  });
});

describe("credits of a contract whose documents wait for their tax", () => {
  const credits = [
    { id: "month", amount: 20, effective: "2026-01-01", recurrence: { unit: "month" } },
    { id: "once", amount: 5, effective: "2026-01-01", expires: "2026-02-15" },
  ];

  /** Bills January to March; documents are taxed in the order given, each as soon as it is there, or all at the end. */
  async function billed(order: "at-once" | readonly string[]) {
    const billing = new ServedBilling(catalogOf({ "contracts/all.json": [contract({ credits })] }));
    const answerAll = async (): Promise<void> => {
      for (const id of billing.questions().keys()) await billing.answer(id, tenPercent);
    };
    for (const month of ["01", "02", "03"]) await billing.use(200 + Number(month), `2026-${month}-10`);
    for (const date of ["2026-02-05", "2026-03-05", "2026-04-05", "2026-06-01"]) {
      await billing.until(date);
      if (order === "at-once") await answerAll();
    }
    const steps: string[][] = [];
    if (order !== "at-once")
      for (const id of order) {
        await billing.answer(id, tenPercent);
        const { invoices } = await billing.result();
        steps.push(invoices.map(({ id: each, status, hold }) => `${each} ${hold?.reason ?? status}`));
      }
    const { invoices, journal } = await billing.result();
    return { invoices, journal, steps };
  }

  const figures = ({ invoices }: Awaited<ReturnType<typeof billed>>) =>
    invoices
      .filter(({ status }) => status === "final")
      .map(({ id, credits: paid, total }) => [id, paid, total])
      .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));

  it("pay each document as of its own period, however late and in whatever order it is taxed", async () => {
    const atOnce = await billed("at-once");
    expect(figures(atOnce)).toEqual([
      ["C:1", "22.11", "0.00"],
      ["C:2", "20.00", "2.22"],
      ["C:3", "20.00", "2.33"],
    ]);
    const orders = [
      ["C:1", "C:2", "C:3"],
      ["C:3", "C:2", "C:1"],
      ["C:2", "C:1", "C:3"],
    ];
    for (const order of orders) {
      const late = await billed(order);
      expect([order, figures(late)]).toEqual([order, figures(atOnce)]);
      const creditsOf = ({ journal }: typeof late) =>
        journal
          .filter(({ memo }) => memo.startsWith("Credits"))
          .map(({ date, memo, lines }) => [date, memo, lines]);
      expect(creditsOf(late)).toEqual(creditsOf(atOnce));
    }
  });

  it("keep a document back that is taxed while an earlier one waits", async () => {
    const { steps } = await billed(["C:2", "C:1", "C:3"]);
    expect(steps).toEqual([
      ["C:1 tax-pending", "C:2 earlier-document-held", "C:3 tax-pending"],
      ["C:1 final", "C:2 final", "C:3 tax-pending"],
      ["C:1 final", "C:2 final", "C:3 final"],
    ]);
  });

  it("are not used by drafts, which no service is asked about", async () => {
    const billing = new ServedBilling(catalogOf({ "contracts/all.json": [contract({ credits })] }));
    await billing.use(100, "2026-01-10");
    await billing.until("2026-01-20");
    expect((await billing.result()).invoices).toMatchObject([
      { status: "draft", tax: "0.00", credits: "10.00" },
    ]);
    expect([billing.questions().size, billing.engine.watermarkMs >= at("2026-01-19")]).toEqual([0, true]);
  });
});
