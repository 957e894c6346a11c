import { setTimeout as delay } from "node:timers/promises";
import { headers } from "nats";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { storedSequence } from "../../../src/ingest/jetstream/broker-errors.ts";
import { CONTENT_TYPE_HEADER } from "../../../src/ingest/jetstream/names.ts";
import type { LoadedMessage } from "../worker/load.ts";
import { Random } from "../worker/random.ts";

/** Publications of one producer that wait for their acknowledgement. */
const IN_FLIGHT = 16;
const ACK_TIMEOUT_MS = 2_000;
const RETRY_WAIT_MS = 200;
/** Messages that are published again though they were acknowledged, and how much later. */
const REPEATED = 0.06;
const REPEATED_AFTER_MESSAGES = 400;
/** Messages that are held back, and how many others overtake them. */
const REORDERED = 0.15;
const OVERTAKEN_BY_MESSAGES = 60;
/** Attempts that carry an id by which the broker may drop their repetition; the others are stored twice where an acknowledgement was lost. */
const WITH_ID = 0.5;

/** How a message that was acknowledged is stored. */
export interface Stored {
  readonly stream: string;
  readonly sequence: number;
}

export interface PublishedFigures {
  /** Messages that were published, each counted once. */
  readonly messages: number;
  /** Messages that were published again on purpose. */
  readonly repeated: number;
  /** Messages that were overtaken on purpose. */
  readonly reordered: number;
  /** Attempts without an acknowledgement, which were made again. */
  readonly retried: number;
}

/**
 * Producers at their worst: they publish until each message is acknowledged, again where they don't know, some messages twice and many out of
 * order.
 */
export class ChaosProducer {
  readonly #connection: BrokerConnection;
  readonly #random: Random;
  readonly #onStored: (stored: Stored) => void;
  readonly #signal: AbortSignal;
  #messages = 0;
  #repeated = 0;
  #reordered = 0;
  #retried = 0;

  constructor(options: {
    readonly connection: BrokerConnection;
    readonly seed: number;
    /** Told of each acknowledgement. */
    readonly onStored: (stored: Stored) => void;
    /** Ends it: messages that are left are not published. */
    readonly signal: AbortSignal;
  }) {
    this.#connection = options.connection;
    this.#random = new Random(options.seed);
    this.#onStored = options.onStored;
    this.#signal = options.signal;
  }

  get figures(): PublishedFigures {
    return {
      messages: this.#messages,
      repeated: this.#repeated,
      reordered: this.#reordered,
      retried: this.#retried,
    };
  }

  /** Publishes in disorder, spread over `durationMs`; where brokers were away, what has been missed is made up for. */
  async publishInDisorder(messages: readonly LoadedMessage[], durationMs: number): Promise<void> {
    const order = this.#disordered(messages);
    const startedMs = performance.now();
    await this.#publish(order, async (index) => {
      const aheadMs = startedMs + (index / order.length) * durationMs - performance.now();
      if (aheadMs > 1) await delay(aheadMs);
    });
  }

  /** Publishes in order of the list, each once. */
  async publishAll(messages: readonly LoadedMessage[]): Promise<void> {
    await this.#publish(messages, () => Promise.resolve());
  }

  async #publish(order: readonly LoadedMessage[], turn: (index: number) => Promise<void>): Promise<void> {
    const entries = order.entries();
    const lane = async (): Promise<void> => {
      for (const [index, message] of entries) {
        await turn(index);
        if (this.#signal.aborted) return;
        await this.#until(message);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  }

  /** The order of publication: a place is a message's own, or a later one. */
  #disordered(messages: readonly LoadedMessage[]): readonly LoadedMessage[] {
    this.#messages += messages.length;
    const places: { readonly at: number; readonly message: LoadedMessage }[] = [];
    for (const [index, message] of messages.entries()) {
      const isLate = this.#random.chance(REORDERED);
      if (isLate) this.#reordered += 1;
      places.push({ at: index + (isLate ? this.#random.integer(1, OVERTAKEN_BY_MESSAGES) : 0), message });
      if (!this.#random.chance(REPEATED)) continue;
      this.#repeated += 1;
      places.push({ at: index + this.#random.integer(0, REPEATED_AFTER_MESSAGES), message });
    }
    return places.sort((a, b) => a.at - b.at).map(({ message }) => message);
  }

  async #until({ subject, data, contentType }: LoadedMessage): Promise<void> {
    const messageHeaders = headers();
    if (contentType !== "") messageHeaders.set(CONTENT_TYPE_HEADER, contentType);
    const id = this.#random.chance(WITH_ID) ? { msgID: `${this.#random.next()}${this.#random.next()}` } : {};
    for (; !this.#signal.aborted; await delay(RETRY_WAIT_MS))
      try {
        const ack = await this.#connection.jetstream.publish(subject, data, {
          headers: messageHeaders,
          timeout: ACK_TIMEOUT_MS,
          ...id,
        });
        this.#onStored({ stream: ack.stream, sequence: storedSequence(ack) });
        return;
      } catch {
        // Stored or not: that is what producers don't know.
        this.#retried += 1;
      }
  }
}
