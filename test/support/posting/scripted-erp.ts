import type { ErpDescription } from "../../../src/model/erp-description.ts";
import type { ErpReference, PostingCommand } from "../../../src/model/posting.ts";
import {
  ErpFault,
  type AcceptedPosting,
  type BatchAnswer,
  type BatchContext,
  type ComparedDocument,
  type ErpSink,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type RequestContext,
  type SubmitAnswer,
} from "../../../src/sinks/erp/erp-sink.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimProcess } from "./sim-process.ts";

export type Operation = "submit" | "submit-batch" | "poll-batch" | "look-up" | "poll" | "read-back" | "scan";

/** What the ERP does with one request. */
export type Behaviour =
  | { readonly kind: "answer" }
  /** It does its work and the answer is lost. */
  | { readonly kind: "lost-after" }
  /** The request is lost; it does nothing. */
  | { readonly kind: "lost-before" }
  /** The answer is lost, and the work is done only after a while. */
  | { readonly kind: "late"; readonly delayMs: number }
  | { readonly kind: "fault"; readonly fault: ErpFault }
  /** It takes the document and works on it for so long. */
  | { readonly kind: "async"; readonly delayMs: number; readonly fault?: ErpFault };

export interface StoredDocument {
  readonly externalId: string;
  readonly erp: ErpReference;
  readonly command: PostingCommand;
  document: ComparedDocument;
  paid: "open" | "partly-paid" | "paid" | "void";
  readonly storedMs: number;
  readonly changedDate: string;
}

interface Job {
  readonly doneMs: number;
  readonly fault: ErpFault | undefined;
}

export interface ScriptedErpOptions {
  readonly clock: Pick<SimClock, "nowMs" | "schedule" | "delay">;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly maxReadBack: number;
  /** Documents of one request, where the ERP takes several; a batch is answered as a whole or a document at a time, as the script says. */
  readonly maxBatch?: number;
  readonly latencyMs: (operation: Operation) => number;
  readonly behaviour: (operation: Operation, plan: PlannedPosting | undefined) => Behaviour;
  /** Whether a second document under one external id is refused. */
  readonly refusesDuplicates: boolean;
  /** The ERP's limits; what is above them is noted. */
  readonly limits: {
    readonly maxConcurrent: number;
    readonly perWindow?: number;
    readonly windowMs?: number;
  };
  /** Told of what is stored, before anybody is answered. */
  readonly onStored?: (stored: StoredDocument) => void;
  readonly description?: Partial<ErpDescription>;
  /** Throws what a command can't be planned for. */
  readonly checkPlan?: (command: PostingCommand) => void;
}

const PREFIX = "trib-";
const DESCRIPTION: ErpDescription = {
  adapter: "scripted",
  title: "Scripted ERP",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: { customer: {}, invoice: {}, "credit-memo": {}, journal: {} },
  optional: {},
  fallback: [],
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};

/** An ERP in memory that does what its script says, and writes down what it has and what was asked too much. */
export class ScriptedErp {
  readonly ledger: StoredDocument[] = [];
  readonly violations: string[] = [];
  readonly starts: number[] = [];
  /** Keys of the documents of each batch that was sent. */
  readonly batches: (readonly string[])[] = [];
  inFlight = 0;
  requests = 0;
  /** Milliseconds × requests under way, to tell how much of the concurrency was used. */
  busyMs = 0;
  readonly #options: ScriptedErpOptions;
  readonly #jobs = new Map<string, Job>();
  #nextId = 1;

  constructor(options: ScriptedErpOptions) {
    this.#options = options;
  }

  /** The adapter of one process. */
  sinkOf(process: SimProcess): ErpSink {
    const { requestDeadlineMs, settleDelayMs, maxReadBack, checkPlan, description, maxBatch } = this.#options;
    const ask = <Answer>(
      operation: Operation,
      plan: PlannedPosting | undefined,
      context: RequestContext,
      work: () => Answer,
    ): Promise<Answer> => process.call(() => this.#request(operation, plan, context, work));
    return {
      description: { ...DESCRIPTION, ...description },
      requestDeadlineMs,
      settleDelayMs,
      maxReadBack,
      plan: (command) => {
        checkPlan?.(command);
        return planOf(command);
      },
      submit: (plan, context) => process.call(() => this.#submit(plan, context)),
      lookUp: (plan, context) => ask("look-up", plan, context, () => this.#find(plan.externalId)),
      poll: (plan, handle, context) => ask("poll", plan, context, () => this.#progress(plan, handle)),
      ...(maxBatch !== undefined && {
        maxBatch,
        isBatchable: ({ kind }: PlannedPosting) => kind !== "customer",
        submitBatch: (plans: readonly PlannedPosting[], context: BatchContext) =>
          process.call(() => this.#submitBatch(plans, context)),
        jobOf: (handle: string) => /^batch-\d+/.exec(handle)?.[0] ?? null,
        pollBatch: (accepted: readonly AcceptedPosting[], context: RequestContext) =>
          ask("poll-batch", accepted[0]?.plan, context, () =>
            accepted.map(({ plan, handle }) => settled(() => this.#progress(plan, handle))),
          ),
      }),
      readBack: (plans, context) =>
        ask("read-back", plans[0], context, () => plans.flatMap(({ externalId }) => this.#find(externalId))),
      scan: (sinceDate, context) => this.#scan(sinceDate, context, process),
      check: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
  }

  /** Somebody enters a document by hand. */
  enter(command: PostingCommand, externalId = PREFIX + command.key): StoredDocument {
    return this.#store(command, externalId);
  }

  async *#scan(sinceDate: string, context: RequestContext, process: SimProcess) {
    const all = this.ledger.filter(
      ({ changedDate, externalId }) => changedDate >= sinceDate && externalId.startsWith(PREFIX),
    );
    for (let at = 0; at < all.length; at += 3)
      yield await process.call(() =>
        this.#request("scan", undefined, context, () =>
          all.slice(at, at + 3).map(({ externalId, erp }) => ({ externalId, erp })),
        ),
      );
  }

  #find(externalId: string): FoundDocument[] {
    return this.ledger
      .filter((stored) => stored.externalId === externalId)
      .map(({ erp, document, paid, command }) => ({
        erp,
        externalId,
        document,
        payment:
          command.kind === "invoice"
            ? { status: paid, openAmount: paid === "paid" ? "0.00" : (document.total ?? "0") }
            : null,
      }));
  }

  #store(command: PostingCommand, externalId: string): StoredDocument {
    const { expected } = planOf(command);
    const nowMs = this.#options.clock.nowMs();
    const known = this.ledger.find((stored) => stored.externalId === externalId);
    if (command.kind === "customer" && known !== undefined) {
      known.document = expected;
      return known;
    }
    const stored: StoredDocument = {
      externalId,
      erp: { id: String(this.#nextId++), number: null },
      command,
      document: expected,
      paid: "open",
      storedMs: nowMs,
      changedDate: new Date(nowMs).toISOString().slice(0, 10),
    };
    this.ledger.push(stored);
    this.#options.onStored?.(stored);
    return stored;
  }

  #progress(plan: PlannedPosting, handle: string): PollAnswer {
    const job = this.#jobs.get(handle);
    if (job === undefined || job.doneMs > this.#options.clock.nowMs()) return { status: "pending" };
    if (job.fault !== undefined) throw job.fault;
    const [found] = this.#find(plan.externalId);
    return { status: "confirmed", erp: found?.erp ?? { id: "lost", number: null } };
  }

  /** The script speaks of the request by its first document, and of each document beside it. */
  #submitBatch(plans: readonly PlannedPosting[], context: BatchContext): Promise<readonly BatchAnswer[]> {
    const { behaviour: script } = this.#options;
    this.batches.push(plans.map(({ command }) => command.key));
    const job = `batch-${this.#nextId++}`;
    return this.#request("submit-batch", plans[0], context, () =>
      plans.map((plan, index) => {
        const behaviour = script("submit", plan);
        if (behaviour.kind === "fault") return { status: "failed", fault: behaviour.fault };
        return settled(() => this.#create(plan, behaviour, `${job}/${index}`));
      }),
    );
  }

  #submit(plan: PlannedPosting, context: RequestContext) {
    return this.#request("submit", plan, context, (behaviour) =>
      this.#create(plan, behaviour, `job-${this.#nextId++}`),
    );
  }

  #create(plan: PlannedPosting, behaviour: Behaviour, handle: string): SubmitAnswer {
    const { clock, refusesDuplicates } = this.#options;
    const isThere = this.ledger.some(({ externalId }) => externalId === plan.externalId);
    if (refusesDuplicates && isThere && plan.kind !== "customer")
      throw new ErpFault("duplicate", "This record already exists.", { code: "DUP" });
    if (behaviour.kind !== "async") {
      return { status: "confirmed", erp: this.#store(plan.command, plan.externalId).erp } as const;
    }
    this.#jobs.set(handle, { doneMs: clock.nowMs() + behaviour.delayMs, fault: behaviour.fault });
    clock.schedule(behaviour.delayMs, () => {
      if (behaviour.fault === undefined) this.#store(plan.command, plan.externalId);
    });
    return { status: "accepted", handle } as const;
  }

  async #request<Answer>(
    operation: Operation,
    plan: PlannedPosting | undefined,
    { signal }: RequestContext,
    work: (behaviour: Behaviour) => Answer,
  ): Promise<Answer> {
    const { clock, latencyMs, behaviour: script, requestDeadlineMs } = this.#options;
    this.#begin();
    const behaviour = script(operation, plan);
    const startedMs = clock.nowMs();
    const takesMs = Math.min(latencyMs(operation), requestDeadlineMs);
    // Who waits no longer has hung up, which the ERP notices before anybody's next request.
    clock.schedule(Math.min(takesMs, requestDeadlineMs - 1), () => {
      this.inFlight -= 1;
    });
    let answer: { readonly value: Answer } | { readonly fault: ErpFault } | undefined;
    const doWork = (): void => {
      try {
        answer = { value: work(behaviour) };
      } catch (fault) {
        if (!(fault instanceof ErpFault)) throw fault;
        answer = { fault };
      }
    };
    await clock.delay(takesMs / 2);
    switch (behaviour.kind) {
      case "fault":
        answer = { fault: behaviour.fault };
        break;
      case "late":
        clock.schedule(behaviour.delayMs, doWork);
        break;
      case "lost-before":
        break;
      case "answer":
      case "lost-after":
      case "async":
        doWork();
    }
    await clock.delay(takesMs / 2);
    this.busyMs += clock.nowMs() - startedMs;
    const isLost =
      behaviour.kind === "late" || behaviour.kind === "lost-before" || behaviour.kind === "lost-after";
    if (isLost || signal.aborted) throw new ErpFault("unknown", "The connection was reset.");
    if (answer === undefined || "fault" in answer)
      throw answer?.fault ?? new ErpFault("unknown", "No answer.");
    return answer.value;
  }

  #begin(): void {
    const { limits, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.requests += 1;
    this.inFlight += 1;
    if (this.inFlight > limits.maxConcurrent) this.violations.push(`${this.inFlight} requests at a time`);
    const { perWindow, windowMs = 1_000 } = limits;
    if (perWindow === undefined) return;
    this.starts.push(nowMs);
    while ((this.starts[0] ?? nowMs) <= nowMs - windowMs) this.starts.shift();
    if (this.starts.length > perWindow)
      this.violations.push(`${this.starts.length} requests in ${windowMs} ms`);
  }
}

/** An answer of one document among several. */
function settled<Answer>(
  work: () => Answer,
): Answer | { readonly status: "failed"; readonly fault: ErpFault } {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof ErpFault) return { status: "failed", fault };
    throw fault;
  }
}

/** The plan of a command in this ERP. */
export function planOf(command: PostingCommand): PlannedPosting {
  const { document, key, kind } = command;
  return { command, kind, externalId: PREFIX + key, expected: comparedOf(document), request: undefined };
}

function comparedOf(document: PostingCommand["document"]): ComparedDocument {
  const none = { customer: null, legalEntity: null, currency: null, date: null, total: null, tax: null };
  switch (document.kind) {
    case "customer":
      return { ...none, customer: document.name, legalEntity: document.legalEntity, lines: [] };
    case "journal":
      return {
        ...none,
        currency: document.currency,
        date: document.date,
        lines: document.lines.map(({ account, debit, credit }) => ({
          reference: account,
          amount: debit ?? `-${credit ?? "0"}`,
        })),
      };
    case "invoice":
    case "credit-memo":
      break;
  }
  return {
    customer: document.customer,
    legalEntity: document.legalEntity,
    currency: document.currency,
    date: document.issueDate,
    total: document.total,
    tax: document.tax,
    lines: document.lines.map(({ item, net }) => ({ reference: item, amount: net })),
  };
}
