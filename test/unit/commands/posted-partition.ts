import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import type { PostingCommand, PostingResult } from "../../../src/model/posting.ts";
import {
  type BillingDecision,
  dunningRun,
  journalRun,
  billingRun,
  nextBillingStep,
  numberDocuments,
} from "../../../src/pipeline/billing-steps.ts";
import { correctedDocument, needsCheckpoint } from "../../../src/pipeline/corrected-document.ts";
import { OPERATIONS } from "../../../src/pipeline/operations/operations.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { createEngine } from "../../support/engine-fixture.ts";
import { catalogOf, contract, type Files } from "../invoices/billed-partition.ts";
import { commandsOf, type MappingRowFile } from "./posting-fixture.ts";

export const at = (date: string): number => Date.parse(`${date}T00:00:00Z`);

const row = (table: string, key: string, values: Readonly<Record<string, string>>): MappingRowFile => ({
  connection: "erp",
  table,
  key,
  values,
});

export const ROWS: readonly MappingRowFile[] = [
  row("item", "api", { id: "87" }),
  row("item", "support", { id: "88" }),
  row("currency", "EUR", { id: "1" }),
  row("legal_entity", "default", { id: "10" }),
  row("terms", "30", { id: "5" }),
  row("account", "unbilled-receivable", { id: "119" }),
  row("account", "revenue", { id: "54" }),
  row("account", "deferred-revenue", { id: "55" }),
];

/** One connection that takes all documents of one contract. */
export function postedCatalog(rows: readonly MappingRowFile[] = ROWS, files: Files = {}): CompiledCatalog {
  return catalogOf({
    "contracts/all.json": contract(),
    "erp/all.json": {
      key: "erp",
      adapter: "reversing",
      dunning: [
        { days: 1, stage: "reminder" },
        { days: 14, stage: "final" },
      ],
    },
    "mappings/all.json": rows,
    ...files,
  });
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;
export type Decision = Without<ControlRecord, "appliesAfter" | "decidedAt">;

/** A partition that bills what is due and posts it, on logs in memory. */
export class PostedPartition {
  readonly engine;
  readonly store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  readonly #ranks = new Map<string, number>();
  #sequence = 0;
  #controls = 0;
  #requests = 0;
  #posting = 0;
  #taken = 0;

  constructor(catalog: CompiledCatalog) {
    this.engine = createEngine(catalog);
    this.#apply({ kind: "catalog", version: catalog.version }, catalog);
  }

  async use(amount: number, date: string): Promise<void> {
    const id = `e${this.#sequence}`;
    const event = { specversion: "1.0", id, source: "test", type: "usage", subject: "acme" };
    const text = JSON.stringify({ ...event, time: new Date(at(date)).toISOString(), data: { amount } });
    this.engine.process([
      {
        sequence: ++this.#sequence,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs: at(date),
        data: new TextEncoder().encode(text),
      },
    ]);
    await this.#bill();
  }

  async until(date: string): Promise<void> {
    await this.decide({ kind: "close", upToMs: at(date), actor: "test", reason: "test" });
  }

  async take(catalog: CompiledCatalog): Promise<void> {
    await this.decide({ kind: "catalog", version: catalog.version }, catalog);
  }

  async decide(decision: Decision, catalog?: CompiledCatalog): Promise<void> {
    const { kind } = decision;
    if (kind === "catalog" || kind === "posting-redrive" || kind === "credit-note" || kind === "void-invoice")
      await this.commit();
    this.#apply(decision, catalog);
    await this.#bill();
  }

  /** Decides a request as the owner of the partition does; the refusal with its message, or undefined. */
  async request(kind: string, fields: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    await this.commit();
    const head = { kind, request: `request-${++this.#requests}`, actor: "Ann", reason: "because" };
    const read = OPERATIONS.get(kind)?.read({ ...head, ...fields });
    if (read === undefined) throw new Error("no such kind");
    if (typeof read === "string") return `request-invalid: ${read}`;
    const { engine, store } = this;
    const outcome = read.decide({ engine, store, nowMs: at("2026-07-01") });
    if ("refusal" in outcome) return `${outcome.refusal}: ${outcome.message}`;
    const decision: Decision =
      "request" in outcome.record ? { ...outcome.record, previous: "" } : outcome.record;
    await this.decide(decision);
    return undefined;
  }

  /** A result of the runner, told over the operators' channel. */
  async result(key: string, fields: Partial<PostingResult>): Promise<string | undefined> {
    return await this.request("posting-result", { results: [this.resultOf(key, fields)] });
  }

  resultOf(key: string, fields: Partial<PostingResult>): PostingResult {
    return {
      connection: "erp",
      key,
      revision: 1,
      state: "confirmed",
      reason: null,
      code: null,
      message: null,
      erp: null,
      payment: null,
      posting: ++this.#posting,
      ...fields,
    };
  }

  /** The day has come, as the live pipeline finds it. */
  async day(date: string): Promise<void> {
    const decision = dunningRun(this.engine, at(date));
    if (decision !== undefined) await this.decide(decision);
  }

  posting(key: string) {
    const { book } = this.engine.postings;
    const number = book.numberOf("erp", key);
    if (number === undefined) throw new Error(`no posting ${key}`);
    return book.at(number);
  }

  /** Commands that were queued since the last call. */
  async commands(): Promise<PostingCommand[]> {
    await this.commit();
    const commands = commandsOf(this.store);
    const fresh = commands.slice(this.#taken);
    this.#taken = commands.length;
    return fresh;
  }

  async alerts(): Promise<unknown[]> {
    await this.commit();
    return this.store.outboxAfter("alert", 0, 1_000).map(({ body }): unknown => JSON.parse(body));
  }

  /** Checks the books too. */
  async commit(): Promise<void> {
    await this.store.commit(this.engine.collect());
    const { checks } = reportOf([{ partition: 0, engine: this.engine, store: this.store }]);
    const gaps = checks.filter(({ balanced }) => !balanced);
    if (gaps.length > 0) throw new Error(`the books do not balance: ${JSON.stringify(gaps)}`);
  }

  #apply(decision: Decision, catalog?: CompiledCatalog): void {
    const record: ControlRecord = {
      ...decision,
      appliesAfter: this.#sequence,
      decidedAt: "2026-04-05T00:00:00Z",
    };
    const placed = { sequence: ++this.#controls, record };
    const { engine, store } = this;
    if (!needsCheckpoint(record)) engine.apply(placed, encodeControl(record), catalog, [], undefined, store);
    else engine.apply(placed, encodeControl(record), catalog, [], correctedDocument(record, store), store);
  }

  async #bill(): Promise<void> {
    const { engine } = this;
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine))
      this.#apply(await this.#decisionOf(step));
  }

  async #decisionOf(step: NonNullable<ReturnType<typeof nextBillingStep>>): Promise<BillingDecision> {
    if (step === "run") return billingRun(this.engine, 0);
    if (step === "journals") return journalRun(this.engine);
    const ranksOf = (_entity: string, documents: readonly string[]): Promise<number[]> =>
      Promise.resolve(
        documents.map((id) => {
          const rank = this.#ranks.get(id) ?? this.#ranks.size + 1;
          this.#ranks.set(id, rank);
          return rank;
        }),
      );
    return await numberDocuments(this.engine, { ranksOf });
  }
}

/** January is billed: a fee in advance, then usage with the fee of February. */
export async function billedJanuary(catalog = postedCatalog()): Promise<PostedPartition> {
  const partition = new PostedPartition(catalog);
  await partition.use(50, "2026-01-10");
  await partition.until("2026-02-04");
  return partition;
}
