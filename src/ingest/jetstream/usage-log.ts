import type { LogIdentity, LogMessage, LogReader, UsageLog } from "../../model/log.ts";
import type { BrokerConnection } from "./connection.ts";
import { consumerName, usageStream } from "./names.ts";
import { openStreamReader, type StreamReaderOptions } from "./open-stream-reader.ts";
import { StreamReader } from "./stream-reader.ts";

/** The usage log of a partition. */
export function openUsageLog(
  connection: BrokerConnection,
  partition: number,
  options: StreamReaderOptions = {},
): UsageLog {
  return new JetStreamUsageLog(connection, partition, options);
}

class JetStreamUsageLog implements UsageLog {
  readonly name: string;
  readonly #consumer: string;
  readonly #stream: StreamReader;
  readonly #options: StreamReaderOptions;

  constructor(connection: BrokerConnection, partition: number, options: StreamReaderOptions) {
    this.name = usageStream(partition);
    this.#consumer = consumerName(partition);
    this.#stream = new StreamReader(connection, this.name);
    this.#options = options;
  }

  async identity(): Promise<LogIdentity> {
    return await this.#stream.identity();
  }

  async messageAt(sequence: number): Promise<LogMessage | undefined> {
    return await this.#stream.messageAt(sequence);
  }

  readRange(firstSequence: number, lastSequence: number): AsyncIterable<LogMessage> {
    return this.#stream.readRange(firstSequence, lastSequence);
  }

  async openReader(firstSequence: number): Promise<LogReader> {
    return await openStreamReader(this.#stream, this.#consumer, firstSequence, this.#options);
  }
}
