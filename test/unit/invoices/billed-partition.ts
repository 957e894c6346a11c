import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import {
  storedDocumentRows,
  storedEntries,
  type StoredDocument,
} from "../../../src/operators/invoice/billing-book.ts";
import { invoicesOf, journalOf } from "../../../src/pipeline/billing-report.ts";
import { billingRun, nextBillingStep, numberDocuments } from "../../../src/pipeline/billing-steps.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { createEngine } from "../../support/engine-fixture.ts";

export const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const encoder = new TextEncoder();

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

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;

/** What is decided of a final document. */
export type CorrectionDecision =
  | { readonly kind: "credit-note"; readonly lines: readonly (readonly [number, string])[] | null }
  | { readonly kind: "void-invoice"; readonly reissue: boolean; readonly unapplied?: boolean };

/** A partition whose contracts are billed as soon as they are due. */
export class Billing {
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

  /** Corrects the final document of a number; returns why it can't be, where it can't. */
  async correct(number: string, decision: CorrectionDecision, issued: string): Promise<string | undefined> {
    await this.#store.commit(this.#engine.collect());
    const stored = [...storedDocumentRows(this.#store)].find(({ document }) => document.number === number);
    if (stored === undefined) throw new Error(`no document ${number}`);
    const record = {
      ...decision,
      document: stored.document.id,
      ordinal: stored.ordinal,
      issuedMs: at(issued),
      actor: "test",
      reason: "test",
      request: `request-${this.#controls}`,
      previous: "",
    };
    const fault = this.#engine.invoices.corrections.faultOf(stored, record);
    if (fault !== undefined) return fault.fault;
    this.#decide(record, undefined, stored);
    await this.#bill();
    return undefined;
  }

  async result() {
    await this.#store.commit(this.#engine.collect());
    const sources = [{ partition: 0, engine: this.#engine, store: this.#store }];
    const report = reportOf(sources);
    const gaps = report.checks.filter(({ balanced }) => !balanced);
    if (gaps.length > 0) throw new Error(`the books do not balance: ${JSON.stringify(gaps)}`);
    return {
      report,
      invoices: invoicesOf(sources),
      journal: journalOf(sources),
      entries: [...storedEntries(this.#store)],
    };
  }

  #decide(
    decision: Without<ControlRecord, "appliesAfter" | "decidedAt">,
    catalog?: CompiledCatalog,
    stored?: StoredDocument,
  ): void {
    const record: ControlRecord = { ...decision, appliesAfter: this.#sequence, decidedAt: "" };
    this.#engine.apply({ sequence: ++this.#controls, record }, encodeControl(record), catalog, [], stored);
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

export const summary = (invoices: Awaited<ReturnType<Billing["result"]>>["invoices"]) =>
  invoices.map(({ number, kind, status, total, lines }) => [
    number,
    kind,
    status,
    total,
    lines.map(({ description, amount }) => `${description} ${amount}`),
  ]);

export function balanceOf(
  journal: Awaited<ReturnType<Billing["result"]>>["journal"],
  account: string,
): number {
  let balance = 0;
  for (const { lines } of journal)
    for (const line of lines)
      if (line.account === account) balance += Math.round((Number(line.debit) - Number(line.credit)) * 100);
  return balance / 100;
}
