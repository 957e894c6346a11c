import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";
import type { ErpSink } from "../erp/erp-sink.ts";
import type { PostingDesk } from "./posting-desk.ts";
import { ALONE } from "./posting-machine.ts";

/** Intents of a batch, and its outcomes, are one message of the log each: so many stay below what a broker takes. */
const MAX_BATCH = 100;
/** How long a batch that is not full lets documents pass that are sent by themselves: customers, before the invoices that wait for them. */
const BATCH_LINGER_MS = 2_000;
/** Documents whose answer to "may it be in a batch" is remembered: planning them at each choice would cost more than the request. */
const MAX_REMEMBERED = 10 * MAX_BATCH;

export interface BatchChoiceOptions {
  readonly store: Pick<PostingStore, "ready" | "due">;
  /** The most documents of one request; 1 where the ERP takes a document a request. */
  readonly maxBatch: number;
  readonly isBatchable: (document: PostingDocument) => boolean;
  /** What documents have in common that were sent together, by a handle. */
  readonly jobOf: (handle: string) => string | null;
}

/** What a sink says of batches, for a choice. */
export function batchesOf(sink: ErpSink, desk: Pick<PostingDesk, "plan">): Omit<BatchChoiceOptions, "store"> {
  const { maxBatch = 1 } = sink;
  return {
    maxBatch: sink.submitBatch === undefined ? 1 : Math.min(maxBatch, MAX_BATCH),
    isBatchable: ({ key }) => {
      const made = desk.plan(key);
      return "plan" in made && (sink.isBatchable?.(made.plan) ?? true);
    },
    jobOf: (handle) => (sink.pollBatch === undefined ? null : (sink.jobOf?.(handle) ?? null)),
  };
}

/** Chooses documents that one request is made for: the first that may be sent, or as many of its kind as the ERP takes at once. */
export class BatchChoice {
  readonly #options: BatchChoiceOptions;
  /** By the place of the command in effect. */
  readonly #batchable = new Map<number, boolean>();
  #lingersSinceMs: number | undefined;

  constructor(options: BatchChoiceOptions) {
    this.#options = options;
  }

  /** Planned documents for the next request: none, one, or a batch of one kind, each of another order key. */
  planned(nowMs: number, busy: ReadonlySet<string>): readonly PostingDocument[] {
    const { store, maxBatch } = this.#options;
    const free = store.ready(nowMs, maxBatch + busy.size).filter(({ key }) => !busy.has(key));
    if (maxBatch === 1) return free.slice(0, 1);
    const first = free.find((document) => this.#isBatchable(document));
    if (first === undefined) return free.slice(0, 1);
    const batch = free
      .filter((document) => document.kind === first.kind && this.#isBatchable(document))
      .slice(0, maxBatch);
    if (batch.length < maxBatch && !this.#hasLingered(nowMs)) {
      const other = free.find((document) => !this.#isBatchable(document));
      if (other !== undefined) return [other];
    }
    this.#lingersSinceMs = undefined;
    return batch;
  }

  /** Accepted documents for the next poll: none, one, or those that are due of the same job. */
  accepted(nowMs: number, busy: ReadonlySet<string>): readonly PostingDocument[] {
    const { store, maxBatch } = this.#options;
    const free = store.due("accepted", nowMs, MAX_BATCH + busy.size).filter(({ key }) => !busy.has(key));
    const [first] = free;
    const job = this.#jobOf(first);
    if (job === null) return free.slice(0, 1);
    return free.filter((document) => this.#jobOf(document) === job).slice(0, Math.max(1, maxBatch));
  }

  #jobOf(document: PostingDocument | undefined): string | null {
    return this.#options.jobOf(document?.handle ?? "");
  }

  #hasLingered(nowMs: number): boolean {
    this.#lingersSinceMs ??= nowMs;
    return nowMs - this.#lingersSinceMs >= BATCH_LINGER_MS;
  }

  #isBatchable(document: PostingDocument): boolean {
    if (document.reason === ALONE) return false;
    const known = this.#batchable.get(document.position);
    if (known !== undefined) return known;
    if (this.#batchable.size >= MAX_REMEMBERED) this.#batchable.clear();
    const isBatchable = this.#options.isBatchable(document);
    this.#batchable.set(document.position, isBatchable);
    return isBatchable;
  }
}
