import { createInbox, headers, MsgHdrsImpl } from "nats";
import type { Msg, MsgHdrs } from "nats";
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
  /** The stream that must take it: another one's acknowledgement is a failure. */
  readonly stream?: string;
}

export interface PublishResult {
  /** Messages that the broker stored. */
  readonly stored: number;
  /** Messages that the broker already had within its duplicate window. */
  readonly duplicates: number;
}

export interface PublishOptions {
  /** Publications that may be without their acknowledgement. */
  readonly window?: number;
  readonly ackTimeoutMs?: number;
}

/**
 * Publishes with a bounded number of outstanding acknowledgements and counts every one of them. Resolves when all are
 * acknowledged. Throws `publish-failed` at the first that is refused, or where none comes any more; what was
 * acknowledged until then is in `details`.
 */
export async function publishAll(
  connection: BrokerConnection,
  messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
  options: PublishOptions = {},
): Promise<PublishResult> {
  const publisher = new WindowedPublisher(connection, options);
  try {
    // Without a pause between two messages, so that the client sends many at once.
    if (Symbol.iterator in messages) {
      for (const message of messages) {
        publisher.publish(message);
        if (publisher.isFull) await publisher.belowLimit();
      }
    } else {
      for await (const message of messages) {
        publisher.publish(message);
        if (publisher.isFull) await publisher.belowLimit();
      }
    }
    return await publisher.allAcknowledged();
  } finally {
    publisher.close();
  }
}

/** Headers that are encoded once: the client encodes others anew for every message that carries them. */
class SharedHeaders extends MsgHdrsImpl {
  readonly #bytes: Uint8Array;

  constructor(contentType: string) {
    super();
    this.set(CONTENT_TYPE_HEADER, contentType);
    this.#bytes = super.encode();
  }

  override encode(): Uint8Array {
    return this.#bytes;
  }
}

/** What is known of a message until its acknowledgement comes. */
interface UnderWay {
  readonly bytes: number;
  readonly subject: string;
  readonly stream: string | undefined;
}

/**
 * Publishes without waiting and counts acknowledgements. Whoever publishes waits for `belowLimit` when it `isFull`, and
 * for `allAcknowledged` at the end; both throw `publish-failed` at the first message that is refused, stored by another
 * stream than it names, or never acknowledged. One inbox takes all acknowledgements: a request each, with its own timer,
 * takes five times as long.
 */
export class WindowedPublisher {
  readonly #connection: BrokerConnection;
  readonly #window: number;
  readonly #ackTimeoutMs: number;
  readonly #inbox = createInbox();
  readonly #unsubscribe: () => void;
  /** Size of each message under way, by its number. */
  readonly #underWay = new Map<number, UnderWay>();
  /** Headers by content type, shared by all messages that have no others. */
  readonly #headers = new Map<string, MsgHdrs>();
  #published = 0;
  #bytesUnderWay = 0;
  #stored = 0;
  #duplicates = 0;
  #fault: TributaryError | undefined;
  #lastAckMs = performance.now();
  #wake: (() => void) | undefined;

  constructor(connection: BrokerConnection, options: PublishOptions = {}) {
    this.#connection = connection;
    this.#window = options.window ?? DEFAULT_WINDOW;
    this.#ackTimeoutMs = options.ackTimeoutMs ?? DEFAULT_ACK_TIMEOUT_MS;
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

  /** What was acknowledged so far. */
  get acknowledged(): PublishResult {
    return { stored: this.#stored, duplicates: this.#duplicates };
  }

  publish(message: OutgoingMessage): void {
    if (this.#underWay.size === 0) this.#lastAckMs = performance.now();
    this.#published += 1;
    const { data, subject, stream } = message;
    this.#underWay.set(this.#published, { bytes: data.length, subject, stream });
    this.#bytesUnderWay += data.length;
    try {
      this.#connection.client.publish(subject, data, {
        reply: `${this.#inbox}.${this.#published}`,
        headers: this.#headersOf(message),
      });
    } catch (error) {
      this.#fail(messageOf(error), subject);
    }
  }

  #headersOf({ contentType, messageId }: OutgoingMessage): MsgHdrs {
    if (messageId !== undefined) {
      const own = headers();
      own.set(CONTENT_TYPE_HEADER, contentType);
      own.set("Nats-Msg-Id", messageId);
      return own;
    }
    let shared = this.#headers.get(contentType);
    if (shared === undefined) {
      shared = new SharedHeaders(contentType);
      this.#headers.set(contentType, shared);
    }
    return shared;
  }

  /** Resolves when the window has room for half of its size. Throws `publish-failed`. */
  async belowLimit(): Promise<void> {
    await this.#until(
      () => this.#underWay.size <= this.#window / 2 && this.#bytesUnderWay <= WINDOW_BYTES / 2,
    );
  }

  async allAcknowledged(): Promise<PublishResult> {
    await this.#until(() => this.#underWay.size === 0);
    return this.acknowledged;
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
      readonly seq?: number;
      readonly stream?: string;
      readonly duplicate?: boolean;
      readonly error?: { readonly description?: string };
    }>();
    if (ack.error !== undefined) {
      this.#fail(ack.error.description ?? "refused", underWay.subject);
      return;
    }
    if (ack.seq === 0) {
      this.#fail("a message with the same id is in flight", underWay.subject);
      return;
    }
    if (underWay.stream !== undefined && ack.stream !== underWay.stream) {
      this.#fail(`${ack.stream ?? "no stream"} took it, not ${underWay.stream}`, underWay.subject);
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
