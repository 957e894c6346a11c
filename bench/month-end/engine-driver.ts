import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import type { PublishedDocument } from "../../src/billing/invoices/billing-document.ts";
import { minorUnitsOfText } from "../../src/billing/rating/money.ts";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import { LoadEncoder } from "../../src/load/encode/load-encoder.ts";
import { planBlocks, type LoadShape } from "../../src/load/event-plan.ts";
import { encodeControl, type ControlRecord } from "../../src/model/control.ts";
import type { LogMessage } from "../../src/model/log.ts";
import type { SliceBudget, SlicedWork } from "../../src/model/sliced-work.ts";
import type { NumberingLog } from "../../src/model/numbering.ts";
import {
  type BillingDecision,
  billingRun,
  nextBillingStep,
  numberDocuments,
} from "../../src/pipeline/billing-steps.ts";
import { PartitionEngine } from "../../src/pipeline/partition-engine.ts";
import { hashOfTotals } from "./month-end-load.ts";

const HASH_KEY = "00112233445566778899aabbccddeeff";
const PARTITION_COUNT = 1;
const BATCH_SIZE = 1_000;
const BLOCK_SIZE = 8_192;
/** What a partition of 16 finishes in a second at some times the target. */
const DOCUMENTS_A_CHECKPOINT = 1_000;

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Drives an engine as the live pipeline does, without a broker and a disk, and times what is done in one piece. */
export class EngineDriver {
  readonly engine: PartitionEngine;
  readonly #numbering = countingNumbers();
  readonly #totals: [id: string, cents: bigint][] = [];
  #usageSequence = 0;
  #controlSequence = 0;
  /** Synchronous work since the last `beginMeasuring`, milliseconds each. */
  slicesMs: number[] = [];
  /** What each slice of the engine's work in that time has put out. */
  sliceOutputs: number[] = [];
  controlBytes = 0;
  rowBytes = 0;
  outboxBytes = 0;

  /** @param budget how much work is one slice; only tests give one */
  constructor(catalog: CompiledCatalog, budget?: SliceBudget) {
    this.engine = new PartitionEngine({
      partition: 0,
      partitionCount: PARTITION_COUNT,
      decoder: createDecoder(HASH_KEY),
      hashKey: HASH_KEY,
      settings: catalog.settings,
      sha256,
      ...(budget !== undefined && { budget }),
    });
    this.useCatalog(catalog);
  }

  useCatalog(catalog: CompiledCatalog): void {
    const { version } = catalog;
    this.#apply({ kind: "catalog", version, appliesAfter: this.#usageSequence, decidedAt: "" }, catalog);
  }

  process(shape: LoadShape): void {
    const encoder = new LoadEncoder(shape, {
      form: "columnar",
      batchSize: BATCH_SIZE,
      partitionCount: PARTITION_COUNT,
    });
    const take = (encoded: ReturnType<LoadEncoder["encode"]>): void => {
      for (const { subject, data, contentType } of encoded) {
        const arrivalMs = shape.startMs + shape.spanMs;
        const sequence = ++this.#usageSequence;
        const message: LogMessage = { sequence, subject, contentType, arrivalMs, data: data.slice() };
        this.#timedSlices(this.engine.processInSlices([message]));
      }
    };
    for (const block of planBlocks(shape, BLOCK_SIZE)) take(encoder.encode(block));
    take(encoder.flush());
  }

  /** Bills all that is due, in the steps and slices of the live pipeline. */
  async bill(): Promise<void> {
    for (;;) {
      const step = nextBillingStep(this.engine);
      if (step === undefined) break;
      if (step === "run") this.#decide(billingRun(this.engine, this.engine.watermarkMs));
      else this.#decide(await numberDocuments(this.engine, this.#numbering));
      if (this.engine.journal.waiting >= DOCUMENTS_A_CHECKPOINT) this.checkpoint();
    }
    this.checkpoint();
  }

  /** Takes a checkpoint; only its freezing is done in one piece, rows are read in slices. */
  checkpoint(): void {
    const frozen = this.#timed(() => this.engine.freeze());
    for (const { value } of frozen.rows) this.rowBytes += value?.length ?? 0;
    for (const { channel, body } of frozen.outbox) {
      if (channel !== "document") continue;
      this.outboxBytes += body.length;
      const { id, total }: PublishedDocument = JSON.parse(body);
      this.#totals.push([id, minorUnitsOfText(total)]);
    }
  }

  beginMeasuring(): void {
    this.slicesMs = [];
    this.sliceOutputs = [];
    this.controlBytes = 0;
    this.rowBytes = 0;
    this.outboxBytes = 0;
  }

  get documents(): number {
    return this.#totals.length;
  }

  /** Hash of the totals of all documents; forgets them. */
  takeHash(): string {
    return hashOfTotals(this.#totals.splice(0));
  }

  #decide(decision: BillingDecision): void {
    this.#apply({ ...decision, appliesAfter: this.#usageSequence, decidedAt: "" }, undefined);
  }

  #apply(record: ControlRecord, catalog: CompiledCatalog | undefined): void {
    const data = encodeControl(record);
    this.controlBytes += data.length;
    const placed = { sequence: ++this.#controlSequence, record };
    this.#timedSlices(this.engine.applyInSlices(placed, data, catalog, []));
  }

  #timedSlices(work: SlicedWork): void {
    let isDone = false;
    while (!isDone) {
      const waiting = this.engine.journal.waiting;
      isDone = this.#timed(() => work.next()).done === true;
      this.sliceOutputs.push(this.engine.journal.waiting - waiting);
    }
  }

  #timed<Result>(run: () => Result): Result {
    const fromMs = performance.now();
    const result = run();
    this.slicesMs.push(performance.now() - fromMs);
    return result;
  }
}

function countingNumbers(): NumberingLog {
  let last = 0;
  return { ranksOf: (_entity, documents) => Promise.resolve(documents.map(() => ++last)) };
}

/** The heap without what is not in use any more. */
export function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed;
}
