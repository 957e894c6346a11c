import { correctedDocument } from "./corrected-document.ts";
import { CLOUD_EVENT_TYPE } from "../model/content-types.ts";
import { type ControlKind, decodeControl, encodeControl, type ControlRecord } from "../model/control.ts";
import type { ErpDescription } from "../model/erp-description.ts";
import type { MessageDecoder } from "../model/event-batch.ts";
import { TributaryError } from "../model/errors.ts";
import type { LogMessage } from "../model/log.ts";
import type { Channel } from "../model/outputs.ts";
import type { NumberingLog } from "../model/numbering.ts";
import { partitionOf } from "../model/partition.ts";
import type { PartitionStore } from "../model/store.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import {
  type BillingDecision,
  billingRun,
  journalRun,
  nextBillingStep,
  numberDocuments,
} from "./billing-steps.ts";
import { PartitionEngine } from "./partition-engine.ts";
import type { SimulationLine } from "./simulation-line.ts";

/** Messages a partition collects before the engine takes them: any number gives the same result. */
const MAX_RUN_MESSAGES = 2_000;
/** Entries read from a store at once. */
const OUTBOX_PAGE = 1_000;
/** Virtual time between two looks at what is due to be billed. */
const BILLING_CHECK_MS = 60_000;
const encoder = new TextEncoder();

export interface SimulationOptions {
  readonly catalog: CompiledCatalog;
  readonly partitionCount: number;
  /** Virtual idle time after which a region stops holding the watermark back; not used when the input has control lines. */
  readonly idleTimeoutMs: number;
  /** Key of the event-id hash: any serves, since nobody outside chooses ids against a simulation. */
  readonly hashKey: string;
  readonly createDecoder: (hashKey: string) => MessageDecoder;
  readonly openStore: (partition: number) => PartitionStore;
  /** What each kind of ERP needs of a mapping. */
  readonly erpDescriptions?: readonly ErpDescription[] | undefined;
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
}

/**
 * Runs events of a file through the partition engine in virtual time: the arrival of each line is "now". No broker, no
 * clock: the same lines give the same result. Lines that `export` wrote from a control log are applied at their place;
 * without any, idle regions are found by the lines' own arrivals.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #partitions = new Map<number, SimulatedPartition>();
  #hasControlLines = false;
  #nowMs = Number.NEGATIVE_INFINITY;
  #nextIdleMs = Number.POSITIVE_INFINITY;
  #nextBillingMs = Number.NEGATIVE_INFINITY;
  readonly #numbering = new SimulatedNumbering();

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  /** Takes the next line; lines come in the order of arrival. */
  async feed(line: SimulationLine): Promise<void> {
    if (line.kind === "control") {
      this.#hasControlLines = true;
      await this.#partition(line.partition).control(decodeControl(encoder.encode(line.record)));
      return;
    }
    const arrivalMs = Math.max(line.arrivalMs ?? this.#nowMs, this.#nowMs);
    this.#nowMs = arrivalMs;
    if (!this.#hasControlLines && arrivalMs >= this.#nextIdleMs) this.#markIdle(arrivalMs);
    if (!this.#hasControlLines && arrivalMs >= this.#nextBillingMs) {
      await this.#bill();
      this.#nextBillingMs = (Math.floor(arrivalMs / BILLING_CHECK_MS) + 1) * BILLING_CHECK_MS;
    }
    const { partitionCount, idleTimeoutMs } = this.#options;
    if (line.kind === "message") {
      if (line.partition >= partitionCount)
        throw new TributaryError(
          "usage-invalid",
          `The file holds a message of partition ${line.partition}; there are ${partitionCount}.`,
        );
      await this.#partition(line.partition).message(line, arrivalMs);
    } else {
      const target =
        line.partition !== undefined && line.partition < partitionCount
          ? line.partition
          : partitionOf(line.account, partitionCount);
      const data = encoder.encode(line.text);
      const { region } = line;
      await this.#partition(target).message({ region, contentType: CLOUD_EVENT_TYPE, data }, arrivalMs);
    }
    this.#nextIdleMs = Math.min(this.#nextIdleMs, arrivalMs + idleTimeoutMs);
  }

  /** Ends the input; with `untilMs`, virtual time runs on to it, as if an operator had said that no more will come. */
  async finish(untilMs: number | undefined): Promise<void> {
    const { catalog, partitionCount } = this.#options;
    if (untilMs !== undefined) {
      // Also of accounts without usage: they may owe fees.
      for (let partition = 0; partition < partitionCount; partition++)
        if (catalog.contractsOf(partition, partitionCount).length > 0) this.#partition(partition);
    }
    for (const partition of this.#partitions.values()) {
      if (untilMs !== undefined) {
        await partition.control({
          kind: "close",
          upToMs: untilMs,
          actor: "simulate",
          reason: "--until",
          appliesAfter: 0,
          decidedAt: new Date(untilMs).toISOString(),
        });
      }
      await partition.commit();
    }
    if (!this.#hasControlLines || untilMs !== undefined) await this.#bill();
  }

  /** Bills what the partitions' watermarks have made due, the earliest first. */
  async #bill(): Promise<void> {
    for (const partition of this.#partitions.values()) partition.catchUp();
    for (;;) {
      const due = this.partitions().filter(({ engine }) => nextBillingStep(engine) !== undefined);
      if (due.length === 0) return;
      const firstMs = Math.min(
        ...due.map(({ engine }) =>
          nextBillingStep(engine) === "journals" ? Infinity : engine.invoices.nextDueMs,
        ),
      );
      for (const { partition, engine } of due)
        if (nextBillingStep(engine) === "run" && engine.invoices.nextDueMs === firstMs)
          await this.#partitions.get(partition)?.decide(billingRun(engine, firstMs));
      for (const { partition, engine } of due) {
        const step = nextBillingStep(engine);
        if (step === "number")
          await this.#partitions.get(partition)?.decide(await numberDocuments(engine, this.#numbering));
        // What another partition bills at this moment is of the same months.
        else if (step === "journals" && firstMs === Infinity)
          await this.#partitions.get(partition)?.decide(journalRun(engine));
      }
    }
  }

  /** Partitions that had input, in order. */
  partitions(): {
    readonly partition: number;
    readonly engine: PartitionEngine;
    readonly store: PartitionStore;
  }[] {
    return [...this.#partitions.values()].sort((a, b) => a.partition - b.partition);
  }

  /** Alerts about commitments and credits, by partition in the order of the log, each as canonical JSON. */
  alerts(): string[] {
    return this.#published("alert");
  }

  /** Commands for ERPs, by partition in the order in which they were queued, each as JSON. */
  commands(): string[] {
    return this.#published("command");
  }

  #published(channel: Channel): string[] {
    return this.partitions().flatMap(({ store }) => {
      const bodies: string[] = [];
      for (let last = 0; ;) {
        const page = store.outboxAfter(channel, last, OUTBOX_PAGE);
        for (const entry of page) {
          bodies.push(entry.body);
          last = entry.ordinal;
        }
        if (page.length < OUTBOX_PAGE) return bodies;
      }
    });
  }

  close(): void {
    for (const partition of this.#partitions.values()) partition.store.close();
  }

  #markIdle(nowMs: number): void {
    this.#nextIdleMs = Number.POSITIVE_INFINITY;
    for (const partition of this.#partitions.values()) {
      this.#nextIdleMs = Math.min(this.#nextIdleMs, partition.markIdle(nowMs));
    }
  }

  #partition(partition: number): SimulatedPartition {
    let found = this.#partitions.get(partition);
    if (found === undefined) {
      found = new SimulatedPartition(partition, this.#options, this.#nowMs);
      this.#partitions.set(partition, found);
    }
    return found;
  }
}

/** Records that figures follow from; the catalog is the one that the simulation was given. */
const DECIDING_KINDS: ReadonlySet<ControlKind> = new Set<ControlKind>([
  "idle",
  "close",
  "billing-run",
  "documents-numbered",
  "credit-note",
  "void-invoice",
  "period-signed-off",
  "period-reopened",
  "documents-taxed",
  "tax-commit-refused",
  "journal-run",
  "dunning-run",
  "posting-result",
  "posting-redrive",
]);

/** Numbers of a simulation: documents are named in the order in which they ask. */
class SimulatedNumbering implements NumberingLog {
  readonly #ranks = new Map<string, Map<string, number>>();

  ranksOf(legalEntity: string, documents: readonly string[]): Promise<readonly number[]> {
    const ranks = this.#ranks.get(legalEntity) ?? new Map<string, number>();
    this.#ranks.set(legalEntity, ranks);
    return Promise.resolve(
      documents.map((id) => {
        const rank = ranks.get(id) ?? ranks.size + 1;
        ranks.set(id, rank);
        return rank;
      }),
    );
  }
}

class SimulatedPartition {
  readonly partition: number;
  readonly engine: PartitionEngine;
  readonly store: PartitionStore;
  readonly #idleTimeoutMs: number;
  #waiting: LogMessage[] = [];
  #sequence = 0;
  #controlSequence = 0;
  #started = false;
  readonly #catalog: CompiledCatalog;
  readonly #lastEventMs = new Map<string, number>();
  readonly #startedMs: number;

  constructor(partition: number, options: SimulationOptions, nowMs: number) {
    this.partition = partition;
    this.store = options.openStore(partition);
    this.#catalog = options.catalog;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#startedMs = nowMs;
    this.engine = new PartitionEngine({
      partition,
      partitionCount: options.partitionCount,
      decoder: options.createDecoder(options.hashKey),
      hashKey: options.hashKey,
      settings: options.catalog.settings,
      sha256: options.sha256,
      erpDescriptions: options.erpDescriptions,
    });
  }

  async message(
    {
      region,
      contentType,
      data,
    }: { readonly region: string; readonly contentType: string; readonly data: Uint8Array },
    arrivalMs: number,
  ): Promise<void> {
    this.#start();
    this.#waiting.push({
      sequence: ++this.#sequence,
      subject: `usage.${this.partition}.${region}`,
      contentType,
      arrivalMs,
      data,
    });
    this.#lastEventMs.set(region, arrivalMs);
    if (this.#waiting.length >= MAX_RUN_MESSAGES) await this.commit();
  }

  async control(record: ControlRecord): Promise<void> {
    this.#start();
    // The catalog of the simulation is the one it was given; the others decide nothing about figures.
    if (!DECIDING_KINDS.has(record.kind)) return;
    await this.commit();
    this.#apply({ ...record, appliesAfter: this.#sequence });
    await this.commit();
  }

  /** Processes what came in so far, where something may be due to be billed. */
  catchUp(): void {
    const lastMs = this.#waiting.at(-1)?.arrivalMs ?? Number.NEGATIVE_INFINITY;
    if (Math.min(this.engine.invoices.nextDueMs, this.engine.postings.nextJournalMs) <= lastMs)
      this.#processWaiting();
  }

  /** Applies a decision about billing at the place where the partition stands. */
  async decide(decision: BillingDecision): Promise<void> {
    this.#processWaiting();
    this.#apply({ ...decision, appliesAfter: this.#sequence, decidedAt: "" });
    await this.commit();
  }

  /** Marks regions that are idle at `nowMs`; returns when the next one can become idle. */
  markIdle(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    this.#processWaiting();
    for (const region of this.engine.windows.watermark.activeRegions()) {
      const lastMs = this.#lastEventMs.get(region) ?? this.#startedMs;
      if (!Number.isFinite(lastMs) || nowMs - lastMs < this.#idleTimeoutMs) {
        next = Math.min(next, (Number.isFinite(lastMs) ? lastMs : nowMs) + this.#idleTimeoutMs);
        continue;
      }
      this.#apply({
        kind: "idle",
        region,
        appliesAfter: this.#sequence,
        decidedAt: new Date(nowMs).toISOString(),
      });
    }
    return next;
  }

  async commit(): Promise<void> {
    this.#processWaiting();
    await this.store.commit(this.engine.collect());
  }

  #processWaiting(): void {
    this.engine.process(this.#waiting);
    this.#waiting = [];
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#apply({ kind: "catalog", version: this.#catalog.version, appliesAfter: 0, decidedAt: "" });
  }

  #apply(record: ControlRecord): void {
    this.#processWaiting();
    const catalog = record.kind === "catalog" ? this.#catalog : undefined;
    const placed = { sequence: ++this.#controlSequence, record };
    const document = correctedDocument(record, this.store);
    this.engine.apply(placed, encodeControl(record), catalog, [], document, this.store);
  }
}
