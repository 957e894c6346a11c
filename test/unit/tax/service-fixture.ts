import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import type { DocumentTaxRequest, TaxAnswer, TaxReply } from "../../../src/model/tax-service.ts";
import { decimalText } from "../../../src/model/decimal.ts";
import { storedDocumentRows, type StoredDocument } from "../../../src/operators/invoice/billing-book.ts";
import { invoicesOf, journalOf } from "../../../src/pipeline/billing-report.ts";
import { billingRun, nextBillingStep, numberDocuments } from "../../../src/pipeline/billing-steps.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { correctionRecord, type CorrectionDecision } from "../../support/billed-run.ts";
import { createEngine } from "../../support/engine-fixture.ts";

export const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);
const encoder = new TextEncoder();

type Files = Readonly<Record<string, unknown>>;

export const SERVED_FILES: Files = {
  "settings.yaml": { regions: ["eu"], grace: "48h" },
  "meters/all.json": { key: "calls", event_type: "usage", aggregation: "sum", value_property: "amount" },
  "products/all.json": [{ key: "api", name: "API", tax_code: "SW01" }],
  "customers/all.json": [{ id: "customer", name: "Customer", country: "US", region: "CA" }],
  "legal_entities/all.json": [
    { key: "served", name: "Served", country: "US", tax: "service", number_prefix: "S-" },
    { key: "other", name: "Other", country: "US", number_prefix: "O-" },
  ],
  "plans/all.json": {
    key: "plan",
    version: 1,
    currency: "EUR",
    prices: [{ key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.1" }],
  },
  "contracts/all.json": [],
};

export const contract = (fields: Files = {}): Files => ({
  id: "C",
  customer: "customer",
  account: "acme",
  plan: { key: "plan", version: 1 },
  time_zone: "UTC",
  start: "2026-01-01",
  end: "2026-04-01",
  legal_entity: "served",
  ...fields,
});

export function catalogOf(files: Files): CompiledCatalog {
  const texts = Object.entries({ ...SERVED_FILES, ...files }).map(([file, content]): [string, string] => [
    file,
    JSON.stringify(content),
  ]);
  return catalogFromTexts(new Map(texts));
}

export function catalogFromTexts(files: ReadonlyMap<string, string>): CompiledCatalog {
  const loaded = loadCatalog(files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

export type TaxesAnswer = Extract<TaxAnswer, { kind: "taxed" }>;

/** An answer with ten per cent of each line, rounded down, so that nobody takes it for a table's; or with the tax it is told. */
export function tenPercent(request: DocumentTaxRequest): TaxesAnswer {
  const cents = (text: string): bigint => BigInt(text.replace(".", ""));
  const taxes = request.lines.map(({ amount, tax }) =>
    tax === undefined ? cents(amount) / 10n : cents(tax),
  );
  return {
    kind: "taxed",
    transaction: {
      service: "test",
      company: request.company,
      code: request.document,
      type: request.kind === "return" ? "ReturnInvoice" : "SalesInvoice",
    },
    totalTax: decimalText(
      taxes.reduce((sum, tax) => sum + tax, 0n),
      2,
    ),
    lines: taxes.map((tax, index) => ({
      line: index + 1,
      tax: decimalText(tax, 2),
      details: [],
      note: null,
    })),
  };
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;

/** A partition whose contracts are billed as soon as they are due, and whose documents are taxed when the test says so. */
export class ServedBilling {
  readonly engine;
  readonly #store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  readonly #ranks = new Map<string, Map<string, number>>();
  #sequence = 0;
  #controls = 0;

  constructor(catalog: CompiledCatalog) {
    this.engine = createEngine(catalog);
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
  }

  async use(amount: number, date: string, arrival = date, account = "acme"): Promise<void> {
    const text = `{"specversion":"1.0","id":"e${this.#sequence}","source":"test","type":"usage","subject":"${account}","time":"${new Date(at(date)).toISOString()}","data":{"amount":${amount}}}`;
    this.engine.process([
      {
        sequence: ++this.#sequence,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs: at(arrival),
        data: encoder.encode(text),
      },
    ]);
    await this.#bill();
  }

  async until(date: string): Promise<void> {
    this.#decide({ kind: "close", upToMs: at(date), actor: "test", reason: "test" });
    await this.#bill();
  }

  async take(catalog: CompiledCatalog): Promise<void> {
    await this.#store.commit(this.engine.collect());
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
    await this.#bill();
  }

  /** What the service would be asked now, by document. */
  questions(): Map<string, DocumentTaxRequest> {
    const { serviceTaxes } = this.engine.invoices;
    return new Map(
      [...serviceTaxes.unanswered()].map(({ id }) => {
        const question = serviceTaxes.questionOf(id);
        if (question === undefined) throw new Error(`no question about ${id}`);
        return [id, question.request];
      }),
    );
  }

  reply(document: string, answer: (request: DocumentTaxRequest) => TaxReply["answer"]): TaxReply {
    const question = this.engine.invoices.serviceTaxes.questionOf(document);
    if (question === undefined) throw new Error(`${document} does not wait for an answer`);
    return { document, request: question.fingerprint, answer: answer(question.request) };
  }

  async record(...replies: readonly TaxReply[]): Promise<void> {
    this.#decide({ kind: "documents-taxed", replies });
    await this.#bill();
  }

  async answer(document: string, answer: (request: DocumentTaxRequest) => TaxReply["answer"]): Promise<void> {
    await this.record(this.reply(document, answer));
  }

  /** Corrects the final document of a number. */
  async correct(number: string, decision: CorrectionDecision, issued: string): Promise<void> {
    await this.#store.commit(this.engine.collect());
    const stored = [...storedDocumentRows(this.#store)].find(({ document }) => document.number === number);
    if (stored === undefined) throw new Error(`no document ${number}`);
    const record = correctionRecord(stored, decision, at(issued), `request-${this.#controls}`);
    this.#decide(record, undefined, stored);
    await this.#bill();
  }

  async refuseCommit(document: string): Promise<void> {
    const transaction = { service: "test", company: "served", code: document, type: "SalesInvoice" };
    this.#decide({
      kind: "tax-commit-refused",
      document,
      transaction,
      code: "EntityNotFoundError",
      message: "not found",
      atMs: at("2026-05-01"),
    });
    await this.#bill();
  }

  async result() {
    await this.#store.commit(this.engine.collect());
    const sources = [{ partition: 0, engine: this.engine, store: this.#store }];
    const report = reportOf(sources);
    const gaps = report.checks.filter(({ balanced }) => !balanced);
    if (gaps.length > 0) throw new Error(`the books do not balance: ${JSON.stringify(gaps)}`);
    const exceptions = this.#store.exceptions().map(({ id, reason, details }) => {
      const { detail }: { detail: string } = JSON.parse(details);
      return { id, reason, detail };
    });
    return { report, invoices: invoicesOf(sources), journal: journalOf(sources), exceptions };
  }

  #decide(
    decision: Without<ControlRecord, "appliesAfter" | "decidedAt">,
    catalog?: CompiledCatalog,
    stored?: StoredDocument,
  ): void {
    const record: ControlRecord = { ...decision, appliesAfter: this.#sequence, decidedAt: "" };
    this.engine.apply({ sequence: ++this.#controls, record }, encodeControl(record), catalog, [], stored);
  }

  async #bill(): Promise<void> {
    const { engine } = this;
    const ranksOf = (entity: string, documents: readonly string[]): Promise<number[]> => {
      const ranks = this.#ranks.get(entity) ?? new Map<string, number>();
      this.#ranks.set(entity, ranks);
      return Promise.resolve(
        documents.map((id) => {
          const rank = ranks.get(id) ?? ranks.size + 1;
          ranks.set(id, rank);
          return rank;
        }),
      );
    };
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine))
      this.#decide(step === "run" ? billingRun(engine, 0) : await numberDocuments(engine, { ranksOf }));
  }
}
