import type { StreamInfo } from "nats";
import type { LogIdentity, LogMessage } from "../../model/log.ts";
import { brokerFault, isMessageNotFound } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { fromStored } from "./stored-message.ts";

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
}

export function identityOf(info: StreamInfo): LogIdentity {
  const { messages, first_seq: first, last_seq: last } = info.state;
  return { createdAt: info.created, firstSequence: messages === 0 ? last + 1 : first, lastSequence: last };
}
