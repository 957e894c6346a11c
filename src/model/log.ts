/**
 * The ports to the logs that a partition's state is a function of. `src/ingest/jetstream/` implements them over
 * NATS JetStream, `src/pipeline/memory-log.ts` in memory for `simulate` and tests.
 */

/** A message as a log stored it. */
export interface LogMessage {
  /** 1, 2, 3 … without holes in a usage or control log. */
  readonly sequence: number;
  readonly subject: string;
  /** The Content-Type header, lower case, without parameters; "" where absent. */
  readonly contentType: string;
  /** When the log stored it (milliseconds since the epoch): the only arrival time that replays. */
  readonly arrivalMs: number;
  /** The stored bytes. Valid for as long as the caller holds them (never a view into a reused buffer). */
  readonly data: Uint8Array;
}

/** What tells one incarnation of a stream from another. */
export interface LogIdentity {
  /** Creation time as the broker reports it (RFC 3339 with nanoseconds). */
  readonly createdAt: string;
  /** First stored sequence; lastSequence + 1 where empty. */
  readonly firstSequence: number;
  /** Last sequence ever given; 0 where nothing was ever stored. */
  readonly lastSequence: number;
}

/** Pulls messages with a budget; one a partition. */
export interface LogReader {
  /**
   * Called with each non-empty run of messages, in order, without holes. The next pull is asked for when `resume`
   * has been called for the run (return a promise, resolve it when the run is processed). A rejection ends the reader.
   */
  start(deliver: (messages: readonly LogMessage[]) => Promise<void>): void;
  /** Resolves when the reader has ended after `stop`; rejects with the fault that ended it (a TributaryError). */
  readonly ended: Promise<void>;
  /** Stops pulling; what is under delivery is finished first. */
  stop(): Promise<void>;
  /** Tells the broker that all up to `sequence` is done with (AckAll). Advisory: the position of truth is the checkpoint's. */
  acknowledge(sequence: number): void;
  /** True when a pull is outstanding and the broker reported nothing pending after the last delivery. */
  readonly caughtUp: boolean;
  /** Messages stored but not delivered yet, as last reported by the broker. */
  readonly pendingCount: number;
}

export interface UsageLog {
  readonly name: string;
  identity(): Promise<LogIdentity>;
  /** The message at a sequence, or undefined where it is not stored. */
  messageAt(sequence: number): Promise<LogMessage | undefined>;
  /** All messages from first to last, without a consumer; throws `sequence-hole` where one is not stored. */
  readRange(firstSequence: number, lastSequence: number): AsyncIterable<LogMessage>;
  /** Creates the partition's durable consumer anew so that it starts at `firstSequence`, and a reader on it. */
  openReader(firstSequence: number): Promise<LogReader>;
}

export interface ControlLog {
  readonly name: string;
  identity(): Promise<LogIdentity>;
  messageAt(sequence: number): Promise<LogMessage | undefined>;
  /** All messages from `firstSequence` to the end at the time of the call. */
  readFrom(firstSequence: number): Promise<readonly LogMessage[]>;
  /**
   * Appends one record if the log's last sequence is `expectedLastSequence`; returns the record's sequence.
   * Throws TributaryError `control-log-moved` when another owner has written (nothing was appended) and
   * `control-append-unknown` when it can't be known whether it was appended.
   */
  append(data: Uint8Array, expectedLastSequence: number): Promise<number>;
}

/**
 * A stream that we publish to, one subject a partition and channel. Each message carries a range of outbox
 * ordinals; the broker refuses one whose predecessor is not the subject's last (expected last subject sequence),
 * so that a retry or a former owner can't publish twice however long ago the first time was.
 */
export interface PublicationLog {
  /** Last ordinal on the subject, 0 where none, and the stream sequence that holds it. */
  last(subject: string): Promise<{ readonly ordinal: number; readonly sequence: number }>;
  /**
   * Publishes one body that covers `firstOrdinal … lastOrdinal`; returns its stream sequence. Throws
   * `publication-fenced` where `expectedSequence` is not the subject's last, `publish-failed` otherwise.
   */
  publish(
    subject: string,
    body: Uint8Array,
    options: {
      readonly contentType: string;
      readonly messageId: string;
      readonly firstOrdinal: number;
      readonly lastOrdinal: number;
      readonly expectedSequence: number;
    },
  ): Promise<number>;
}

/** Publishes single usage messages (events that stood in the wrong partition, for their own). */
export interface UsagePublisher {
  /**
   * Resolves when the broker has stored the message (or knew its id already). Throws `publish-failed` otherwise;
   * the message may then be stored or not.
   */
  publish(subject: string, contentType: string, body: Uint8Array, messageId: string): Promise<void>;
}

/**
 * Content-addressed objects, such as catalogs: what a control record names by its hash. An object never changes, so
 * putting it again, even half of it after a crash, is harmless.
 */
export interface ReferenceStore {
  /** Stores an object; `hash` is the SHA-256 of `bytes`, hexadecimal, and `kind` one subject token ("catalog"). */
  put(kind: string, hash: string, bytes: Uint8Array): Promise<void>;
  /** The object, verified against its hash; undefined where it is not (or not wholly) stored. */
  get(kind: string, hash: string): Promise<Uint8Array | undefined>;
}
