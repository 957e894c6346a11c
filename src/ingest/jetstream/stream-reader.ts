import type { StreamInfo } from "nats";
import { TributaryError } from "../../model/errors.ts";
import type { LogIdentity, LogMessage } from "../../model/log.ts";
import { brokerFault, isMessageNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { fromStored } from "./stored-message.ts";

/** Requests under way at once when a range is read; each is one message. */
const READ_WINDOW = 64;

/** What usage and control logs have in common: looking at a stream. All answers come from the stream's leader. */
export class StreamReader {
  readonly name: string;
  readonly connection: BrokerConnection;

  constructor(connection: BrokerConnection, name: string) {
    this.connection = connection;
    this.name = name;
  }

  /** Throws `stream-missing`, `broker-unreachable`. */
  async info(): Promise<StreamInfo> {
    try {
      return await this.connection.manager.streams.info(this.name);
    } catch (error) {
      throw brokerFault(error, `looking at stream ${this.name}`);
    }
  }

  async identity(): Promise<LogIdentity> {
    return identityOf(await this.info());
  }

  async messageAt(sequence: number): Promise<LogMessage | undefined> {
    // The API refuses a sequence below 1 as a bad request; no message stands there.
    if (sequence < 1) return undefined;
    try {
      return fromStored(await this.connection.manager.streams.getMessage(this.name, { seq: sequence }));
    } catch (error) {
      if (isMessageNotFound(error)) return undefined;
      throw brokerFault(error, `reading message ${sequence} of stream ${this.name}`);
    }
  }

  /**
   * All messages from first to last, in order, without a consumer: it disturbs nobody and needs nothing kept. Throws
   * `sequence-hole` where one of them is not stored.
   */
  async *readRange(firstSequence: number, lastSequence: number): AsyncIterable<LogMessage> {
    for (let from = Math.max(firstSequence, 1); from <= lastSequence; from += READ_WINDOW) {
      const count = Math.min(READ_WINDOW, lastSequence - from + 1);
      const window = await Promise.all(Array.from({ length: count }, (_, i) => this.messageAt(from + i)));
      for (const [i, message] of window.entries()) {
        if (message === undefined)
          throw new TributaryError("sequence-hole", `${this.name} holds no message ${from + i}`, {
            details: { log: this.name, sequence: from + i, lastSequence },
          });
        yield message;
      }
    }
  }
}

export function identityOf(info: StreamInfo): LogIdentity {
  const { messages, first_seq: first, last_seq: last } = info.state;
  return { createdAt: info.created, firstSequence: messages === 0 ? last + 1 : first, lastSequence: last };
}
