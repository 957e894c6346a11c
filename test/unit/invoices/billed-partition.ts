import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { BilledRun, type BilledResult, type CorrectionDecision } from "../../support/billed-run.ts";

export const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);

export type Files = Readonly<Record<string, unknown>>;

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

export const contract = (fields: Files = {}) => ({
  id: "C",
  customer: "customer",
  account: "acme",
  plan: { key: "plan", version: 1 },
  time_zone: "UTC",
  start: "2026-01-01",
  end: "2026-03-01",
  ...fields,
});

/** A catalog with one legal entity, a plan with usage and a fee in advance; files replace those of the same names. */
export function catalogOf(files: Files): CompiledCatalog {
  const all = { ...FILES, ...files };
  const loaded = loadCatalog(
    new Map(Object.entries(all).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

/** A partition of one account's calls, by dates; its contracts are billed as soon as they are due. */
export class Billing {
  readonly #run: BilledRun;

  constructor(catalog: CompiledCatalog) {
    this.#run = new BilledRun(catalog);
  }

  async use(amount: number, date: string, arrival = date): Promise<this> {
    const data = `{"amount":${amount}}`;
    await this.#run.use({ account: "acme", timeMs: at(date), arrivalMs: at(arrival), data });
    return this;
  }

  async until(date: string): Promise<this> {
    await this.#run.until(at(date));
    return this;
  }

  async take(catalog: CompiledCatalog): Promise<this> {
    await this.#run.take(catalog);
    return this;
  }

  /** Corrects the final document of a number; returns why it can't be, where it can't. */
  correct(number: string, decision: CorrectionDecision, issued: string): Promise<string | undefined> {
    return this.#run.correct(number, decision, at(issued));
  }

  result(): Promise<BilledResult> {
    return this.#run.result();
  }
}

export const summary = (invoices: BilledResult["invoices"]) =>
  invoices.map(({ number, kind, status, total, lines }) => [
    number,
    kind,
    status,
    total,
    lines.map(({ description, amount }) => `${description} ${amount}`),
  ]);

export function balanceOf(journal: BilledResult["journal"], account: string): number {
  let balance = 0;
  for (const { lines } of journal)
    for (const line of lines)
      if (line.account === account) balance += Math.round((Number(line.debit) - Number(line.credit)) * 100);
  return balance / 100;
}
