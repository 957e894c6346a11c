import { TributaryError, messageOf } from "../../model/errors.ts";
import type { BrokerConnection } from "./connection.ts";
import type { StreamReader } from "./stream-reader.ts";
import { recreateConsumer } from "./usage-consumer.ts";

/** Wait before the second, third … attempt in a row; doubled each time up to the longest. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** Somebody who deletes the consumer, or stalls it, twice within this time will do it again. */
const FOREIGN_FAULT_WINDOW_MS = 60_000;
/** After a restart the server may not know a stream for a moment; for longer it is gone. */
const STREAM_MISSING_GRACE_MS = 10_000;

export type RecoveryReason =
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "consumer-deleted" }
  | { readonly kind: "stalled"; readonly lastStored: number }
  | { readonly kind: "hole"; readonly got: number };

export interface ReaderRecoveryOptions {
  readonly connection: BrokerConnection;
  readonly stream: StreamReader;
  readonly consumer: string;
  readonly createdAt: string;
  readonly lastReceived: () => number;
  /** A new consumer starts right after the last message received. */
  readonly recreated: (pendingCount: number) => void;
  readonly failed: (fault: TributaryError) => void;
}

/** Brings an interrupted reader back with a new consumer, or finds the fault that ends it. */
export class ReaderRecovery {
  readonly #options: ReaderRecoveryOptions;
  #stopped = false;
  #running = false;
  #attempts = 0;
  #lastForeignFaultMs = Number.NEGATIVE_INFINITY;
  /** A message that was there but was not delivered, already asked for once more. */
  #recheckedSequence = 0;
  #wake: (() => void) | undefined;

  constructor(options: ReaderRecoveryOptions) {
    this.#options = options;
  }

  /** A message came: whatever was wrong is over. */
  progress(): void {
    this.#attempts = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  start(reason: RecoveryReason): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#recover(reason);
  }

  /** Never rejects. */
  async #recover(reason: RecoveryReason): Promise<void> {
    try {
      const pendingCount = await this.#run(reason);
      this.#running = false;
      if (!this.#stopped && pendingCount !== undefined) this.#options.recreated(pendingCount);
    } catch (error) {
      this.#running = false;
      if (!this.#stopped) this.#options.failed(toFault(error));
    }
  }

  /** The number of messages that the new consumer has to deliver; undefined where stopped. Throws what ends the reader. */
  async #run(reason: RecoveryReason): Promise<number | undefined> {
    this.#checkForeignFault(reason);
    let missingSinceMs: number | undefined;
    while (!this.#stopped) {
      await this.#wait();
      if (this.#stopped) return undefined;
      this.#attempts += 1;
      // Without a connection each question would only run into its timeout.
      if (this.#options.connection.status !== "connected") continue;
      try {
        await this.#checkStream();
        if (reason.kind === "hole" || reason.kind === "stalled") await this.#checkHole(reason);
        const { connection, stream, consumer } = this.#options;
        return await recreateConsumer(connection, stream.name, consumer, this.#options.lastReceived() + 1);
      } catch (error) {
        if (!(error instanceof TributaryError)) throw error;
        if (error.code === "stream-missing") {
          missingSinceMs ??= performance.now();
          if (performance.now() - missingSinceMs > STREAM_MISSING_GRACE_MS) throw error;
        } else if (error.code !== "broker-unreachable") throw error;
      }
    }
    return undefined;
  }

  #checkForeignFault(reason: RecoveryReason): void {
    if (reason.kind !== "consumer-deleted" && reason.kind !== "stalled") return;
    const nowMs = performance.now();
    const again = nowMs - this.#lastForeignFaultMs < FOREIGN_FAULT_WINDOW_MS;
    this.#lastForeignFaultMs = nowMs;
    if (!again) return;
    const { stream, consumer } = this.#options;
    throw new TributaryError(
      "consumer-stalled",
      reason.kind === "stalled"
        ? `${stream.name} holds messages that consumer ${consumer} does not deliver`
        : `consumer ${consumer} of ${stream.name} was deleted again by somebody else`,
      { details: { log: stream.name, consumer, lastReceived: this.#options.lastReceived() } },
    );
  }

  async #checkStream(): Promise<void> {
    const { stream, createdAt } = this.#options;
    const identity = await stream.identity();
    const lastReceived = this.#options.lastReceived();
    const details = { log: stream.name, lastReceived, lastSequence: identity.lastSequence };
    if (identity.createdAt !== createdAt)
      throw new TributaryError("stream-recreated", `${stream.name} was deleted and created again`, {
        details: { ...details, createdAt, createdAtNow: identity.createdAt },
      });
    if (identity.lastSequence < lastReceived)
      throw new TributaryError("stream-rolled-back", `${stream.name} ends before the last message received`, {
        details,
      });
  }

  /** The message that should have come: absent is a hole; present, it is asked for once more. */
  async #checkHole(reason: RecoveryReason): Promise<void> {
    const { stream } = this.#options;
    const expected = this.#options.lastReceived() + 1;
    const message = await stream.messageAt(expected);
    if (message !== undefined && this.#recheckedSequence !== expected) {
      this.#recheckedSequence = expected;
      return;
    }
    const got = reason.kind === "hole" ? reason.got : undefined;
    throw new TributaryError(
      "sequence-hole",
      message === undefined
        ? `${stream.name} no longer holds message ${expected}`
        : `the broker does not deliver message ${expected} of ${stream.name}`,
      { details: { log: stream.name, expected, got } },
    );
  }

  /** Nothing before the first attempt; then longer each time, with jitter so that a fleet does not come at once. */
  async #wait(): Promise<void> {
    if (this.#attempts === 0) return;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#attempts - 1, 10));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs * (0.5 + Math.random() / 2));
      const removeListener = this.#options.connection.onStatus((status) => {
        if (status === "connected") this.#wake?.();
      });
      this.#wake = () => {
        clearTimeout(timer);
        removeListener();
        resolve();
      };
    });
    this.#wake?.();
    this.#wake = undefined;
  }
}

function toFault(error: unknown): TributaryError {
  if (error instanceof TributaryError) return error;
  return new TributaryError("internal-fault", messageOf(error), { cause: error });
}
