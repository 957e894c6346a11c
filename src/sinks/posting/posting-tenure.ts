import { TributaryError } from "../../model/errors.ts";
import type { Lease } from "../../model/lease.ts";
import type { ChangeHint } from "../erp/change-notifications.ts";
import { WakeUp } from "../wake-up.ts";
import { AnnouncedChanges } from "./announced-changes.ts";
import type { RecentRate } from "./backlog-figures.ts";
import { batchesOf } from "./batch-choice.ts";
import { pollDocuments, submitDocuments } from "./batch-tasks.ts";
import { CommandIntake } from "./command-intake.ts";
import { ConnectionBreaker } from "./connection-breaker.ts";
import { DailyBudget } from "./daily-budget.ts";
import { lookUpDocument } from "./document-tasks.ts";
import { ErpRequests, type RequestSlot } from "./erp-requests.ts";
import { FreeSteps } from "./free-steps.ts";
import { decideRequest, type DecisionAnswer, type DecisionRequest } from "./operator-decisions.ts";
import { PostingAppender } from "./posting-appender.ts";
import { PostingDesk } from "./posting-desk.ts";
import { PaymentPolls, readBackDocuments } from "./read-back-tasks.ts";
import { RequestGate } from "./request-gate.ts";
import { ResultDelivery } from "./result-delivery.ts";
import type { PostingRunnerOptions } from "./runner-options.ts";
import { StrayScan } from "./stray-scan.ts";
import { takeConnection } from "./take-connection.ts";
import { WorkSource, type Work } from "./work-source.ts";

/** Records that wait for the log above which nothing more is begun: memory stays bounded while appends hang. */
const MAX_WAITING_RECORDS = 500;
/** No wait is longer: timers of the machine end at 2^31 ms. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** What works once the connection is taken. */
interface Works {
  readonly appender: PostingAppender;
  readonly gate: RequestGate;
  readonly breaker: ConnectionBreaker;
  readonly requests: ErpRequests;
  readonly desk: PostingDesk;
  readonly free: FreeSteps;
  readonly source: WorkSource;
  readonly payments: PaymentPolls;
  readonly scan: StrayScan;
  readonly changes: AnnouncedChanges;
}

/** A runner's work from taking a connection to losing it or giving it up. */
export class PostingTenure {
  readonly #options: PostingRunnerOptions;
  readonly #lease: Lease;
  readonly #rate: RecentRate;
  readonly #wakeUp: WakeUp;
  readonly #results: ResultDelivery;
  readonly #abort = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  /** Keys that a request or a record is under way for. */
  readonly #busy = new Set<string>();
  #intake: CommandIntake | undefined;
  #appender: PostingAppender | undefined;
  #works: Works | undefined;
  #isScanning = false;
  #isStopping = false;
  #fault: { readonly cause: unknown } | undefined;

  constructor(options: PostingRunnerOptions, lease: Lease, rate: RecentRate) {
    this.#options = options;
    this.#lease = lease;
    this.#rate = rate;
    const { clock, random, faults, store, results: sender, onResultFailed } = options;
    this.#wakeUp = new WakeUp(clock);
    this.#results = new ResultDelivery({
      sender,
      store,
      clock,
      random,
      faults,
      onFailed: onResultFailed,
      onFault: (fault) => {
        this.#end(fault);
      },
    });
  }

  get gate(): RequestGate | undefined {
    return this.#works?.gate;
  }
  get breaker(): ConnectionBreaker | undefined {
    return this.#works?.breaker;
  }
  /** When the ERP's subscriptions end unless they are renewed; undefined where none is known to be alive. */
  get subscriptionEndsAtMs(): number | undefined {
    return this.#works?.changes.endsAtMs;
  }

  /** Resolves after `stop`, rejects with the fault that ended it; nothing of it is under way any more then. */
  async run(): Promise<void> {
    const { connection, commands: log, store, sink, clock } = this.#options;
    void this.#endWhenLost(connection);
    const { intake, last } = await CommandIntake.open({
      connection,
      log,
      store,
      sink,
      clock,
      onCommands: () => {
        this.#kick();
      },
    });
    this.#intake = intake;
    if (this.#fault !== undefined) void intake.stop();
    intake.ended.catch((fault: unknown) => {
      this.#end(fault);
    });
    try {
      await intake.reached(last);
      this.#works = await this.#take((sequence) => intake.reached(sequence));
      this.#results.kick();
      await this.#loop(this.#works);
      await Promise.allSettled(this.#tasks);
    } catch (fault) {
      this.#end(fault);
      await Promise.allSettled(this.#tasks);
    } finally {
      await this.#results.stop();
      await intake.stop();
      this.#appender?.end(new TributaryError("posting-lease-lost", "The runner has ended."));
    }
    if (this.#fault !== undefined) throw this.#fault.cause;
  }

  /** Begins nothing more; what is under way is finished and written. */
  stop(): void {
    this.#isStopping = true;
    if (this.#works === undefined)
      this.#end(new TributaryError("posting-lease-lost", "The runner was stopped while it was starting."));
    this.#wakeUp.signal("stop");
  }

  async decide(request: DecisionRequest): Promise<DecisionAnswer> {
    const works = this.#works;
    if (works === undefined || this.#isEnding)
      return { status: "refused", message: "The connection's runner is starting or ending." };
    const answer = await decideRequest(works.desk, this.#busy, request);
    this.#results.kick();
    this.#kick();
    return answer;
  }

  /** Has what an ERP has told of read; false where this runner can't, because it begins or ends. Throws what the store says. */
  notice(hint: ChangeHint): boolean {
    const works = this.#works;
    if (works === undefined || this.#isEnding) return false;
    works.changes.take(hint);
    this.#kick();
    return true;
  }

  get #isEnding(): boolean {
    return this.#isStopping || this.#fault !== undefined;
  }

  async #endWhenLost(connection: string): Promise<void> {
    await this.#lease.lost;
    this.#end(new TributaryError("posting-lease-lost", `The lease of connection ${connection} was lost.`));
  }

  #kick(): void {
    this.#wakeUp.signal("kick");
  }

  #end(fault: unknown): void {
    this.#fault ??= { cause: fault };
    this.#abort.abort();
    this.#appender?.end(fault);
    void this.#intake?.stop();
    this.#wakeUp.signal("stop");
  }

  async #take(commandsRead: (sequence: number) => Promise<void>): Promise<Works> {
    const { sink, store, clock, random, faults, policy, quota, reconciliation, owner, postings } =
      this.#options;
    const { epoch } = this.#lease;
    const { appender, hadRunner, open } = await takeConnection({
      log: postings,
      store,
      commandsRead,
      owner,
      epoch,
      context: () => ({ nowMs: clock.nowMs(), jitter: random(), policy }),
      appenderOf: (createdAt) => {
        const made = new PostingAppender({
          log: postings,
          createdAt,
          store,
          clock,
          random,
          faults,
          onFault: (fault) => {
            // While the connection is taken, another try may follow.
            if (this.#works !== undefined) this.#end(fault);
          },
        });
        this.#appender = made;
        if (this.#fault !== undefined) made.end(this.#fault.cause);
        return made;
      },
    });
    const budget = new DailyBudget(store, clock, quota.perDay);
    const gate = new RequestGate({ quota, budget, clock, random });
    const breaker = new ConnectionBreaker(clock, random);
    const requests = new ErpRequests({
      gate,
      breaker,
      lease: this.#lease,
      clock,
      requestDeadlineMs: policy.requestDeadlineMs,
      signal: this.#abort.signal,
    });
    // A runner that was stopped has finished its requests; one that left some open may have more under way that no record shows.
    if (hadRunner) requests.keepQuiet(Math.max(gate.memoryMs, open > 0 ? policy.requestDeadlineMs : 0));
    const desk = new PostingDesk({
      sink,
      store,
      appender,
      requests,
      policy,
      epoch,
      clock,
      random,
      faults,
      onTransition: (to) => {
        if (to === "confirmed") this.#rate.note(clock.nowMs());
      },
    });
    const scan = new StrayScan(desk, {
      intervalMs: reconciliation.scanIntervalMs,
      lookBackDays: reconciliation.scanLookBackDays,
    });
    const { onSubscribed, onSubscriptionFailed: onFailed } = this.#options;
    const changes = new AnnouncedChanges({
      desk,
      reconciliation,
      busy: this.#busy,
      onSubscribed,
      onFailed,
    });
    const paymentStretchMs = (): number => changes.paymentStretchMs;
    const source = new WorkSource({
      store,
      readBackSize: () => desk.readBackSize.size,
      batches: batchesOf(sink, desk),
      canLookUp: sink.description.canLookUp,
      canReadBack: sink.description.canReadBack,
      patienceMs: reconciliation.paymentIntervalMs,
      nextScanMs: () => (this.#isScanning ? Number.POSITIVE_INFINITY : scan.nextMs),
      nextSubscriptionMs: () => changes.nextSubscriptionMs,
      sweep: changes.sweep,
      paymentStretchMs,
    });
    const payments = new PaymentPolls(desk, reconciliation.paymentIntervalMs, paymentStretchMs);
    return {
      appender,
      gate,
      breaker,
      requests,
      desk,
      free: new FreeSteps(desk),
      source,
      payments,
      scan,
      changes,
    };
  }

  async #loop(works: Works): Promise<void> {
    while (!this.#isEnding) {
      const waitMs = this.#begin(works);
      if (waitMs === 0) continue;
      await this.#wakeUp.wait(waitMs === Number.POSITIVE_INFINITY ? undefined : waitMs, ["kick", "stop"]);
    }
  }

  /** Begins one thing; milliseconds until there may be another, 0: at once, Infinity: not before something has ended. */
  #begin(works: Works): number {
    const { clock } = this.#options;
    const { appender, free, requests, source } = works;
    if (appender.waitingCount > MAX_WAITING_RECORDS) return Number.POSITIVE_INFINITY;
    const steps = free.next(this.#busy);
    if (steps !== undefined) {
      this.#start(steps.keys, steps.run());
      return 0;
    }
    const blockedMs = requests.waitMs();
    if (blockedMs > 0) return Math.min(blockedMs, this.#longestWaitMs(blockedMs));
    const nowMs = clock.nowMs();
    const work = source.next(nowMs, this.#busy);
    if (work !== undefined) {
      const slot = requests.take();
      this.#start(keysOf(work), this.#run(works, work, slot));
      return 0;
    }
    const nextMs = source.nextMs(nowMs);
    return Math.min(LONGEST_WAIT_MS, free.waitMs(), nextMs === undefined ? LONGEST_WAIT_MS : nextMs - nowMs);
  }

  /** Something of ours will end and wake the loop; otherwise it looks again by itself. */
  #longestWaitMs(blockedMs: number): number {
    return blockedMs === Number.POSITIVE_INFINITY && this.#tasks.size > 0
      ? Number.POSITIVE_INFINITY
      : LONGEST_WAIT_MS;
  }

  #start(keys: readonly string[], work: Promise<void>): void {
    for (const key of keys) this.#busy.add(key);
    const task = work
      .catch((fault: unknown) => {
        this.#end(fault);
      })
      .finally(() => {
        this.#release(keys);
        this.#tasks.delete(task);
        this.#results.kick();
        this.#kick();
      });
    this.#tasks.add(task);
  }

  #release(keys: readonly string[]): void {
    for (const key of keys) this.#busy.delete(key);
    try {
      this.#works?.changes.released(keys);
    } catch (fault) {
      this.#end(fault);
    }
  }

  async #run({ desk, payments, scan, changes }: Works, work: Work, slot: RequestSlot): Promise<void> {
    switch (work.kind) {
      case "submit":
        return submitDocuments(desk, work.documents, slot);
      case "look-up":
        return lookUpDocument(desk, work.document, slot);
      case "poll":
        return pollDocuments(desk, work.documents, slot);
      case "read-back":
        return readBackDocuments(desk, work.documents, slot, this.#options.reconciliation.paymentIntervalMs);
      case "payments":
        await payments.poll(work.documents, slot);
        return;
      case "sweep":
        return changes.sweep.step(work.documents, () => payments.poll(work.documents, slot));
      case "subscription":
        return changes.keepSubscribed(slot);
      case "scan":
        this.#isScanning = true;
        try {
          return await scan.step(slot);
        } finally {
          this.#isScanning = false;
        }
    }
  }
}

function keysOf(work: Work): readonly string[] {
  if ("documents" in work) return work.documents.map(({ key }) => key);
  return "document" in work ? [work.document.key] : [];
}
