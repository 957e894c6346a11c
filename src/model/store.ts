import type { SliceBudget, SlicedWork } from "./sliced-work.ts";
import type { KeySegments } from "./key-segments.ts";
import type {
  Channel,
  EventOutcomeRecord,
  ExceptionRecord,
  MessageCounts,
  OutboxEntry,
  ParkedEvent,
  RegionCounts,
} from "./outputs.ts";

/**
 * The port to a partition's durable state: one transaction a checkpoint. `src/state/` implements it with SQLite.
 *
 * Operators keep their state in memory and hand over what changed as rows of named spaces (`cells`, `series`,
 * `price-periods`, …), keyed by integers that they give out themselves. A space is opaque to the store.
 */

export interface StateRow {
  readonly space: string;
  readonly key: number;
  /** null removes the row. */
  readonly value: Uint8Array | null;
}

/** Place in the two logs that a state is the function of. */
export interface Position {
  /** Last usage sequence processed; 0 at the beginning. */
  readonly usageSequence: number;
  /** SHA-256 of that message's stored bytes and arrival; empty at the beginning. */
  readonly usageFingerprint: Uint8Array;
  /** Last control sequence applied; 0 at the beginning. */
  readonly controlSequence: number;
  readonly controlFingerprint: Uint8Array;
  /** Creation times of the two streams, compared at start. */
  readonly usageCreatedAt: string;
  readonly controlCreatedAt: string;
}

/** All that a checkpoint writes. Committed whole or not at all. */
export interface CheckpointChanges {
  readonly position: Position;
  /** True where an operator's repair let the control log begin anew: only then its position may go back. */
  readonly controlRepaired?: boolean;
  /** Current counts (absolute, not differences). */
  readonly regionCounts: readonly RegionCounts[];
  readonly messageCounts: MessageCounts;
  /**
   * Gone through once, from the beginning to the end. They may be made as they are asked for: a row's value is good until
   * the next row is asked for or the turn of the event loop ends, whichever is first.
   */
  readonly rows: Iterable<StateRow>;
  /** Spaces emptied before `rows` are written (a dedupe generation that expired). */
  readonly clearedSpaces: readonly string[];
  readonly parkedAdded: readonly ParkedEvent[];
  readonly parkedRemoved: readonly { readonly sequence: number; readonly index: number }[];
  readonly exceptionsAdded: readonly ExceptionRecord[];
  readonly eventOutcomes: readonly EventOutcomeRecord[];
  readonly outbox: readonly OutboxEntry[];
}

/** What a start reads back. */
export interface StoredCheckpoint {
  readonly position: Position;
  readonly regionCounts: readonly RegionCounts[];
  readonly messageCounts: MessageCounts;
  /** Highest outbox ordinal a channel ever had, 0 where none (rows may be pruned already). */
  readonly lastOrdinals: Readonly<Record<Channel, number>>;
}

export interface PartitionIdentity {
  readonly partition: number;
  readonly partitionCount: number;
}

export interface PartitionStore {
  /** Files of sealed dedupe keys, which checkpoints name; undefined where the state is in memory. */
  readonly segments: KeySegments | undefined;
  /** The last checkpoint, or undefined where the partition has none. */
  load(): StoredCheckpoint | undefined;
  /** Rows of a space in key order. */
  rows(space: string): Iterable<{ readonly key: number; readonly value: Uint8Array }>;
  /** One row of a space; undefined where there is none. */
  row(space: string, key: number): Uint8Array | undefined;
  /** Names of the spaces that have rows and start with `prefix`, sorted. */
  spaces(prefix: string): readonly string[];
  parked(): readonly ParkedEvent[];
  exceptions(): readonly ExceptionRecord[];
  /** Outcomes recorded under a key (see EventOutcomeRecord). */
  eventOutcomes(key: Uint8Array): readonly EventOutcomeRecord[];
  /**
   * Commits one checkpoint. Resolves when it is durable (fsync). Rejects with `state-commit-failed` or `state-disk-full` when nothing of it
   * was written. Calls may not overlap.
   */
  commit(changes: CheckpointChanges): Promise<void>;
  /** Committed outbox entries of a channel after `afterOrdinal`, in order, at most `limit`. */
  outboxAfter(channel: Channel, afterOrdinal: number, limit: number): readonly OutboxEntry[];
  /** Where a delivery target stands: last ordinal that it has; 0 at the beginning. */
  deliveredOrdinal(target: string): number;
  setDeliveredOrdinal(target: string, channel: Channel, ordinal: number): void;
  /** Entries committed but not delivered to the target yet. */
  outboxPending(target: string, channel: Channel): number;
  /** Removes entries of a channel that every one of `targets` has. */
  pruneOutbox(channel: Channel, targets: readonly string[]): void;
  close(): void;
}

/**
 * A stateful operator's side of the checkpoint. `restore` is called once, before the first item. `collectChanges`
 * is called between items; what it returns counts as saved (a failed commit ends the pipeline, which starts again
 * from the last checkpoint).
 */
export interface CheckpointParticipant {
  restore(store: Pick<PartitionStore, "rows" | "spaces">): void;
  /** The same in slices, for a state that may be large. */
  restoreInSlices?(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork;
  /** Adds the changed rows; their values stay good. */
  collectChanges(rows: StateRow[], clearedSpaces: string[]): void;
  /**
   * The same for a state whose changes may be too many to copy at once: the rows are what they were at this call,
   * whatever changes while they are gone through, which may be spread over many turns of the event loop. Values are good
   * as `CheckpointChanges.rows` says. The next call must come after the last row.
   */
  freezeChanges?(clearedSpaces: string[]): Iterable<StateRow>;
}

/** `collectChanges` of a participant that can freeze: its rows with values that stay good. */
export function collectFrozen(
  participant: Required<Pick<CheckpointParticipant, "freezeChanges">>,
  rows: StateRow[],
  clearedSpaces: string[],
): void {
  for (const { space, key, value } of participant.freezeChanges(clearedSpaces))
    rows.push({ space, key, value: value?.slice() ?? null });
}
