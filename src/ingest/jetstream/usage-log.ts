import { TributaryError } from "../../model/errors.ts";
import type { LogIdentity, LogMessage, LogReader, UsageLog } from "../../model/log.ts";
import type { BrokerConnection } from "./connection.ts";
import { consumerName, usageStream } from "./names.ts";
import { DEFAULT_PULL_MESSAGES } from "./pull-session.ts";
import { StreamReader, identityOf } from "./stream-reader.ts";
import { DEFAULT_MAX_MESSAGE_BYTES } from "./topology.ts";
import { recreateConsumer } from "./usage-consumer.ts";
import { UsageReader } from "./usage-reader.ts";

/** A pull's byte budget when none is configured. */
export const DEFAULT_PULL_BYTES = DEFAULT_MAX_MESSAGE_BYTES;
/** The broker counts a message's subject and reply subject to the budget too. */
const SUBJECT_OVERHEAD_BYTES = 4096;

export interface UsageLogOptions {
  /** Byte budget of one pull; two are in flight. Raised to what the stream's largest message needs. */
  readonly pullBytes?: number;
  /** Message budget of one pull. */
  readonly pullMessages?: number;
  /** How long messages may be stored without being delivered before the reader acts; see UsageReader. */
  readonly stallTimeoutMs?: number;
}

/** The usage log of a partition. */
export function openUsageLog(
  connection: BrokerConnection,
  partition: number,
  options: UsageLogOptions = {},
): UsageLog {
  return new JetStreamUsageLog(connection, partition, options);
}

class JetStreamUsageLog implements UsageLog {
  readonly name: string;
  readonly #consumer: string;
  readonly #connection: BrokerConnection;
  readonly #stream: StreamReader;
  readonly #options: UsageLogOptions;

  constructor(connection: BrokerConnection, partition: number, options: UsageLogOptions) {
    this.name = usageStream(partition);
    this.#consumer = consumerName(partition);
    this.#connection = connection;
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
    const info = await this.#stream.info();
    const identity = identityOf(info);
    if (firstSequence > identity.lastSequence + 1)
      throw new TributaryError(
        "stream-rolled-back",
        `${this.name} ends at ${identity.lastSequence}, before ${firstSequence}`,
        { details: { log: this.name, firstSequence, lastSequence: identity.lastSequence } },
      );
    // Without a limit of the stream, the server's own limit on a message holds.
    const limit = info.config.max_msg_size;
    const largest =
      limit > 0 ? limit : (this.#connection.client.info?.max_payload ?? DEFAULT_MAX_MESSAGE_BYTES);
    const pendingCount = await recreateConsumer(this.#connection, this.name, this.#consumer, firstSequence);
    return new UsageReader({
      connection: this.#connection,
      stream: this.#stream,
      consumer: this.#consumer,
      createdAt: identity.createdAt,
      firstSequence,
      pendingCount,
      pullBytes: Math.max(this.#options.pullBytes ?? DEFAULT_PULL_BYTES, largest + SUBJECT_OVERHEAD_BYTES),
      pullMessages: this.#options.pullMessages ?? DEFAULT_PULL_MESSAGES,
      ...(this.#options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: this.#options.stallTimeoutMs }),
    });
  }
}
