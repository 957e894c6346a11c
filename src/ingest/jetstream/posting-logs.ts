import type { LogIdentity, LogMessage, LogReader } from "../../model/log.ts";
import type { CommandLog, PostingLog } from "../../model/posting-log.ts";
import type { BrokerConnection } from "./connection.ts";
import { DEFAULT_APPEND_DEADLINE_MS, FencedAppend } from "./fenced-append.ts";
import { commandStream, POSTING_CONSUMER, postingStream, postingSubject } from "./names.ts";
import { openStreamReader, type StreamReaderOptions } from "./open-stream-reader.ts";
import { StreamReader } from "./stream-reader.ts";

/** Messages of a log that are held at once while it is replayed. */
const PAGE_MESSAGES = 256;

/** The commands of an ERP connection, of all partitions. Its runner is the only reader. */
export function openCommandLog(
  connection: BrokerConnection,
  erpConnection: string,
  options: StreamReaderOptions = {},
): CommandLog {
  const stream = new StreamReader(connection, commandStream(erpConnection));
  return {
    name: stream.name,
    identity: async (): Promise<LogIdentity> => await stream.identity(),
    openReader: async (firstSequence): Promise<LogReader> =>
      await openStreamReader(stream, POSTING_CONSUMER, firstSequence, options),
  };
}

export interface PostingLogOptions {
  /** How long an append may take before its outcome is given up on. */
  readonly appendDeadlineMs?: number;
}

/** What the runner of an ERP connection has written. */
export function openPostingLog(
  connection: BrokerConnection,
  erpConnection: string,
  options: PostingLogOptions = {},
): PostingLog {
  const stream = new StreamReader(connection, postingStream(erpConnection));
  const appends = new FencedAppend({
    stream,
    subject: postingSubject(erpConnection),
    deadlineMs: options.appendDeadlineMs ?? DEFAULT_APPEND_DEADLINE_MS,
    moved: "posting-log-moved",
    unknown: "posting-append-unknown",
  });
  return {
    name: stream.name,
    identity: async (): Promise<LogIdentity> => await stream.identity(),
    readFrom: (firstSequence) => pagesFrom(stream, firstSequence),
    append: async (data, expectedLastSequence): Promise<number> =>
      await appends.append(data, expectedLastSequence),
  };
}

async function* pagesFrom(stream: StreamReader, firstSequence: number): AsyncIterable<readonly LogMessage[]> {
  const { lastSequence } = await stream.identity();
  let page: LogMessage[] = [];
  for await (const message of stream.readRange(firstSequence, lastSequence)) {
    page.push(message);
    if (page.length < PAGE_MESSAGES) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
