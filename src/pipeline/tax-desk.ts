import type { Clock } from "../model/clock.ts";
import { messageOf, TributaryError } from "../model/errors.ts";
import type { FaultInjector } from "../model/fault-injection.ts";
import type { TaxReply, TaxService } from "../model/tax-service.ts";
import type { FrozenDocument } from "../billing/invoices/billing-document.ts";
import type { TaxQuestion } from "../operators/invoice/document-taxes.ts";
import type { BillingDecision } from "./billing-steps.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/** Questions of a partition that are under way at once; how many of them reach the service is the service's affair. */
const MAX_QUESTIONS = 64;
/** Replies of one control record, and their bytes: well below what a broker takes in one message by default (1 MiB). */
const MAX_REPLIES = 100;
const MAX_REPLY_BYTES = 256 * 1024;
/** A reply above this can't be recorded. It would have some ten thousand lines. */
const MAX_SINGLE_REPLY_BYTES = 768 * 1024;
/** Wait after the first time that a document's question found no answer; doubled each time up to the longest. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
const DOUBLINGS_MAX = 7;
/** How often documents without an answer are looked through. */
const OVERDUE_CHECK_MS = 10_000;
const NO_SERVICE = "this worker's configuration names no tax service";

export interface TaxDeskOptions {
  /** Undefined where the worker has none: documents that need one wait. */
  readonly service: TaxService | undefined;
  readonly clock: Clock;
  readonly faults: FaultInjector;
  /** A document that was made this long ago and has no answer becomes an exception. */
  readonly overdueAfterMs: number;
  /** A document that was refused is asked about again after this time: what was wrong may have been put right at the service. */
  readonly askAgainAfterMs: number;
  /** Told of each question that found no answer. */
  readonly onFailed: (fault: unknown) => void;
}

/** What the desk sees of an engine. */
type BillingState = Pick<PartitionEngine, "invoices">;

/** What is known of a document's questions; forgotten when the process ends, which only makes them come again at once. */
interface Asked {
  readonly catalogVersion: string;
  failures: number;
  /** Monotonic time from which it may be asked again; Infinity while a question is under way. */
  notBeforeMs: number;
  lastFault: string;
  isOverdue: boolean;
}

/**
 * Asks a tax service about held documents and collects the answers until they are recorded. Never more than
 * `MAX_QUESTIONS` are under way, and none of them holds anything else up.
 */
export class TaxDesk {
  readonly #options: TaxDeskOptions;
  readonly #asked = new Map<string, Asked>();
  #replies: TaxReply[] = [];
  #underWay = 0;
  /** Monotonic time before which the service wants no questions. */
  #closedUntilMs = 0;
  #nextOverdueCheckMs = 0;
  #isStopped = false;

  constructor(options: TaxDeskOptions) {
    this.#options = options;
  }

  /** Begins to ask what may be asked now. Returns at once. */
  ask({ invoices: { serviceTaxes } }: BillingState): void {
    const { service, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.#nextOverdueCheckMs) {
      this.#nextOverdueCheckMs = nowMs + Math.min(OVERDUE_CHECK_MS, this.#options.overdueAfterMs);
      this.#noteOverdue(serviceTaxes);
    }
    if (service === undefined || nowMs < this.#closedUntilMs) return;
    for (const document of serviceTaxes.unanswered()) {
      if (this.#underWay >= MAX_QUESTIONS) return;
      const asked = this.#askedOf(document);
      if (asked.notBeforeMs > nowMs) continue;
      const question = serviceTaxes.questionOf(document.id);
      if (question === undefined) continue;
      asked.notBeforeMs = Infinity;
      this.#underWay += 1;
      void this.#askOne(service, question, asked);
    }
  }

  /**
   * Somebody wants documents to be asked about again, whatever the waits between questions about each: next time that
   * questions are asked. A service that wants none for a time is still left alone for it.
   * @param documents ids; null: all
   */
  askAgain(documents: readonly string[] | null): void {
    const wanted =
      documents === null ? this.#asked.values() : documents.flatMap((id) => this.#asked.get(id) ?? []);
    for (const asked of wanted) {
      asked.failures = 0;
      // A question that is under way is answered.
      if (asked.notBeforeMs !== Infinity) asked.notBeforeMs = 0;
    }
  }

  /** What still comes in is not wanted any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The answers that came in, as a record to be written; undefined where there is nothing new. */
  decision(engine: BillingState): BillingDecision | undefined {
    const replies: TaxReply[] = [];
    let bytes = 0;
    while (replies.length < MAX_REPLIES && bytes < MAX_REPLY_BYTES) {
      const reply = this.#replies.shift();
      if (reply === undefined) break;
      const fitting = recordable(reply);
      if (!engine.invoices.serviceTaxes.isNews(fitting)) continue;
      replies.push(fitting);
      bytes += bytesOf(fitting);
    }
    return replies.length === 0 ? undefined : { kind: "documents-taxed", replies };
  }

  async #askOne(service: TaxService, { request, fingerprint }: TaxQuestion, asked: Asked): Promise<void> {
    const { clock, faults, askAgainAfterMs, onFailed } = this.#options;
    try {
      const answer = await service.tax(request);
      faults.reach("after-tax-reply");
      asked.failures = 0;
      asked.notBeforeMs = clock.monotonicMs() + askAgainAfterMs;
      this.#replies.push({ document: request.document, request: fingerprint, answer });
    } catch (fault) {
      asked.failures += 1;
      asked.lastFault = messageOf(fault);
      const nowMs = clock.monotonicMs();
      asked.notBeforeMs = nowMs + waitMs(asked.failures);
      const closedMs = retryInMs(fault);
      if (closedMs !== undefined) this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + closedMs);
      // A client that is closed with its worker ends questions too.
      if (!this.#isStopped) onFailed(fault);
    } finally {
      this.#underWay -= 1;
    }
  }

  #askedOf({ id, catalogVersion }: FrozenDocument): Asked {
    const known = this.#asked.get(id);
    // Behind another catalog the question may be another one.
    if (known !== undefined && (known.catalogVersion === catalogVersion || known.notBeforeMs === Infinity))
      return known;
    const fresh = { catalogVersion, failures: 0, notBeforeMs: 0, lastFault: "", isOverdue: false };
    this.#asked.set(id, fresh);
    return fresh;
  }

  /** Documents without an answer for long; and forgets those that wait no more. */
  #noteOverdue(serviceTaxes: BillingState["invoices"]["serviceTaxes"]): void {
    const { clock, overdueAfterMs, service } = this.#options;
    const waiting = new Set<string>();
    for (const document of serviceTaxes.unanswered()) {
      waiting.add(document.id);
      const asked = this.#askedOf(document);
      if (asked.isOverdue || document.hold?.reason !== "tax-pending") continue;
      if (service !== undefined && asked.lastFault === "") continue;
      if (clock.nowMs() - document.issuedMs < overdueAfterMs) continue;
      const question = serviceTaxes.questionOf(document.id);
      if (question === undefined) continue;
      asked.isOverdue = true;
      const message = asked.lastFault === "" ? NO_SERVICE : asked.lastFault;
      const answer = { kind: "overdue", message } as const;
      this.#replies.push({ document: document.id, request: question.fingerprint, answer });
    }
    for (const id of this.#asked.keys()) if (!waiting.has(id)) this.#asked.delete(id);
  }
}

function waitMs(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
}

/** How long the service wants to be left alone; undefined where the fault does not say. */
function retryInMs(fault: unknown): number | undefined {
  const wanted = fault instanceof TributaryError ? fault.details["retryInMs"] : undefined;
  return typeof wanted === "number" && Number.isFinite(wanted) ? wanted : undefined;
}

function bytesOf(reply: TaxReply): number {
  // Three bytes is the most that a UTF-16 code unit takes.
  return JSON.stringify(reply).length * 3;
}

/** A reply that is too large for the log is recorded as what it is: one that can't be used. */
function recordable(reply: TaxReply): TaxReply {
  const bytes = bytesOf(reply);
  if (bytes <= MAX_SINGLE_REPLY_BYTES) return reply;
  const message = `the reply takes ${bytes} bytes, more than the ${MAX_SINGLE_REPLY_BYTES} that can be recorded`;
  return { ...reply, answer: { kind: "invalid", message } };
}
