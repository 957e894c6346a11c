import type { LogMessage } from "./log.ts";

/**
 * Messages that their producer has numbered: (producer, epoch, sequence) says which of them are there, so that their
 * events need no identity of their own (docs/wire.md, "Numbered batches").
 */

/** UTF-8 bytes of a producer's name: it stands in the ids of its events where these leave the partition. */
export const MAX_PRODUCER_BYTES = 128;

/** Who numbered a message. Sequences are 1, 2, 3 … in each partition, anew in each epoch. */
export interface BatchIdentity {
  readonly producer: string;
  /** A producer that has lost its numbering takes a greater one; an integer ≥ 1. */
  readonly epoch: number;
  /** An integer ≥ 1. */
  readonly sequence: number;
}

/** How many events of a source there are in an hour of their event times. */
export interface SourceHour {
  readonly source: string;
  /** Start of the UTC hour, milliseconds since the epoch. */
  readonly hourMs: number;
  readonly events: number;
}

/** What a producer says of its events in a partition; it has a number like a batch. */
export interface ProducerManifest {
  /** None of the producer's events before this time is to come in the message's region; undefined: nothing is said. */
  readonly completeUpToMs: number | undefined;
  /** Events that it has sent since the manifest before, by source and hour. */
  readonly counts: readonly SourceHour[];
  /** The producer sends nothing more in the region. */
  readonly isLast: boolean;
}

/** A numbered message of a run. */
export interface NumberedMessage extends BatchIdentity {
  readonly message: LogMessage;
  readonly region: string;
  /** First 64 bits of the SHA-256 of the body, as two words: tells a repetition from another content. */
  readonly contentLow: number;
  readonly contentHigh: number;
  /** Its rows are [firstRow, endRow) of the batch; a manifest has none. */
  readonly firstRow: number;
  readonly endRow: number;
  /** Undefined for a batch. */
  readonly manifest: ProducerManifest | undefined;
  /** Its events by source and hour; those without a valid time are left out. */
  sourceHours(): readonly SourceHour[];
}
