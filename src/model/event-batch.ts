import { Outcome } from "./outcome.ts";
import type { LogMessage } from "./log.ts";
import type { NumberedMessage } from "./numbered-batch.ts";

/**
 * A batch of usage events as columns: what flows between the operators. All three wire forms decode to it.
 * Row i of every column is event i; rows are in log order (message sequence, then place in the message).
 */

/** Kinds of a property's value, per row. Kinds are part of the payload checksum: never renumber one. */
export const PropertyKind = {
  missing: 0,
  /** coefficient × 10^−scale with |coefficient| ≤ 2^52, in `coefficient` and `scale`. */
  number: 1,
  /** As `number`, but the coefficient is in `large` because it has more bits. */
  largeNumber: 2,
  /** A string: index into the batch's `texts`. */
  text: 3,
  true: 4,
  false: 5,
  /** JSON null. */
  null: 6,
  /** An array: its canonical JSON text is in `texts`. Meters can't read it; it takes part in the payload checksum. */
  opaque: 7,
} as const;
export type PropertyKind = (typeof PropertyKind)[keyof typeof PropertyKind];

/** Integers up to here are added without loss by the columnar loops: 2^52, so that a sum of two stays below 2^53. */
export const MAX_COLUMN_INTEGER = 2 ** 52;

/** One property of `data` (nested objects are flattened to dotted names) over all rows of a batch. */
export interface PropertyColumn {
  readonly name: string;
  /** PropertyKind per row. */
  readonly kind: Uint8Array;
  /** For kind number: an exact integer. */
  readonly coefficient: Float64Array;
  /** For kinds number and largeNumber: decimal places of the coefficient, ≥ 0; canonical (no trailing zeros). */
  readonly scale: Uint8Array;
  /** For kinds text and opaque: index into `texts` of the batch. */
  readonly text: Uint32Array;
  /** For kind largeNumber: the coefficient by row. */
  readonly large: Map<number, bigint>;
}

/** The event that a retraction takes back, by its identity and payload. */
export interface RetractedEvent {
  /** 128-bit keyed hash of its (source, id): four words. */
  readonly key: Uint32Array;
  /** 64-bit checksum of its payload: two words. */
  readonly checksumLow: number;
  readonly checksumHigh: number;
}

export interface EventBatch {
  readonly count: number;
  /** The messages that the rows come from, in order; `message` indexes into it. */
  readonly messages: readonly LogMessage[];
  readonly message: Uint32Array;
  /** Place of the event inside its message, from 0. */
  readonly index: Uint32Array;
  /** Event time, milliseconds since the epoch (digits below the millisecond are cut off). */
  readonly timeMs: Float64Array;
  /**
   * 128-bit keyed hash of (source, id): four words a row. All zero where id or source can't be read, and in rows of
   * numbered messages, which are not deduplicated by it.
   */
  readonly key: Uint32Array;
  /**
   * 64-bit checksum of the canonical payload (account, type, time, properties): two words a row. Zero in rows of numbered
   * messages.
   */
  readonly checksum: Uint32Array;
  /**
   * Index into `accounts`. `accounts`, `types`, `regions` and `texts` are dictionaries of the decoder: they may hold more
   * than this batch names, and the same array in another batch (by identity) has the same string at an index. So what
   * follows from a string may be kept by its index for as long as batches come with the same array. Arrays only grow.
   */
  readonly account: Uint32Array;
  readonly accounts: readonly string[];
  /** Index into `types`. */
  readonly type: Uint32Array;
  readonly types: readonly string[];
  /** Index into `regions`. */
  readonly region: Uint32Array;
  readonly regions: readonly string[];
  /** Strings that text and opaque properties index into. */
  readonly texts: readonly string[];
  readonly properties: ReadonlyMap<string, PropertyColumn>;
  /** Messages that their producer has numbered, in log order. */
  readonly numbered: readonly NumberedMessage[];
  /**
   * By row: the rows that are retractions, with what they take back. Account, type, time and properties of such a row are
   * those of the event that it takes back, as the retraction carries them; key and checksum are its own.
   */
  readonly retractions: ReadonlyMap<number, RetractedEvent>;
  /** Verdict so far (Outcome): pending rows are still under way; an operator skips all others. */
  readonly outcome: Uint8Array;
  /** Reason code (see REASONS) for every outcome but accepted. */
  readonly reason: Uint8Array;
  /** 1 where the event was accepted after its window was complete: late is an attribute of accepted. */
  readonly late: Uint8Array;
}

/** A message that no event could be read from: it goes to the dead letters whole. */
export interface UndecodableMessage {
  readonly message: LogMessage;
  /** "json-invalid", "msgpack-invalid", "content-type-unknown", "batch-malformed", "message-too-large" … */
  readonly reason: UndecodableReason;
}
export const UNDECODABLE_REASONS = [
  "content-type-unknown",
  "json-invalid",
  "msgpack-invalid",
  "batch-malformed",
  "subject-invalid",
  "too-many-events",
  "manifest-invalid",
] as const;
export type UndecodableReason = (typeof UNDECODABLE_REASONS)[number];

/** What decoding a run of messages gives. */
export interface DecodedRun {
  readonly batch: EventBatch;
  readonly undecodable: readonly UndecodableMessage[];
  /** Probe messages of `tributary doctor`: counted, otherwise ignored. */
  readonly probes: number;
}

/** Decodes a run of messages of one usage log; `src/ingest/wire/` implements it. */
export interface MessageDecoder {
  /** The batch is good until the next call. */
  decode(messages: readonly LogMessage[]): DecodedRun;
  /**
   * One event of a message again, as a CloudEvents JSON text (numbers as they were written), for dead letters,
   * parking, exceptions and export. An element that is not a CloudEvent is returned as it stands.
   */
  eventText(message: LogMessage, index: number): string;
}

/** Sets a row's verdict. */
export function decide(batch: EventBatch, row: number, outcome: Outcome, reason: number): void {
  batch.outcome[row] = outcome;
  batch.reason[row] = reason;
}
