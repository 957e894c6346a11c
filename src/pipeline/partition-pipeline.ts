import type { PlacedControlRecord } from "../model/control.ts";
import { codeOf, messageOf, TributaryError } from "../model/errors.ts";
import type { LogMessage, LogReader } from "../model/log.ts";
import type { SlicedWork } from "../model/sliced-work.ts";
import { type BillingDecision, nextBillingDecision, numberDocuments } from "./billing-steps.ts";
import { Checkpointing } from "./checkpointing.ts";
import { IdleRegions } from "./idle-regions.ts";
import { appendControl, openPartition, type OpenedPartition } from "./open-partition.ts";
import { OperatorDesk } from "./operations/operator-desk.ts";
import type { PartitionEngine } from "./partition-engine.ts";
import type { MakeRecord, PartitionPipelineOptions, PipelineState } from "./pipeline-options.ts";
import { correctedDocument, needsCheckpoint } from "./corrected-document.ts";
import { sliceEnd } from "./message-slices.ts";
import { RepeatedTasks } from "./repeated-tasks.ts";
import { SerialQueue } from "./serial-queue.ts";
import { SlicePace } from "./slice-pace.ts";
import { TaxDesk } from "./tax-desk.ts";
import { doInTurns } from "./turns.ts";

/**
 * Outputs that may wait in memory for a checkpoint; one more starts a checkpoint before its time. As many again may be
 * on their way to the disk: processing waits where those are not there yet.
 */
const MAX_WAITING_OUTPUTS = 50_000;

/**
 * Runs one partition live: reads both logs, drives the engine, commits checkpoints, decides what is not in the events.
 *
 * Order of effects:
 * 1. a control record is appended, then applied. A crash between: the next start finds it in the log and applies it.
 * 2. a checkpoint is frozen between two items: position, state, counts and outbox of one moment. It is committed in one
 *    transaction while processing goes on; one at a time. A crash before its end: the messages since the last committed
 *    one are read again, also those processed meanwhile; nothing has left the partition.
 * 3. after the commit, up to the position of that checkpoint: acknowledge, deliver the outbox. A crash between: the
 *    broker delivers again what the position says is done (the reader starts behind the position), and the outbox is
 *    delivered by the next start; targets refuse what they have.
 *
 * A commit that fails ends the pipeline: what was processed since the last one is memory only. The pipeline ends after the
 * commit and the append under way have, so that whoever starts it again reads a state and a log that stand still.
 */
export class PartitionPipeline {
  readonly #options: PartitionPipelineOptions;
  readonly #queue = new SerialQueue();
  readonly #pace = new SlicePace();
  #state: PipelineState = "starting";
  #opening: Promise<void> | undefined;
  #opened: OpenedPartition | undefined;
  #reader: LogReader | undefined;
  readonly #idle: IdleRegions;
  #pendingControl: { placed: PlacedControlRecord; data: Uint8Array }[] = [];
  #checkpoints: Checkpointing | undefined;
  #taxDesk: TaxDesk | undefined;
  readonly #tasks: RepeatedTasks;
  #fail: (fault: unknown) => void = () => undefined;
  /** Answers operators' requests. */
  readonly operators: OperatorDesk;
  /** Rejects with the fault that stopped the partition; resolves after `stop`. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(options: PartitionPipelineOptions) {
    this.#options = options;
    this.#idle = new IdleRegions(options);
    this.#tasks = new RepeatedTasks(options.clock, (fault) => {
      this.#fail(fault);
    });
    this.operators = new OperatorDesk({
      ...options,
      queue: this.#queue,
      runningEngine: () =>
        this.#state === "running" && this.#pendingControl.length === 0 ? this.#opened?.engine : undefined,
      decide: (make) => this.#decide(make),
      onFault: (fault) => {
        this.#fail(fault);
      },
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = (fault) => {
        if (this.#state === "failed" || this.#state === "stopped") return;
        this.#state = "failed";
        this.#tasks.stop();
        // What the reader still delivers is refused; how it ends does not matter any more.
        this.#reader?.stop().catch(() => undefined);
        void this.#rejectSettled(reject, fault);
      };
    });
    // A fault is reported by `ended`; nobody may be listening yet.
    this.ended.catch(() => undefined);
  }

  get state(): PipelineState {
    return this.#state;
  }

  get engine(): PartitionEngine | undefined {
    return this.#opened?.engine;
  }

  /** Last record of the control log that this pipeline knows of; undefined before it has read the log. */
  get lastControlSequence(): number | undefined {
    if (this.#opened === undefined) return undefined;
    return Math.max(this.#opened.lastControlSequence, this.#opened.engine.position.controlSequence);
  }

  /** Messages stored behind the position, as far as the broker has told. */
  get backlogMessages(): number {
    return this.#reader?.pendingCount ?? 0;
  }

  /** Share of what was stored at the start that is processed: 0 … 1. */
  get replayProgressRatio(): number {
    const opened = this.#opened;
    if (opened === undefined) return 0;
    const toReplay = opened.storedAtStart - opened.startedAt;
    if (toReplay <= 0) return 1;
    return Math.min(1, (opened.engine.position.usageSequence - opened.startedAt) / toReplay);
  }

  /** Milliseconds since the last commit, on the monotonic clock. */
  get checkpointAgeMs(): number {
    return this.#options.clock.monotonicMs() - (this.#checkpoints?.lastMs ?? 0);
  }

  /** Verifies the logs against the checkpoint, takes the partition and starts reading. */
  async start(): Promise<void> {
    this.#opening = this.#open();
    try {
      await this.#opening;
      // A stop that came meanwhile waits for this and goes on from here.
      if (this.#state === "starting") this.#state = "running";
      else if (this.#state === "failed") await this.#endOpened();
    } catch (fault) {
      this.#fail(fault);
      // Rejects with the fault that came first: where the pipeline was aborted meanwhile, this one only follows from that.
      await this.ended;
    }
  }

  /** Stops pulling, finishes what was delivered, commits, acknowledges. */
  async stop(): Promise<void> {
    if (this.#state === "failed" || this.#state === "stopped") return;
    this.#state = "draining";
    await this.#opening?.catch(() => undefined);
    this.#tasks.stop();
    await this.#reader?.stop();
    if (this.#opened !== undefined) await this.checkpoint();
    this.#state = "stopped";
    this.#end();
  }

  /** Decides something that was found elsewhere. */
  async decide(make: MakeRecord): Promise<void> {
    await this.#queue.run(() => this.#decide(make));
  }

  /** Ends the pipeline with a fault found elsewhere (a publication that was refused); what is committed stands. */
  abort(fault: Error): void {
    this.#fail(fault);
  }

  /** Commits now. */
  async checkpoint(): Promise<void> {
    await this.#queue.run(async () => this.#checkpoints?.complete());
  }

  async #open(): Promise<void> {
    const opened = await openPartition(this.#options);
    this.#opened = opened;
    const { store, clock, faults, observer } = this.#options;
    this.#checkpoints = new Checkpointing({
      store,
      clock,
      faults,
      observer,
      engine: opened.engine,
      acknowledge: (usageSequence) => this.#reader?.acknowledge(usageSequence),
      onFault: (fault) => {
        this.#fail(fault);
      },
      hasFailed: () => this.#state === "failed",
    });
    this.#pendingControl = [...opened.pendingControl];
    await this.#applyDue();
    const reader = await opened.usageLog.openReader(opened.engine.position.usageSequence + 1);
    this.#reader = reader;
    reader.ended.catch((fault: unknown) => {
      this.#fail(fault);
    });
    reader.start((messages) => this.#queue.run(() => this.#deliver(messages)));
    const { checkpointIntervalMs, partition } = this.#options;
    this.#tasks.atPace(firstCheckpointMs(partition, checkpointIntervalMs), checkpointIntervalMs, async () => {
      // Waited for here and not in the queue: processing goes on meanwhile.
      await this.#settled();
      await this.#queue.run(async () => this.#checkpoints?.begin());
    });
    this.#tasks.every(this.#options.idleCheckMs, () => this.#markIdleRegions());
    this.#tasks.every(this.#options.billingCheckMs, () => this.#bill());
    const taxDesk = new TaxDesk({ ...this.#options.tax, clock, faults });
    this.#taxDesk = taxDesk;
    this.#tasks.every(this.#options.billingCheckMs, () => this.#tax(taxDesk));
    this.#tasks.whenStopped(() => {
      taxDesk.stop();
    });
  }

  async #deliver(messages: readonly LogMessage[]): Promise<void> {
    if (this.#state === "failed") return;
    try {
      const engine = this.#requireOpened().engine;
      let from = 0;
      while (from < messages.length) {
        await this.#applyDue();
        const appliesAfter = this.#pendingControl[0]?.placed.record.appliesAfter;
        const to = sliceEnd(messages, from, this.#pace.share, appliesAfter);
        const slice = messages.slice(from, to);
        const elapsedMs = await this.#take(engine.processInSlices(slice));
        this.#idle.noteActivity(slice);
        this.#options.observer.processed(slice, elapsedMs);
        from = to;
        if (engine.journal.waiting > MAX_WAITING_OUTPUTS) await this.#checkpoints?.begin();
      }
      await this.#applyDue();
    } catch (fault) {
      this.#fail(fault);
      throw fault;
    }
  }

  /** Takes a step of the engine: other partitions and the network have their turns meanwhile. Returns milliseconds. */
  async #take(step: SlicedWork): Promise<number> {
    const elapsedMs = await doInTurns(step, {
      clock: this.#options.clock,
      budget: this.#requireOpened().engine.budget,
      pace: this.#pace,
      hasEnded: () => this.#state === "failed",
    });
    this.#checkpoints?.noteChange();
    return elapsedMs;
  }

  /** Applies the records of the log whose place has been reached. */
  async #applyDue(): Promise<void> {
    const { engine } = this.#requireOpened();
    for (;;) {
      const next = this.#pendingControl[0];
      if (next === undefined || next.placed.record.appliesAfter > engine.position.usageSequence) return;
      this.#pendingControl.shift();
      await this.#apply(next.placed, next.data);
    }
  }

  async #apply(placed: PlacedControlRecord, data: Uint8Array): Promise<void> {
    const { engine } = this.#requireOpened();
    const { record } = placed;
    const { store } = this.#options;
    const catalog = record.kind === "catalog" ? await this.#options.loadCatalog(record.version) : undefined;
    // Parked events and final documents are read back from the store: what is in memory must be there first.
    if (needsCheckpoint(record)) await this.#checkpoints?.complete();
    const parked = record.kind === "catalog" ? store.parked() : [];
    const document = correctedDocument(record, store);
    await this.#take(engine.applyInSlices(placed, data, catalog, parked, document, store));
    if (record.kind === "tax-retry") this.#taxDesk?.askAgain(record.documents);
  }

  /** Appends a decision at the current position and applies it. */
  async #decide(make: MakeRecord): Promise<PlacedControlRecord> {
    const { engine } = this.#requireOpened();
    if (this.#pendingControl.length > 0) {
      throw new TributaryError(
        "replay-unfinished",
        "The partition has not reached the end of its control log yet.",
      );
    }
    const record = make(engine.position.usageSequence, new Date(this.#options.clock.nowMs()).toISOString());
    const appended = await appendControl(this.#options, record, engine.position.controlSequence);
    await this.#apply(appended.placed, appended.data);
    return appended.placed;
  }

  /**
   * Says that the pipeline has ended, but not before the commit and the append under way have: one that is stored later would take the place in the
   * control log that the next start has read as free.
   */
  async #rejectSettled(reject: (fault: Error) => void, fault: unknown): Promise<void> {
    await this.#queue.run(() => this.#settled());
    reject(fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault)));
  }

  /** It was aborted while it was opened: what was started since would go on. */
  async #endOpened(): Promise<void> {
    this.#tasks.stop();
    await this.#reader?.stop().catch(() => undefined);
    await this.#settled();
  }

  /** Resolves when no commit is under way. */
  async #settled(): Promise<void> {
    await this.#checkpoints?.settled();
  }

  async #markIdleRegions(): Promise<void> {
    // Asked about outside the queue: usage goes on meanwhile, and a region that sends some of it is not idle any more.
    const idle = await this.#idle.confirmed(this.#quietRegions());
    if (idle.length === 0) return;
    await this.#queue.run(async () => {
      for (const region of idle)
        if (this.#quietRegions().includes(region))
          await this.#decide((appliesAfter, decidedAt) => ({
            kind: "idle",
            region,
            appliesAfter,
            decidedAt,
          }));
    });
  }

  /** Active regions that have sent nothing for the timeout; none while something is pending. */
  #quietRegions(): readonly string[] {
    if (this.#reader?.caughtUp !== true || this.#pendingControl.length > 0) return [];
    return this.#idle.quiet(this.#requireOpened().engine.windows.watermark.activeRegions());
  }

  /**
   * Bills what is due, slice by slice. Order: documents are named in the numbering log, the record of their numbers is
   * appended, it is applied; a crash between costs nothing, because a document that is named again has the same number.
   * Where the numbering log can't be reached, documents wait and usage goes on.
   */
  async #bill(): Promise<void> {
    const { engine } = this.#requireOpened();
    const { numbering, clock } = this.#options;
    for (;;) {
      if (this.#state !== "running" || this.#pendingControl.length > 0) return;
      const next = nextBillingDecision(engine, clock.nowMs());
      if (next === undefined) return;
      if (next !== "number") await this.#queue.run(() => this.#decideBilling(next));
      else {
        let decision: BillingDecision;
        try {
          decision = await numberDocuments(engine, numbering);
        } catch (fault) {
          if (codeOf(fault) !== "numbering-failed") throw fault;
          this.#options.onNumberingFailed(fault);
          return;
        }
        await this.#queue.run(() => this.#decideBilling(decision));
      }
      // What a slice has put out may be much: the outbox is bounded like that of usage.
      if (engine.journal.waiting > MAX_WAITING_OUTPUTS)
        await this.#queue.run(async () => this.#checkpoints?.begin());
    }
  }

  /**
   * Asks the tax service and records its answers. A crash before the record asks again, which is harmless: documents are
   * not committed at the service before they are final.
   */
  async #tax(desk: TaxDesk): Promise<void> {
    const { engine } = this.#requireOpened();
    while (this.#state === "running" && this.#pendingControl.length === 0) {
      const decision = desk.decision(engine);
      if (decision === undefined) {
        desk.ask(engine);
        return;
      }
      await this.#queue.run(() => this.#decideBilling(decision));
    }
  }

  async #decideBilling(decision: BillingDecision): Promise<void> {
    if (this.#state !== "running") return;
    await this.#decide((appliesAfter, decidedAt) => ({ ...decision, appliesAfter, decidedAt }));
  }

  #requireOpened(): OpenedPartition {
    if (this.#opened === undefined) throw new TributaryError("internal-fault", "The partition is not open.");
    return this.#opened;
  }
}

/** Fractional parts of its multiples are spread evenly over an interval, however many there are. */
const GOLDEN_RATIO = 1.618_033_988_749_895;

/** Partitions that start together take their checkpoints one after the other: all at once, each would wait for the others' writes. */
function firstCheckpointMs(partition: number, intervalMs: number): number {
  return intervalMs * (1 - ((partition * GOLDEN_RATIO) % 1));
}
