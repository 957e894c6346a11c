import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import { invoicesOf, journalOf } from "../../../src/pipeline/billing-report.ts";
import { billingRun, nextBillingStep, numberDocuments } from "../../../src/pipeline/billing-steps.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { createEngine } from "../../support/engine-fixture.ts";

const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const encoder = new TextEncoder();

type Files = Readonly<Record<string, unknown>>;

const FILES: Files = {
  "settings.yaml": { regions: ["eu"], grace: "48h" },
  "meters/all.json": { key: "calls", event_type: "usage", aggregation: "sum", value_property: "amount" },
  "products/all.json": [
    { key: "api", name: "API" },
    { key: "support", name: "Support" },
  ],
  "customers/all.json": [{ id: "customer", name: "Customer", country: "DE" }],
  "plans/all.json": {
    key: "plan",
    version: 1,
    currency: "EUR",
    prices: [
      { key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.1" },
      { key: "support", product: "support", model: "flat", amount: "310", billed: "in_advance" },
    ],
  },
};

const contract = (fields: Files = {}) => ({
  id: "C",
  customer: "customer",
  account: "acme",
  plan: { key: "plan", version: 1 },
  time_zone: "UTC",
  start: "2026-01-01",
  end: "2026-03-01",
  ...fields,
});

function catalogOf(files: Files): CompiledCatalog {
  const all = { ...FILES, ...files };
  const loaded = loadCatalog(
    new Map(Object.entries(all).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;

/** A partition whose contracts are billed as soon as they are due. */
class Billing {
  readonly #engine;
  readonly #store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  readonly #ranks = new Map<string, number>();
  #sequence = 0;
  #controls = 0;

  constructor(catalog: CompiledCatalog) {
    this.#engine = createEngine(catalog);
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
  }

  async use(amount: number, date: string, arrival = date): Promise<this> {
    const text = `{"specversion":"1.0","id":"e${this.#sequence}","source":"test","type":"usage","subject":"acme","time":"${new Date(at(date)).toISOString()}","data":{"amount":${amount}}}`;
    this.#engine.process([
      {
        sequence: ++this.#sequence,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs: at(arrival),
        data: encoder.encode(text),
      },
    ]);
    await this.#bill();
    return this;
  }

  async until(date: string): Promise<this> {
    this.#decide({ kind: "close", upToMs: at(date), actor: "test", reason: "test" });
    await this.#bill();
    return this;
  }

  async take(catalog: CompiledCatalog): Promise<this> {
    await this.#store.commit(this.#engine.collect());
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
    await this.#bill();
    return this;
  }

  async result() {
    await this.#store.commit(this.#engine.collect());
    const sources = [{ partition: 0, engine: this.#engine, store: this.#store }];
    const report = reportOf(sources);
    const gaps = report.checks.filter(({ balanced }) => !balanced);
    if (gaps.length > 0) throw new Error(`the books do not balance: ${JSON.stringify(gaps)}`);
    return { report, invoices: invoicesOf(sources), journal: journalOf(sources) };
  }

  #decide(decision: Without<ControlRecord, "appliesAfter" | "decidedAt">, catalog?: CompiledCatalog): void {
    const record: ControlRecord = { ...decision, appliesAfter: this.#sequence, decidedAt: "" };
    this.#engine.apply({ sequence: ++this.#controls, record }, encodeControl(record), catalog, []);
  }

  async #bill(): Promise<void> {
    const engine = this.#engine;
    const ranksOf = (_entity: string, documents: readonly string[]): Promise<number[]> =>
      Promise.resolve(
        documents.map((id) => {
          const rank = this.#ranks.get(id) ?? this.#ranks.size + 1;
          this.#ranks.set(id, rank);
          return rank;
        }),
      );
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine))
      this.#decide(step === "run" ? billingRun(engine, 0) : await numberDocuments(engine, { ranksOf }));
  }
}

const summary = (invoices: Awaited<ReturnType<Billing["result"]>>["invoices"]) =>
  invoices.map(({ number, kind, status, total, lines }) => [
    number,
    kind,
    status,
    total,
    lines.map(({ description, amount }) => `${description} ${amount}`),
  ]);

function balanceOf(journal: Awaited<ReturnType<Billing["result"]>>["journal"], account: string): number {
  let balance = 0;
  for (const { lines } of journal)
    for (const line of lines)
      if (line.account === account) balance += Math.round((Number(line.debit) - Number(line.credit)) * 100);
  return balance / 100;
}

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
});
