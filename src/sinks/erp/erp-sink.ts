import type { Clock } from "../../model/clock.ts";
import type { ErpDescription } from "../../model/erp-description.ts";
import type {
  ErpFaultKind,
  ErpReference,
  MappedReferences,
  PaymentStatus,
  PostingCommand,
  PostingKind,
} from "../../model/posting.ts";
import type { ChangeNotifications } from "./change-notifications.ts";

/** A request that did not lead to a document. The message is for people, names no secret, and is at most 500 characters. */
export class ErpFault extends Error {
  readonly kind: ErpFaultKind;
  /** The ERP's own code; null where it gives none. */
  readonly code: string | null;
  /** How long the ERP wants to be left alone, milliseconds; undefined where it doesn't say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ErpFaultKind,
    message: string,
    options: { readonly code?: string | null; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(
      message.slice(0, MAX_FAULT_LENGTH),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "ErpFault";
    this.kind = kind;
    this.code = options.code ?? null;
    this.retryAfterMs = options.retryAfterMs;
  }
}
const MAX_FAULT_LENGTH = 500;

/** A line as both sides are compared: amounts are decimal strings, compared as numbers. */
export interface ComparedLine {
  /** The ERP's id of item or account. */
  readonly reference: string;
  /** Net of an invoice's line; debit (positive) or credit (negative) of a journal's. */
  readonly amount: string;
}

/** What is compared between a plan and what the ERP has: header and lines. Fields that an ERP does not keep are null on both sides. */
export interface ComparedDocument {
  readonly customer: string | null;
  readonly legalEntity: string | null;
  readonly currency: string | null;
  readonly date: string | null;
  readonly total: string | null;
  readonly tax: string | null;
  /** In any order: compared as a multiset. */
  readonly lines: readonly ComparedLine[];
}

/** A command turned into what this ERP is sent, without sending anything. */
export interface PlannedPosting {
  readonly command: PostingCommand;
  readonly kind: PostingKind;
  /** What the ERP finds the document by: a function of the command's key and the connection's prefix. */
  readonly externalId: string;
  /** What will be read back. */
  readonly expected: ComparedDocument;
  /** The sink's own; nobody else looks into it. */
  readonly request: unknown;
}

/** A document as the ERP has it. */
export interface FoundDocument {
  readonly erp: ErpReference;
  readonly externalId: string;
  readonly document: ComparedDocument;
  /** Null where the kind isn't paid. */
  readonly payment: { readonly status: PaymentStatus; readonly openAmount: string } | null;
}

export interface RequestContext {
  /** Ends the request; the sink must not start another one behind it. */
  readonly signal: AbortSignal;
  /** From 1; the same for each try of one intent. */
  readonly attempt: number;
}

export type SubmitAnswer =
  /** The ERP has it. */
  | { readonly status: "confirmed"; readonly erp: ErpReference }
  /** The ERP works on it: poll with the handle, which is stored and survives the process. */
  | { readonly status: "accepted"; readonly handle: string };

/** What came of one document of a batch: what `submit` would have answered, or the fault that it would have rejected with. */
export type BatchAnswer = SubmitAnswer | { readonly status: "failed"; readonly fault: ErpFault };

export interface BatchContext extends RequestContext {
  /** `attempt` of each plan, in their order; `attempt` itself is the highest of them. */
  readonly attempts: readonly number[];
}

export type PollAnswer = SubmitAnswer | { readonly status: "pending" };

export interface AcceptedPosting {
  readonly plan: PlannedPosting;
  readonly handle: string;
}

/** What came of one document of a poll of several. */
export type BatchPollAnswer = PollAnswer | { readonly status: "failed"; readonly fault: ErpFault };

/** A document of the connection that a scan has met. */
export interface ScannedRecord {
  readonly externalId: string;
  readonly erp: ErpReference;
}

/** What is wrong with a connection's set-up, in one plain sentence each. */
export interface ConnectionFinding {
  readonly problem: "credentials" | "permission" | "mapping" | "unreachable" | "configuration";
  readonly message: string;
}

/**
 * An ERP behind its adapter: plan → look up → submit → poll → confirm → reconcile. An adapter keeps no state but connections and tokens: the
 * runner decides what is called when, keeps quota and breaker, and writes what happened. Every method but `plan` may be called again after
 * any failure. All reject with `ErpFault` and nothing else.
 */
export interface ErpSink {
  readonly description: ErpDescription;
  /** Pure. Throws `ErpFault` (`mapping`, `validation`) where the command can't be said in this ERP without changing a total. */
  plan(command: PostingCommand): PlannedPosting;
  /** All documents under the plan's external id: none, one, or (where the ERP allows it) several. */
  lookUp(plan: PlannedPosting, context: RequestContext): Promise<readonly FoundDocument[]>;
  /** Creates the document (of a customer: creates or updates it). */
  submit(plan: PlannedPosting, context: RequestContext): Promise<SubmitAnswer>;
  /** The most plans that `submitBatch` takes at once; absent or 1 where the ERP takes one document a request. */
  readonly maxBatch?: number;
  /** Whether a plan may be part of a batch, with others of its kind. */
  isBatchable?(plan: PlannedPosting): boolean;
  /**
   * As `submit`, for several plans of one kind in one request, each of another order key: an answer for each, in their order. A fault of one
   * is an answer and concerns no other. Rejects where there is no answer of their own: then the fault is that of each.
   */
  submitBatch?(plans: readonly PlannedPosting[], context: BatchContext): Promise<readonly BatchAnswer[]>;
  /**
   * Asks what became of an accepted document. Rejects with `version-conflict` where the ERP has come to an end without it, for no reason that
   * lies in it (or has not in its time): it is looked up and sent again. Faults of the question itself are other kinds.
   */
  poll(plan: PlannedPosting, handle: string, context: RequestContext): Promise<PollAnswer>;
  /** What documents have in common that the ERP was sent together, by a handle; null for one that was sent by itself. */
  jobOf?(handle: string): string | null;
  /**
   * As `poll`, for several documents of one job: an answer for each, in their order. Rejects where there is no answer of their own. Sinks with
   * `submitBatch` whose answers are `accepted` have it, so that a batch is not asked about a document at a time.
   */
  pollBatch?(
    accepted: readonly AcceptedPosting[],
    context: RequestContext,
  ): Promise<readonly BatchPollAnswer[]>;
  /** Reads documents back, those that the ERP has; few requests for many documents where the ERP allows it. */
  readBack(plans: readonly PlannedPosting[], context: RequestContext): Promise<readonly FoundDocument[]>;
  /** The most plans that `readBack` takes at once. */
  readonly maxReadBack: number;
  /** External ids with the connection's prefix of documents changed since a day (YYYY-MM-DD), a page at a time; each with what the ERP calls it. */
  scan(sinceDate: string, context: RequestContext): AsyncIterable<readonly ScannedRecord[]>;
  /**
   * Looks for what would stand in the way, without changing anything; rejects where it can't be told. With the rows of a mapping also for those
   * that name what the ERP doesn't have, or doesn't let be used.
   */
  check(
    commandKinds: readonly PostingKind[],
    context: RequestContext,
    references?: MappedReferences,
  ): Promise<readonly ConnectionFinding[]>;
  /** How the ERP tells of changes by itself; absent where it doesn't, or where the connection does not ask for it. */
  readonly notifications?: ChangeNotifications | undefined;
  /** The longest that one request may take, milliseconds: a runner's lease must outlast it. */
  readonly requestDeadlineMs: number;
  /** How long after a request without an answer the ERP is asked whether it has the document, milliseconds. */
  readonly settleDelayMs: number;
  close(): Promise<void>;
}

/** What a sink is made with. Secrets come as values, read by the composition root; they stay within the sink. */
export interface ErpSinkEnvironment {
  /** What external ids begin with: tells this system's documents from all others of the ERP. */
  readonly prefix: string;
  /** Milliseconds since the epoch, and monotonic. */
  readonly clock: Clock;
  /** Gives [0, 1). */
  readonly random: () => number;
  /** Told of each request, for metrics: operation is a fixed word ("submit-invoice"). */
  readonly onRequest: (operation: string, outcome: "answered" | ErpFaultKind, elapsedMs: number) => void;
}
