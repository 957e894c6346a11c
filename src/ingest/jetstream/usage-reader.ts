import { TributaryError, messageOf } from "../../model/errors.ts";
import type { LogMessage, LogReader } from "../../model/log.ts";
import { AckReplies } from "./ack-replies.ts";
import type { BrokerConnection } from "./connection.ts";
import type { Delivery } from "./delivered-message.ts";
import { PullSession } from "./pull-session.ts";
import type { SessionEnd } from "./pull-session.ts";
import { ReaderRecovery } from "./reader-recovery.ts";
import type { RecoveryReason } from "./reader-recovery.ts";
import { RunQueue } from "./run-queue.ts";
import { StallWatch } from "./stall-watch.ts";
import type { StreamReader } from "./stream-reader.ts";

/** A run is decoded in one synchronous slice, which must not hold the event loop for longer than about 50 ms. */
const MAX_RUN_MESSAGES = 10_000;
const MAX_RUN_BYTES = 1024 * 1024;

export interface UsageReaderOptions {
  readonly connection: BrokerConnection;
  readonly stream: StreamReader;
  readonly consumer: string;
  /** Creation time of the stream that the consumer was created on. */
  readonly createdAt: string;
  readonly firstSequence: number;
  /** Messages that the consumer had to deliver when it was created. */
  readonly pendingCount: number;
  readonly pullBytes: number;
  readonly pullMessages: number;
  /** For so long messages may be stored without one being delivered; then the consumer is created anew, once. */
  readonly stallTimeoutMs?: number;
}

/**
 * Reads a usage stream in order and without holes. One incarnation of the consumer is read by a PullSession; whatever
 * interrupts it (reconnect, silence, deletion) is answered in one way: a new consumer right after the last message
 * received. So a message that was lost on its way comes at once and not after the acknowledgement wait, and what comes
 * twice is dropped by its sequence.
 */
export class UsageReader implements LogReader {
  readonly ended: Promise<void>;
  readonly #options: UsageReaderOptions;
  readonly #queue = new RunQueue({ maxMessages: MAX_RUN_MESSAGES, maxBytes: MAX_RUN_BYTES });
  readonly #acks = new AckReplies();
  readonly #recovery: ReaderRecovery;
  readonly #watch: StallWatch;
  #deliver: ((messages: readonly LogMessage[]) => Promise<void>) | undefined;
  #session: PullSession | undefined;
  #lastReceived: number;
  #pendingAtBroker: number;
  /** The run that is scheduled or under delivery. */
  #delivery: Promise<void> | undefined;
  #finished = false;
  #removeStatusListener: () => void = () => undefined;
  #resolveEnded: () => void = () => undefined;
  #rejectEnded: (fault: TributaryError) => void = () => undefined;

  constructor(options: UsageReaderOptions) {
    this.#options = options;
    this.#lastReceived = options.firstSequence - 1;
    this.#pendingAtBroker = options.pendingCount;
    this.ended = new Promise<void>((resolve, reject) => {
      this.#resolveEnded = resolve;
      this.#rejectEnded = reject;
    });
    // The fault is for whoever awaits `ended`; it must not end the process where nobody does yet.
    this.ended.catch(() => undefined);
    this.#recovery = new ReaderRecovery({
      connection: options.connection,
      stream: options.stream,
      consumer: options.consumer,
      createdAt: options.createdAt,
      lastReceived: () => this.#lastReceived,
      recreated: (pendingCount) => {
        this.#pendingAtBroker = pendingCount;
        this.#acks.clear();
        this.#openSession();
      },
      failed: (fault) => {
        this.#fail(fault);
      },
    });
    this.#watch = new StallWatch({
      stream: options.stream,
      ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
      lastReceived: () => this.#lastReceived,
      // What waits in the queue or is under delivery is our own work, not a silence of the broker.
      isIdle: () => this.#session !== undefined && this.#queue.length === 0 && this.#delivery === undefined,
      isSilent: (nowMs) => this.#session?.isSilent(nowMs) ?? false,
      silent: () => {
        this.#recover({ kind: "interrupted", reason: "the broker gave no sign of life for a pull" });
      },
      stalled: (lastStored) => {
        this.#recover({ kind: "stalled", lastStored });
      },
    });
  }

  get caughtUp(): boolean {
    return (
      this.#options.connection.status === "connected" &&
      this.#session?.outstanding === true &&
      this.#pendingAtBroker === 0 &&
      this.#queue.length === 0
    );
  }

  get pendingCount(): number {
    return this.#pendingAtBroker + this.#queue.length;
  }

  start(deliver: (messages: readonly LogMessage[]) => Promise<void>): void {
    if (this.#deliver !== undefined || this.#finished) throw new RangeError("a reader is started once");
    this.#deliver = deliver;
    this.#removeStatusListener = this.#options.connection.onStatus((status) => {
      // Outstanding pulls die with the connection.
      if (status === "disconnected")
        this.#recover({ kind: "interrupted", reason: "the connection was lost" });
      else if (status === "closed")
        this.#fail(new TributaryError("broker-unreachable", "the connection to the broker is closed"));
    });
    this.#watch.start();
    this.#openSession();
  }

  async stop(): Promise<void> {
    this.#finish();
    await this.#delivery;
    this.#resolveEnded();
  }

  acknowledge(sequence: number): void {
    const reply = this.#acks.take(sequence);
    if (reply === undefined || this.#session === undefined) return;
    try {
      this.#options.connection.client.publish(reply, "+ACK");
    } catch {
      // Advisory: without a connection the next acknowledgement, or the next consumer, says the same.
    }
  }

  #openSession(): void {
    if (this.#finished) return;
    if (this.#options.connection.status !== "connected") {
      this.#recover({ kind: "interrupted", reason: "not connected" });
      return;
    }
    const session = new PullSession({
      client: this.#options.connection.client,
      stream: this.#options.stream.name,
      consumer: this.#options.consumer,
      pullBytes: this.#options.pullBytes,
      pullMessages: this.#options.pullMessages,
      receive: (delivery) => {
        this.#receive(delivery);
      },
      end: (end) => {
        this.#onSessionEnd(end);
      },
    });
    this.#session = session;
    this.#watch.progress();
    session.start();
  }

  #onSessionEnd(end: SessionEnd): void {
    if (end.kind === "message-above-budget")
      this.#fail(
        new TributaryError(
          "consumer-stalled",
          `${this.#options.stream.name} holds a message above the pull budget of ${this.#options.pullBytes} bytes`,
          { details: { lastSequence: this.#lastReceived, pullBytes: this.#options.pullBytes } },
        ),
      );
    else this.#recover(end);
  }

  #receive(delivery: Delivery): void {
    const { message } = delivery;
    // A redelivery: what is behind us is done with.
    if (message.sequence <= this.#lastReceived) return;
    if (message.sequence !== this.#lastReceived + 1) {
      this.#recover({ kind: "hole", got: message.sequence });
      return;
    }
    this.#lastReceived = message.sequence;
    this.#pendingAtBroker = delivery.pendingCount;
    this.#queue.push(message, delivery.reply);
    this.#recovery.progress();
    this.#schedule();
  }

  /** All messages that arrive in the same turn of the event loop make one run. */
  #schedule(): void {
    if (this.#delivery !== undefined || this.#finished || this.#queue.length === 0) return;
    this.#delivery = this.#deliverNext();
  }

  async #deliverNext(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    await this.#deliverRun();
    this.#delivery = undefined;
    this.#schedule();
  }

  /** Never rejects: a fault ends the reader. */
  async #deliverRun(): Promise<void> {
    if (this.#finished || this.#deliver === undefined) return;
    const { messages, lastReply } = this.#queue.take();
    const last = messages.at(-1)?.sequence ?? 0;
    const session = this.#session;
    try {
      await this.#deliver(messages);
    } catch (error) {
      // Also while the reader stops: the run that was to be finished was not.
      this.#finish();
      this.#rejectEnded(
        error instanceof TributaryError
          ? error
          : new TributaryError("internal-fault", messageOf(error), { cause: error }),
      );
      return;
    }
    // A consumer that replaced the one of the run would take its reply for one of its own.
    if (session === this.#session) this.#acks.add(last, lastReply);
    this.#watch.progress();
    this.#session?.processed(last);
  }

  #recover(reason: RecoveryReason): void {
    if (this.#finished) return;
    this.#session?.close();
    this.#session = undefined;
    this.#recovery.start(reason);
  }

  #finish(): void {
    this.#finished = true;
    this.#session?.close();
    this.#session = undefined;
    this.#watch.stop();
    this.#recovery.stop();
    this.#removeStatusListener();
    this.#queue.clear();
  }

  #fail(fault: TributaryError): void {
    if (this.#finished) return;
    this.#finish();
    this.#rejectEnded(fault);
  }
}
