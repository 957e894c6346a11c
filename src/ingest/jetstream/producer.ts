import { createInbox, headers } from "nats";
import type { Msg } from "nats";
import { TributaryError, messageOf } from "../../model/errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { CONTENT_TYPE_HEADER } from "./names.ts";

/** Publications without their acknowledgement yet; so many hide the round trip, and the server's buffer holds them. */
const DEFAULT_WINDOW = 2048;
/** Bytes under way; the client buffers what the socket does not take, without a limit of its own. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** No acknowledgement at all for so long ends the publisher. */
const DEFAULT_ACK_TIMEOUT_MS = 10_000;

export interface OutgoingMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType: string;
  /** Lets the broker drop a repetition within its duplicate window. */
  readonly messageId?: string;
}

export interface PublishResult {
  /** Messages that the broker stored. */
  readonly stored: number;
  /** Messages that the broker already had within its duplicate window. */
  readonly duplicates: number;
}

/**
 * Publishes with a bounded number of outstanding acknowledgements and counts every one of them. Resolves when all are
 * acknowledged. Throws `publish-failed` at the first that is refused, or where none comes any more; what was
 * acknowledged until then is in `details`.
 */
export async function publishAll(
  connection: BrokerConnection,
  messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
  options: { readonly window?: number; readonly ackTimeoutMs?: number } = {},
): Promise<PublishResult> {
  const publisher = new WindowedPublisher(
    connection,
    options.window ?? DEFAULT_WINDOW,
    options.ackTimeoutMs ?? DEFAULT_ACK_TIMEOUT_MS,
  );
  try {
    for await (const message of messages) {
      publisher.publish(message);
      if (publisher.isFull) await publisher.belowLimit();
    }
    return await publisher.allAcknowledged();
  } finally {
    publisher.close();
  }
}

/** One inbox for all acknowledgements: a request each, with its own timer, takes five times as long. */
class WindowedPublisher {
  readonly #connection: BrokerConnection;
  readonly #window: number;
  readonly #ackTimeoutMs: number;
  readonly #inbox = createInbox();
  readonly #unsubscribe: () => void;
  /** Size of each message under way, by its number. */
  readonly #underWay = new Map<number, { readonly bytes: number; readonly subject: string }>();
  #published = 0;
  #bytesUnderWay = 0;
  #stored = 0;
  #duplicates = 0;
  #fault: TributaryError | undefined;
  #lastAckMs = performance.now();
  #wake: (() => void) | undefined;

  constructor(connection: BrokerConnection, window: number, ackTimeoutMs: number) {
    this.#connection = connection;
    this.#window = window;
    this.#ackTimeoutMs = ackTimeoutMs;
    const subscription = connection.client.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        // An exception out of a callback would end the client's reader without a sound.
        try {
          if (error === null) this.#acknowledged(message);
          else this.#fail(error.message, "");
        } catch (fault) {
          this.#fail(messageOf(fault), "");
        }
      },
    });
    this.#unsubscribe = () => {
      subscription.unsubscribe();
    };
  }

  get isFull(): boolean {
    return (
      this.#underWay.size >= this.#window || this.#bytesUnderWay >= WINDOW_BYTES || this.#fault !== undefined
    );
  }

  publish(message: OutgoingMessage): void {
    const messageHeaders = headers();
    messageHeaders.set(CONTENT_TYPE_HEADER, message.contentType);
    if (message.messageId !== undefined) messageHeaders.set("Nats-Msg-Id", message.messageId);
    if (this.#underWay.size === 0) this.#lastAckMs = performance.now();
    this.#published += 1;
    this.#underWay.set(this.#published, { bytes: message.data.length, subject: message.subject });
    this.#bytesUnderWay += message.data.length;
    try {
      this.#connection.client.publish(message.subject, message.data, {
        reply: `${this.#inbox}.${this.#published}`,
        headers: messageHeaders,
      });
    } catch (error) {
      this.#fail(messageOf(error), message.subject);
    }
  }

  /** Resolves when the window has room for half of its size. Throws `publish-failed`. */
  async belowLimit(): Promise<void> {
    await this.#until(
      () => this.#underWay.size <= this.#window / 2 && this.#bytesUnderWay <= WINDOW_BYTES / 2,
    );
  }

  async allAcknowledged(): Promise<PublishResult> {
    await this.#until(() => this.#underWay.size === 0);
    return { stored: this.#stored, duplicates: this.#duplicates };
  }

  close(): void {
    if (!this.#connection.client.isClosed()) this.#unsubscribe();
  }

  async #until(condition: () => boolean): Promise<void> {
    const timer = setInterval(
      () => {
        if (performance.now() - this.#lastAckMs > this.#ackTimeoutMs)
          this.#fail(`no acknowledgement within ${this.#ackTimeoutMs} ms`, "");
      },
      Math.max(1, this.#ackTimeoutMs / 10),
    );
    try {
      while (this.#fault === undefined && !condition())
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    } finally {
      clearInterval(timer);
      this.#wake = undefined;
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  #acknowledged(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    const underWay = this.#underWay.get(number);
    if (underWay === undefined) return;
    this.#lastAckMs = performance.now();
    if (message.data.length === 0) {
      this.#fail(
        message.headers?.code === 503 ? "no stream takes the subject" : "an empty answer",
        underWay.subject,
      );
      return;
    }
    const ack = message.json<{
      readonly duplicate?: boolean;
      readonly error?: { readonly description?: string };
    }>();
    if (ack.error !== undefined) {
      this.#fail(ack.error.description ?? "refused", underWay.subject);
      return;
    }
    this.#underWay.delete(number);
    this.#bytesUnderWay -= underWay.bytes;
    if (ack.duplicate === true) this.#duplicates += 1;
    else this.#stored += 1;
    this.#wake?.();
  }

  #fail(reason: string, subject: string): void {
    this.#fault ??= new TributaryError(
      "publish-failed",
      subject === "" ? `publishing failed: ${reason}` : `publishing to ${subject} failed: ${reason}`,
      {
        details: {
          subject,
          stored: this.#stored,
          duplicates: this.#duplicates,
          unacknowledged: this.#underWay.size,
        },
      },
    );
    this.#wake?.();
  }
}
