import { TributaryError } from "../../model/errors.ts";
import type { LogReader } from "../../model/log.ts";
import { DEFAULT_PULL_MESSAGES } from "./pull-session.ts";
import { type StreamReader, identityOf } from "./stream-reader.ts";
import { DEFAULT_MAX_MESSAGE_BYTES } from "./topology.ts";
import { recreateConsumer } from "./usage-consumer.ts";
import { UsageReader } from "./usage-reader.ts";

/** A pull's byte budget when none is configured. */
export const DEFAULT_PULL_BYTES = DEFAULT_MAX_MESSAGE_BYTES;
/** The broker counts a message's subject and reply subject to the budget too. */
const SUBJECT_OVERHEAD_BYTES = 4096;

export interface StreamReaderOptions {
  /** Byte budget of one pull; two are in flight. Raised to what the stream's largest message needs. */
  readonly pullBytes?: number;
  /** Message budget of one pull. */
  readonly pullMessages?: number;
  /** How long messages may be stored without being delivered before the reader acts; see UsageReader. */
  readonly stallTimeoutMs?: number;
}

/** A reader of a stream's messages from a sequence on, by a durable consumer that is made anew for it. */
export async function openStreamReader(
  stream: StreamReader,
  consumer: string,
  firstSequence: number,
  options: StreamReaderOptions,
): Promise<LogReader> {
  const { connection } = stream;
  const info = await stream.info();
  const identity = identityOf(info);
  if (firstSequence > identity.lastSequence + 1)
    throw new TributaryError(
      "stream-rolled-back",
      `${stream.name} ends at ${identity.lastSequence}, before ${firstSequence}`,
      { details: { log: stream.name, firstSequence, lastSequence: identity.lastSequence } },
    );
  // Without a limit of the stream, the server's own limit on a message holds.
  const limit = info.config.max_msg_size;
  const largest = limit > 0 ? limit : (connection.client.info?.max_payload ?? DEFAULT_MAX_MESSAGE_BYTES);
  const pendingCount = await recreateConsumer(connection, stream.name, consumer, firstSequence);
  return new UsageReader({
    connection,
    stream,
    consumer,
    createdAt: identity.createdAt,
    firstSequence,
    pendingCount,
    pullBytes: Math.max(options.pullBytes ?? DEFAULT_PULL_BYTES, largest + SUBJECT_OVERHEAD_BYTES),
    pullMessages: options.pullMessages ?? DEFAULT_PULL_MESSAGES,
    ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
  });
}
