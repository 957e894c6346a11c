import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { headers } from "nats";
import { TributaryError } from "../../model/errors.ts";
import type { ControlLog, LogIdentity, LogMessage } from "../../model/log.ts";
import {
  describe,
  isMessageNotFound,
  isUnavailable,
  isRefusal,
  isWrongLastSequence,
} from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { APPEND_ID_HEADER, CONTENT_TYPE_HEADER, controlStream, controlSubject } from "./names.ts";
import { headerOf } from "./stored-message.ts";
import { StreamReader } from "./stream-reader.ts";

/** One attempt's answer is waited for so long. */
const ATTEMPT_TIMEOUT_MS = 2000;
/** For so long an append is tried and looked for: a broker's restart or a change of leader fits in. */
export const DEFAULT_APPEND_DEADLINE_MS = 15_000;
const RETRY_WAIT_MS = 100;

export interface ControlLogOptions {
  /** How long an append may take before its outcome is given up on. */
  readonly appendDeadlineMs?: number;
}

/** The control log of a partition. */
export function openControlLog(
  connection: BrokerConnection,
  partition: number,
  options: ControlLogOptions = {},
): ControlLog {
  return new JetStreamControlLog(
    connection,
    partition,
    options.appendDeadlineMs ?? DEFAULT_APPEND_DEADLINE_MS,
  );
}

class JetStreamControlLog implements ControlLog {
  readonly name: string;
  readonly #subject: string;
  readonly #connection: BrokerConnection;
  readonly #reader: StreamReader;
  readonly #deadlineMs: number;

  constructor(connection: BrokerConnection, partition: number, deadlineMs: number) {
    this.name = controlStream(partition);
    this.#subject = controlSubject(partition);
    this.#connection = connection;
    this.#reader = new StreamReader(connection, this.name);
    this.#deadlineMs = deadlineMs;
  }

  async identity(): Promise<LogIdentity> {
    return await this.#reader.identity();
  }

  async messageAt(sequence: number): Promise<LogMessage | undefined> {
    return await this.#reader.messageAt(sequence);
  }

  async readFrom(firstSequence: number): Promise<readonly LogMessage[]> {
    const { lastSequence } = await this.#reader.identity();
    const messages: LogMessage[] = [];
    for await (const message of this.#reader.readRange(firstSequence, lastSequence)) messages.push(message);
    return messages;
  }

  /**
   * An attempt without an answer is repeated with the same expected sequence: the broker stores at most one of them,
   * and a refusal says that the place is taken, by us or by another. So the outcome is known as soon as the broker
   * answers again.
   */
  async append(data: Uint8Array, expectedLastSequence: number): Promise<number> {
    const appendId = randomUUID();
    const deadline = performance.now() + this.#deadlineMs;
    let uncertain: unknown;
    let refusal: unknown;
    do {
      try {
        return await this.#attempt(data, expectedLastSequence, appendId);
      } catch (error) {
        if (isWrongLastSequence(error)) {
          const found = await this.#whoAppended(expectedLastSequence, appendId);
          if (found === "ours") return expectedLastSequence + 1;
          if (found === "another's") throw this.#moved(expectedLastSequence);
          // Refused, yet nobody's record is there: another append is in flight in the cluster. Look again.
        } else if (isRefusal(error)) {
          // The broker said no for another reason (no space, too large): this attempt stored nothing.
          refusal = error;
          if (uncertain === undefined) break;
        } else if (isUnavailable(error)) refusal = error;
        else uncertain = error;
      }
      await delay(RETRY_WAIT_MS);
    } while (performance.now() < deadline);
    const found =
      uncertain === undefined ? "nobody's" : await this.#whoAppended(expectedLastSequence, appendId);
    if (found === "ours") return expectedLastSequence + 1;
    if (found === "another's") throw this.#moved(expectedLastSequence);
    if (uncertain === undefined)
      throw new TributaryError("publish-failed", `${this.name} took no record: ${describe(refusal)}`, {
        cause: refusal,
        details: { log: this.name, expectedLastSequence },
      });
    throw new TributaryError(
      "control-append-unknown",
      `no answer to an append to ${this.name} within ${this.#deadlineMs} ms: ${describe(uncertain)}`,
      { cause: uncertain, details: { log: this.name, expectedLastSequence } },
    );
  }

  async #attempt(data: Uint8Array, expectedLastSequence: number, appendId: string): Promise<number> {
    const recordHeaders = headers();
    recordHeaders.set(CONTENT_TYPE_HEADER, "application/json");
    recordHeaders.set(APPEND_ID_HEADER, appendId);
    const ack = await this.#connection.jetstream.publish(this.#subject, data, {
      headers: recordHeaders,
      expect: { lastSequence: expectedLastSequence, streamName: this.name },
      timeout: ATTEMPT_TIMEOUT_MS,
    });
    return ack.seq;
  }

  /** Whose record stands behind the expected last one. A broker that can't be asked leaves it open. */
  async #whoAppended(
    expectedLastSequence: number,
    appendId: string,
  ): Promise<"ours" | "another's" | "nobody's" | "unknown"> {
    try {
      const { lastSequence } = await this.#reader.identity();
      if (lastSequence === expectedLastSequence) return "nobody's";
      // Shorter than we know it: the log was cut or made anew, which is not our doing.
      if (lastSequence < expectedLastSequence) return "another's";
      const place = { seq: expectedLastSequence + 1 };
      const stored = await this.#connection.manager.streams.getMessage(this.name, place);
      return headerOf(stored, APPEND_ID_HEADER) === appendId ? "ours" : "another's";
    } catch (error) {
      return isMessageNotFound(error) ? "another's" : "unknown";
    }
  }

  #moved(expectedLastSequence: number): TributaryError {
    return new TributaryError("control-log-moved", `another owner has written to ${this.name}`, {
      details: { log: this.name, expectedLastSequence },
    });
  }
}
