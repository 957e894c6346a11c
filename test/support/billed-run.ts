import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import type { JournalEntry } from "../../src/billing/ledger/journal-entry.ts";
import { encodeControl, type ControlRecord } from "../../src/model/control.ts";
import {
  storedDocumentRows,
  storedEntries,
  type StoredDocument,
} from "../../src/operators/invoice/billing-book.ts";
import {
  invoicesOf,
  journalOf,
  type InvoiceRow,
  type JournalRow,
} from "../../src/pipeline/billing-report.ts";
import { billingRun, nextBillingStep, numberDocuments } from "../../src/pipeline/billing-steps.ts";
import { reportOf } from "../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { createEngine } from "./engine-fixture.ts";

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;

export interface BilledEvent {
  readonly account: string;
  readonly timeMs: number;
  /** Arrival; the event's time where left out. */
  readonly arrivalMs?: number;
  readonly type?: string;
  /** JSON of the event's data. */
  readonly data: string;
}

export interface BilledResult {
  readonly report: ReturnType<typeof reportOf>;
  readonly invoices: readonly InvoiceRow[];
  readonly journal: readonly JournalRow[];
  /** Entries of the journal as the state keeps them. */
  readonly entries: readonly (JournalEntry & { readonly ordinal: number })[];
}

/** What is decided of a final document. */
export type CorrectionDecision =
  | { readonly kind: "credit-note"; readonly lines: readonly (readonly [number, string])[] | null }
  | { readonly kind: "void-invoice"; readonly reissue: boolean; readonly unapplied?: boolean };

/** The decision as its record says it. */
export function correctionRecord(
  { document, ordinal }: StoredDocument,
  decision: CorrectionDecision,
  issuedMs: number,
  request: string,
) {
  const place = { document: document.id, ordinal, issuedMs };
  return { ...decision, ...place, actor: "test", reason: "test", request, previous: "" };
}

const encoder = new TextEncoder();

/** A partition that takes events one by one and whose contracts are billed as soon as they are due. */
export class BilledRun {
  readonly #engine;
  readonly #store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  readonly #ranks = new Map<string, number>();
  #sequence = 0;
  #controls = 0;

  constructor(catalog: CompiledCatalog) {
    this.#engine = createEngine(catalog);
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
  }

  async use({ account, timeMs, arrivalMs = timeMs, type = "usage", data }: BilledEvent): Promise<void> {
    const sequence = ++this.#sequence;
    const head = `{"specversion":"1.0","id":"e${sequence}","source":"test","type":"${type}","subject":"${account}"`;
    const text = `${head},"time":"${new Date(timeMs).toISOString()}","data":${data}}`;
    this.#engine.process([
      {
        sequence,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs,
        data: encoder.encode(text),
      },
    ]);
    await this.#bill();
  }

  /** Says, as an operator does, that all events up to a time have come. */
  async until(timeMs: number): Promise<void> {
    this.#decide({ kind: "close", upToMs: timeMs, actor: "test", reason: "test" });
    await this.#bill();
  }

  /** Another version of the catalog takes effect. */
  async take(catalog: CompiledCatalog): Promise<void> {
    await this.#store.commit(this.#engine.collect());
    this.#decide({ kind: "catalog", version: catalog.version }, catalog);
    await this.#bill();
  }

  /** Corrects the final document of a number; returns why it can't be, where it can't. */
  async correct(number: string, decision: CorrectionDecision, issuedMs: number): Promise<string | undefined> {
    await this.#store.commit(this.#engine.collect());
    const stored = [...storedDocumentRows(this.#store)].find(({ document }) => document.number === number);
    if (stored === undefined) throw new Error(`no document ${number}`);
    const record = correctionRecord(stored, decision, issuedMs, `request-${this.#controls}`);
    const fault = this.#engine.invoices.corrections.faultOf(stored, record);
    if (fault !== undefined) return fault.fault;
    this.#decide(record, undefined, stored);
    await this.#bill();
    return undefined;
  }

  /** Documents and books so far. Throws where they do not balance. */
  async result(): Promise<BilledResult> {
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

  close(): void {
    this.#store.close();
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
      Promise.resolve(documents.map((id) => this.#rankOf(id)));
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine))
      this.#decide(step === "run" ? billingRun(engine, 0) : await numberDocuments(engine, { ranksOf }));
  }

  #rankOf(document: string): number {
    const rank = this.#ranks.get(document) ?? this.#ranks.size + 1;
    this.#ranks.set(document, rank);
    return rank;
  }
}
