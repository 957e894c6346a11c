import type { LogIdentity, LogMessage, LogReader } from "./log.ts";

/** The ports of a posting runner to the broker. `src/ingest/jetstream/` implements them over NATS JetStream. */

/** COMMANDS_<connection>: what partitions have queued. Each message holds a JSON array of commands of one partition. */
export interface CommandLog {
  readonly name: string;
  identity(): Promise<LogIdentity>;
  /** Messages from `firstSequence` on, and then those that come, in the order in which they are stored. */
  openReader(firstSequence: number): Promise<LogReader>;
}

/** POSTINGS_<connection>: intent before, outcome after; one writer, held to it by the expected last sequence. */
export interface PostingLog {
  readonly name: string;
  identity(): Promise<LogIdentity>;
  /** All messages from `firstSequence` to the end at the time of the call, in pages. */
  readFrom(firstSequence: number): AsyncIterable<readonly LogMessage[]>;
  /**
   * Appends a JSON array of records as one message if the log's last sequence is `expectedLastSequence`; returns the message's
   * sequence. Throws TributaryError `posting-log-moved` when another runner has written (nothing was appended) and
   * `posting-append-unknown` when it can't be known whether it was appended.
   */
  append(data: Uint8Array, expectedLastSequence: number): Promise<number>;
}
