import { setTimeout as delay } from "node:timers/promises";
import { headers } from "nats";
import type { StoredMsg } from "nats";
import { TributaryError } from "../../model/errors.ts";
import type { PublicationLog } from "../../model/log.ts";
import {
  brokerFault,
  describe,
  isDuplicateInFlight,
  isMessageNotFound,
  isRefusal,
  isWrongLastSequence,
  refusalCode,
  storedSequence,
} from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { CONTENT_TYPE_HEADER, ORDINALS_HEADER } from "./names.ts";
import { headerOf } from "./stored-message.ts";

const ATTEMPT_TIMEOUT_MS = 2000;
/** For so long a publication is repeated. The outbox keeps it and tries again later. */
export const DEFAULT_PUBLISH_DEADLINE_MS = 15_000;
const RETRY_WAIT_MS = 100;

type PublishOptions = Parameters<PublicationLog["publish"]>[2];

/** Publications on the subjects of one stream (`RATED`, `DLQ`). */
export function openPublicationLog(
  connection: BrokerConnection,
  stream: string,
  options: { readonly publishDeadlineMs?: number } = {},
): PublicationLog {
  return new JetStreamPublicationLog(
    connection,
    stream,
    options.publishDeadlineMs ?? DEFAULT_PUBLISH_DEADLINE_MS,
  );
}

class JetStreamPublicationLog implements PublicationLog {
  readonly #connection: BrokerConnection;
  readonly #stream: string;
  readonly #deadlineMs: number;

  constructor(connection: BrokerConnection, stream: string, deadlineMs: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#deadlineMs = deadlineMs;
  }

  async last(subject: string): Promise<{ readonly ordinal: number; readonly sequence: number }> {
    const stored = await this.#lastMessage(subject);
    if (stored === undefined) return { ordinal: 0, sequence: 0 };
    return { ordinal: ordinalsOf(stored, subject).last, sequence: stored.seq };
  }

  /** Repeated until it is acknowledged: the expected sequence makes all attempts but one void. */
  async publish(subject: string, body: Uint8Array, options: PublishOptions): Promise<number> {
    const deadline = performance.now() + this.#deadlineMs;
    let fault: unknown;
    do {
      try {
        return await this.#attempt(subject, body, options);
      } catch (error) {
        fault = error;
        if (isWrongLastSequence(error)) {
          const sequence = await this.#ownOrFenced(subject, body, options);
          if (sequence !== undefined) return sequence;
        } else if (isRefusal(error) && !isDuplicateInFlight(error)) break;
      }
      await delay(RETRY_WAIT_MS);
    } while (performance.now() < deadline);
    throw new TributaryError(refusalCode(fault), `publishing to ${subject}: ${describe(fault)}`, {
      cause: fault,
      details: { subject, firstOrdinal: options.firstOrdinal, lastOrdinal: options.lastOrdinal },
    });
  }

  async #attempt(subject: string, body: Uint8Array, options: PublishOptions): Promise<number> {
    const messageHeaders = headers();
    messageHeaders.set(CONTENT_TYPE_HEADER, options.contentType);
    messageHeaders.set(ORDINALS_HEADER, `${options.firstOrdinal}-${options.lastOrdinal}`);
    const ack = await this.#connection.jetstream.publish(subject, body, {
      headers: messageHeaders,
      msgID: options.messageId,
      expect: { lastSubjectSequence: options.expectedSequence, streamName: this.#stream },
      timeout: ATTEMPT_TIMEOUT_MS,
    });
    return storedSequence(ack);
  }

  /**
   * The broker refused: the subject's last message is not the expected one. Where it is exactly ours, an earlier
   * attempt went through; where the subject ends as expected, an append is in flight (undefined: try again).
   */
  async #ownOrFenced(
    subject: string,
    body: Uint8Array,
    options: PublishOptions,
  ): Promise<number | undefined> {
    const stored = await this.#lastMessage(subject);
    if ((stored?.seq ?? 0) === options.expectedSequence) return undefined;
    if (
      stored !== undefined &&
      stored.seq > options.expectedSequence &&
      headerOf(stored, ORDINALS_HEADER) === `${options.firstOrdinal}-${options.lastOrdinal}` &&
      Buffer.compare(stored.data, body) === 0
    )
      return stored.seq;
    const { firstOrdinal, lastOrdinal, expectedSequence } = options;
    const lastSequence = stored?.seq ?? 0;
    throw new TributaryError(
      "publication-fenced",
      `another owner has published to ${subject}: its last message is ${lastSequence}, not ${expectedSequence}`,
      { details: { subject, firstOrdinal, lastOrdinal, expectedSequence, lastSequence } },
    );
  }

  async #lastMessage(subject: string): Promise<StoredMsg | undefined> {
    try {
      return await this.#connection.manager.streams.getMessage(this.#stream, { last_by_subj: subject });
    } catch (error) {
      if (isMessageNotFound(error)) return undefined;
      throw brokerFault(error, `reading the last message on ${subject}`);
    }
  }
}

function ordinalsOf(stored: StoredMsg, subject: string): { readonly first: number; readonly last: number } {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(headerOf(stored, ORDINALS_HEADER));
  if (match === null)
    throw new TributaryError("publication-fenced", `somebody else publishes to ${subject}: no ordinals`, {
      details: { subject, lastSequence: stored.seq },
    });
  return { first: Number(match[1]), last: Number(match[2]) };
}
