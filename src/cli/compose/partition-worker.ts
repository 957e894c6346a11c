import { createHash, randomBytes } from "node:crypto";
import { codeOf, messageOf, TributaryError, type ErrorCode } from "../../model/errors.ts";
import { TAX_RECORD_VOID } from "../../model/tax-service.ts";
import { AccruedWatch } from "../../pipeline/accrued-watch.ts";
import { PartitionPipeline } from "../../pipeline/partition-pipeline.ts";
import type { PartitionPipelineOptions, PipelineState } from "../../pipeline/pipeline-options.ts";
import { StreamWatch, type StreamFigures } from "../../pipeline/stream-watch.ts";
import type { PartitionStreams } from "../../model/stream-condition.ts";
import type { CloseParts } from "./close-parts.ts";
import type { TaxCommitRefusal } from "../../sinks/tax/commit-target.ts";
import type { OutboxDelivery } from "../../sinks/outbox-delivery.ts";

/** Wait before a stopped pipeline starts again: doubled each time up to the longest. */
const FIRST_RESTART_DELAY_MS = 250;
const LONGEST_RESTART_DELAY_MS = 30_000;
/** Faults in our own code may be passing (a race) or not: after this many in a row the partition stays stopped. */
const MAX_INTERNAL_RESTARTS = 5;

/** Faults after which the same state can go on, once the cause has passed. All others need a person. */
const RESTARTABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "broker-unreachable",
  "consumer-stalled",
  "control-append-unknown",
  "broker-full",
  "publish-failed",
  "sequence-hole",
  "state-commit-failed",
  "state-disk-full",
]);

/** What a worker tells about a partition. */
export interface PartitionFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly atMs: number;
}

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** 16 random bytes in hexadecimal. */
export const randomHashKey = (): string => randomBytes(16).toString("hex");

export interface PartitionWorkerOptions {
  readonly pipeline: Omit<
    PartitionPipelineOptions,
    "sha256" | "randomHashKey" | "knownControlSequence" | "fenceDeliveries"
  >;
  readonly delivery: OutboxDelivery;
  /** Of the event-id hash; from the machine's secure source where absent, which only a simulation is. */
  readonly randomHashKey?: () => string;
  /** Pause between two rotations that keep the accrued value current. */
  readonly accruedIntervalMs: number;
  /** Partitions that this thread runs, this one included. */
  readonly partitionsOfThread: number;
  /** Told when a rotation has failed: its figures grow old until one succeeds. */
  readonly onAccruedFault: (fault: unknown) => void;
  readonly closeParts: Pick<CloseParts, "answer" | "stop">;
  /** Takes operators' requests while the partition is ours; the function that it returns ends that. */
  readonly serveOperators: (answer: (data: Uint8Array) => Promise<Uint8Array | undefined>) => () => void;
  /** The partition's streams as they are looked at now and then; a simulation has none. */
  readonly streams?: {
    readonly port: PartitionStreams;
    readonly intervalMs: number;
    readonly onLook: (figures: StreamFigures) => void;
  };
  /** Whether the disk of the state takes more; asked after it did not. A simulation's always does. */
  readonly hasRoom?: () => Promise<boolean>;
  /** Told when the partition stops with a fault; `restartInMs` is undefined when it stays stopped. */
  readonly onFault: (fault: PartitionFault, restartInMs: number | undefined) => void;
}

/**
 * Keeps one partition's pipeline going: starts it, delivers its outbox, starts it again from its last checkpoint after
 * a fault that can pass. A fault that means damage or another owner stops the partition until a person has looked.
 */
export class PartitionWorker {
  readonly partition: number;
  readonly delivery: OutboxDelivery;
  readonly accrued: AccruedWatch;
  readonly streams: StreamWatch | undefined;
  readonly #options: PartitionWorkerOptions;
  #pipeline: PartitionPipeline | undefined;
  #stopping = false;
  #restarts = 0;
  #fault: PartitionFault | undefined;
  #cancelRestart: () => void = () => undefined;
  #stopServing: () => void = () => undefined;
  #deliveryStarted = false;
  #knownControlSequence: number | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: PartitionWorkerOptions) {
    this.#options = options;
    this.partition = options.pipeline.partition;
    this.delivery = options.delivery;
    this.accrued = new AccruedWatch({
      clock: options.pipeline.clock,
      intervalMs: options.accruedIntervalMs,
      partitionsOfThread: options.partitionsOfThread,
      // What a pipeline that has failed holds in memory may be half changed.
      currentEngine: () => (this.state === "running" ? this.#pipeline?.engine : undefined),
      onFault: options.onAccruedFault,
    });
    const { streams } = options;
    if (streams !== undefined) {
      const { clock, store } = options.pipeline;
      const { port, intervalMs, onLook } = streams;
      this.streams = new StreamWatch({ clock, store, streams: port, intervalMs, onLook });
    }
  }

  get pipeline(): PartitionPipeline | undefined {
    return this.#pipeline;
  }

  get state(): PipelineState {
    return this.#pipeline?.state ?? "starting";
  }

  /** The last fault; undefined while all is well. */
  get fault(): PartitionFault | undefined {
    return this.#fault;
  }

  /** Starts the partition; resolves when the first attempt has succeeded or its fault has been reported. */
  async start(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#stopping) return;
    this.streams?.start();
    this.#knownControlSequence = this.#pipeline?.lastControlSequence ?? this.#knownControlSequence;
    const pipeline = new PartitionPipeline({
      ...this.#options.pipeline,
      observer: this.#observer,
      sha256,
      randomHashKey: this.#options.randomHashKey ?? randomHashKey,
      knownControlSequence: this.#knownControlSequence,
      // A pipeline that starts again is still the owner, or is refused: its own deliveries must not be.
      fenceDeliveries: async () =>
        this.#deliveryStarted ? [] : await this.delivery.fence(this.#options.pipeline.instance),
    });
    this.#pipeline = pipeline;
    try {
      await pipeline.start();
    } catch (fault) {
      this.#onEnded(fault);
      return;
    }
    this.#fault = undefined;
    this.#knownControlSequence = pipeline.lastControlSequence;
    pipeline.ended.catch((fault: unknown) => {
      this.#onEnded(fault);
    });
    if (this.#stopping) return;
    try {
      this.#startBeside(pipeline);
    } catch (fault) {
      // A state that can't be read any more ends what has just begun, as it would a moment later.
      pipeline.abort(fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault)));
    }
  }

  /** What runs beside a pipeline once it has the partition. */
  #startBeside(pipeline: PartitionPipeline): void {
    if (!this.#deliveryStarted) {
      // Not before the partition is ours: a former owner's outbox must not leave beside the new one's.
      this.#deliveryStarted = true;
      this.delivery.start();
      this.accrued.start();
    }
    this.delivery.kick();
    this.#stopServing = this.#options.serveOperators(async (data) => {
      const part = await this.#options.closeParts.answer(data, pipeline);
      return part === undefined ? await pipeline.operators.answer(data) : part.reply;
    });
  }

  /** Stops the partition: a target has refused us as a former owner, so whatever we decide is void. */
  abort(fault: Error): void {
    this.#pipeline?.abort(fault);
  }

  /** Writes down that a final document's record can't be committed at the tax service, for somebody to look at. */
  async refuseTaxCommit(refusal: TaxCommitRefusal): Promise<void> {
    const pipeline = this.#pipeline;
    if (pipeline === undefined || this.state !== "running")
      throw new TributaryError(
        "replay-unfinished",
        "The partition does not run: nothing can be written down.",
      );
    // Where the outbox is delivered once more, what has been voided since can't be committed again, and need not be.
    const { code, document } = refusal;
    if (code === TAX_RECORD_VOID && pipeline.engine?.invoices.corrections.isVoid(document) === true) return;
    const atMs = this.#options.pipeline.clock.nowMs();
    await pipeline.decide((appliesAfter, decidedAt) => ({
      kind: "tax-commit-refused",
      ...refusal,
      atMs,
      appliesAfter,
      decidedAt,
    }));
  }

  /** Drains the pipeline, then gives the outbox `timeoutMs` to leave; what is left stays committed for the next start. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart();
    this.#stopServing();
    await this.#options.closeParts.stop();
    this.accrued.stop();
    this.streams?.stop();
    await this.#pipeline?.stop();
    this.delivery.kick();
    if (this.#deliveryStarted) await this.delivery.drain(timeoutMs);
    await this.delivery.stop();
  }

  /**
   * Ends the partition where it stands: another process may have it already. What is committed stays, and nothing more is delivered. Resolves when no
   * commit is under way; may come while `start` or `stop` is.
   */
  async drop(): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart();
    this.#stopServing();
    this.accrued.stop();
    this.streams?.stop();
    const pipeline = this.#pipeline;
    pipeline?.abort(new TributaryError("partition-lease-lost", "The lease of the partition was lost."));
    await Promise.all([this.delivery.stop(), this.#options.closeParts.stop()]);
    await pipeline?.ended.catch(() => undefined);
    await this.#starting;
  }

  #onEnded(fault: unknown): void {
    const { clock } = this.#options.pipeline;
    this.#stopServing();
    const code = codeOf(fault);
    this.#fault = { code, message: messageOf(fault), atMs: clock.nowMs() };
    this.#restarts++;
    const canRestart =
      !this.#stopping &&
      (RESTARTABLE.has(code) ||
        // The end of the log was not where it was thought to be: an append of ours without an answer was stored after all, a leader of the stream that is
        // new was behind, or somebody else has taken the partition. Which it is, the next start reads in the log; the last of them is an end.
        (code === "control-log-moved" && !namesOwner(fault)) ||
        (code === "internal-fault" && this.#restarts <= MAX_INTERNAL_RESTARTS));
    if (!canRestart) {
      // Files and events on their way to another partition can't be refused there: a former owner leaves them alone.
      if (code === "control-log-moved" || code === "publication-fenced") void this.delivery.stop();
      this.#options.onFault(this.#fault, undefined);
      return;
    }
    const delayMs = Math.min(LONGEST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** (this.#restarts - 1));
    this.#options.onFault(this.#fault, delayMs);
    this.#restartAfter(delayMs, code === "state-disk-full");
  }

  /**
   * A start writes to the control log and reads what is not committed once more: where the disk is full, it waits for room
   * first, and says so by its state and fault.
   */
  #restartAfter(delayMs: number, needsRoom: boolean): void {
    const { pipeline, hasRoom } = this.#options;
    this.#cancelRestart = pipeline.clock.schedule(delayMs, () => {
      void (async () => {
        if (!needsRoom || hasRoom === undefined || (await hasRoom())) await this.start();
        else if (!this.#stopping)
          this.#restartAfter(Math.min(LONGEST_RESTART_DELAY_MS, delayMs * 2), needsRoom);
      })();
    });
  }

  /** What has committed again has left its fault behind: the next one is the first of its kind. */
  get #observer(): PartitionPipelineOptions["observer"] {
    const { observer } = this.#options.pipeline;
    return {
      processed: (messages, elapsedMs) => {
        observer.processed(messages, elapsedMs);
      },
      committed: (changes, elapsedMs) => {
        this.#restarts = 0;
        observer.committed(changes, elapsedMs);
      },
      decided: (record) => {
        observer.decided(record);
      },
    };
  }
}

/** Whether a fault says which other process has the partition. */
function namesOwner(fault: unknown): boolean {
  return fault instanceof TributaryError && fault.details["owner"] !== undefined;
}
