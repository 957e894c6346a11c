import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";
import { BatchChoice, type BatchChoiceOptions } from "./batch-choice.ts";
import type { PaymentSweep } from "./payment-sweep.ts";

/** What the next request is for. */
export type Work =
  | { readonly kind: "look-up"; readonly document: PostingDocument }
  | {
      readonly kind: "submit" | "poll" | "read-back" | "payments" | "sweep";
      readonly documents: readonly PostingDocument[];
    }
  | { readonly kind: "scan" | "subscription" };

export interface WorkSourceOptions {
  readonly store: PostingStore;
  /** Documents that are read back by one call now. */
  readonly readBackSize: () => number;
  readonly batches: Omit<BatchChoiceOptions, "store">;
  /** Whether the ERP can be asked for a document, and documents be read back. */
  readonly canLookUp: boolean;
  readonly canReadBack: boolean;
  /** Payments and scan that are late by more than this come before documents, one request each OVERDUE_SPACING_MS. */
  readonly patienceMs: number;
  /** When the next page of the scan is wanted; Infinity while one is under way. */
  readonly nextScanMs: () => number;
  /** When subscriptions are to be looked at; Infinity where there are none. */
  readonly nextSubscriptionMs: () => number;
  readonly sweep: Pick<PaymentSweep, "nextMs" | "page">;
  /** By how much longer than their interval payments are left alone now. */
  readonly paymentStretchMs: () => number;
}

/** A confirmed document is read back alone if no batch has filled by then. */
const READ_BACK_LINGER_MS = 30_000;
const OVERDUE_SPACING_MS = 60_000;

/**
 * Chooses the next request: subscriptions are kept, which takes one in an hour; what is under way is settled before anything new is sent, since others wait for
 * it; read-backs come before new documents where a batch is full, so that each costs its share of a request; payments and the scan take what is left over.
 */
export class WorkSource {
  readonly #options: WorkSourceOptions;
  readonly #batches: BatchChoice;
  #lastOverdueMs = Number.NEGATIVE_INFINITY;

  constructor(options: WorkSourceOptions) {
    this.#options = options;
    this.#batches = new BatchChoice({ ...options.batches, store: options.store });
  }

  /**
   * Undefined where nothing is due.
   * @param busy keys that a request or a record is under way for
   */
  next(nowMs: number, busy: ReadonlySet<string>): Work | undefined {
    const { store, nextSubscriptionMs } = this.#options;
    if (nextSubscriptionMs() <= nowMs) return { kind: "subscription" };
    const unknown = this.#options.canLookUp
      ? firstFree(store.due("unknown", nowMs, busy.size + 1), busy)
      : undefined;
    if (unknown !== undefined) return { kind: "look-up", document: unknown };
    const accepted = this.#batches.accepted(nowMs, busy);
    if (accepted.length > 0) return { kind: "poll", documents: accepted };
    const overdue = this.#overdue(nowMs, busy);
    if (overdue !== undefined) return overdue;
    const confirmed = this.#confirmed(nowMs, busy);
    const [first] = confirmed;
    const isFull = confirmed.length >= this.#options.readBackSize();
    if (first !== undefined && (isFull || nowMs - (first.dueMs ?? 0) >= READ_BACK_LINGER_MS))
      return { kind: "read-back", documents: confirmed };
    const planned = this.#batches.planned(nowMs, busy);
    if (planned.length > 0) return { kind: "submit", documents: planned };
    // What is under way may fill the batch.
    if (first !== undefined && busy.size === 0) return { kind: "read-back", documents: confirmed };
    return this.#payments(nowMs, busy) ?? this.#sweep(nowMs, busy) ?? this.#scan(nowMs);
  }

  /** The first time after now at which something is due, whatever is busy; undefined where nothing will be. */
  nextMs(nowMs: number): number | undefined {
    const { store, nextScanMs, nextSubscriptionMs, sweep, paymentStretchMs, canReadBack } = this.#options;
    const paymentMs = store.nextPaymentMs();
    const beside = canReadBack
      ? [paymentMs === undefined ? undefined : paymentMs + paymentStretchMs(), sweep.nextMs, nextScanMs()]
      : [];
    const times = [store.nextDueMs(nowMs), nextSubscriptionMs(), ...beside].filter(
      (time) => time !== undefined && time > nowMs && time !== Number.POSITIVE_INFINITY,
    );
    return times.length === 0 ? undefined : Math.min(...times.map((time) => time ?? nowMs));
  }

  #confirmed(nowMs: number, busy: ReadonlySet<string>): readonly PostingDocument[] {
    const { store, readBackSize, canReadBack } = this.#options;
    if (!canReadBack) return [];
    const size = readBackSize();
    return store
      .due("confirmed", nowMs, size + busy.size)
      .filter(({ key }) => !busy.has(key))
      .slice(0, size);
  }

  /** So that a backlog of weeks does not hide what has been paid. */
  #overdue(nowMs: number, busy: ReadonlySet<string>): Work | undefined {
    const { patienceMs } = this.#options;
    if (nowMs - this.#lastOverdueMs < OVERDUE_SPACING_MS) return undefined;
    const lateMs = nowMs - patienceMs;
    const work = this.#payments(lateMs, busy) ?? this.#sweep(lateMs, busy) ?? this.#scan(lateMs);
    if (work !== undefined) this.#lastOverdueMs = nowMs;
    return work;
  }

  #payments(nowMs: number, busy: ReadonlySet<string>): Work | undefined {
    const { store, readBackSize, canReadBack, paymentStretchMs } = this.#options;
    if (!canReadBack) return undefined;
    const size = readBackSize();
    const documents = store
      .paymentsDue(nowMs - paymentStretchMs(), size + busy.size)
      .filter(({ key }) => !busy.has(key))
      .slice(0, size);
    return documents.length === 0 ? undefined : { kind: "payments", documents };
  }

  #sweep(nowMs: number, busy: ReadonlySet<string>): Work | undefined {
    const { sweep, readBackSize, canReadBack } = this.#options;
    if (!canReadBack || sweep.nextMs > nowMs) return undefined;
    const documents = sweep.page(readBackSize(), busy);
    return documents === undefined ? undefined : { kind: "sweep", documents };
  }

  #scan(nowMs: number): Work | undefined {
    return this.#options.canReadBack && this.#options.nextScanMs() <= nowMs ? { kind: "scan" } : undefined;
  }
}

function firstFree(
  documents: readonly PostingDocument[],
  busy: ReadonlySet<string>,
): PostingDocument | undefined {
  return documents.find(({ key }) => !busy.has(key));
}
