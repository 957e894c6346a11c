import type { Database, Statement } from "better-sqlite3";
import type { EventOutcomeRecord, ExceptionRecord, OutboxEntry, RegionCounts } from "../model/outputs.ts";
import type { CheckpointChanges, Position, StateRow } from "../model/store.ts";
import { TributaryError } from "../model/errors.ts";
import { assertBalanced, assertForward } from "./books.ts";
import { checksum, EMPTY_CHAIN, extendChain } from "./checksum.ts";
import { assertPackable, CHANNEL_GROUPS, NUMBER_MAX, PACK } from "./packed-id.ts";
import { ParkedWriter } from "./parked-writer.ts";

/**
 * Writes one checkpoint's changes; the caller holds the transaction. Every statement is prepared once. Throws
 * `books-unbalanced` and `internal-fault` where the changes contradict what is stored; the caller rolls back.
 */
export class CheckpointWriter {
  readonly #spaceIds = new Map<string, number>();
  readonly #parked: ParkedWriter;
  readonly #position: Statement<[], Pick<Position, "usageSequence" | "controlSequence">>;
  readonly #setPosition: Statement<[number, Uint8Array, number, Uint8Array, string, string]>;
  readonly #regionRead: Statement<[string], number>;
  readonly #setRegion: Statement<[RegionCounts]>;
  readonly #setMessages: Statement<[number, number, number]>;
  readonly #spaceId: Statement<[string], number>;
  readonly #addSpace: Statement<[string], number>;
  readonly #removeSpace: Statement<[number]>;
  readonly #clearSpace: Statement<[number, number, number, number]>;
  readonly #setRow: Statement<[number, number, number, Uint8Array]>;
  readonly #removeRow: Statement<[number, number]>;
  readonly #addException: Statement<[ExceptionRecord]>;
  readonly #addOutcome: Statement<[Uint8Array, number, number, number, number, number]>;
  readonly #channel: Statement<[string], { last_ordinal: number; chain: string }>;
  readonly #setChannel: Statement<[string, number, string]>;
  readonly #addEntry: Statement<[number, number, number, string]>;

  constructor(database: Database) {
    this.#parked = new ParkedWriter(database);
    this.#position = database.prepare(
      "SELECT usage_sequence AS usageSequence, control_sequence AS controlSequence FROM position",
    );
    this.#setPosition = database.prepare("INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?, ?, ?, ?)");
    this.#regionRead = database
      .prepare<[string], number>(`SELECT "read" FROM region_counts WHERE region = ?`)
      .pluck();
    this.#setRegion = database.prepare(
      `INSERT OR REPLACE INTO region_counts VALUES (@region, @read, @accepted, @duplicate, @conflicting, @rejected,
         @parked, @misrouted, @late)`,
    );
    this.#setMessages = database.prepare("INSERT OR REPLACE INTO message_counts VALUES (1, ?, ?, ?)");
    this.#spaceId = database.prepare<[string], number>("SELECT id FROM spaces WHERE name = ?").pluck();
    this.#addSpace = database
      .prepare<[string], number>("INSERT INTO spaces (name) VALUES (?) RETURNING id")
      .pluck();
    this.#removeSpace = database.prepare("DELETE FROM spaces WHERE id = ?");
    this.#clearSpace = database.prepare(`DELETE FROM state WHERE id BETWEEN ${PACK} AND ${PACK}`);
    this.#setRow = database.prepare(
      `INSERT INTO state (id, crc, value) VALUES (${PACK}, ?, ?)
         ON CONFLICT (id) DO UPDATE SET crc = excluded.crc, value = excluded.value`,
    );
    this.#removeRow = database.prepare(`DELETE FROM state WHERE id = ${PACK}`);
    this.#addException = database.prepare(
      "INSERT INTO exceptions (id, stage, reason, since_ms, details) VALUES (@id, @stage, @reason, @sinceMs, @details)",
    );
    // An event that was parked and then decided has one place in the log: the later outcome is the one that holds.
    this.#addOutcome = database.prepare("INSERT OR REPLACE INTO event_outcomes VALUES (?, ?, ?, ?, ?, ?)");
    this.#channel = database.prepare("SELECT last_ordinal, chain FROM channel_ordinals WHERE channel = ?");
    this.#setChannel = database.prepare("INSERT OR REPLACE INTO channel_ordinals VALUES (?, ?, ?)");
    this.#addEntry = database.prepare(`INSERT INTO outbox (id, crc, body) VALUES (${PACK}, ?, ?)`);
  }

  /** Forgets what was read from the database; after a rollback. */
  forget(): void {
    this.#spaceIds.clear();
  }

  write(changes: CheckpointChanges): void {
    this.writeHead(changes);
    for (const row of changes.rows) this.writeRow(row);
    this.writeParked(changes.parkedAdded, changes.parkedRemoved);
    this.writeRecords(changes.exceptionsAdded, changes.eventOutcomes);
    this.writeOutbox(changes.outbox);
  }

  /** Positions and counts, and the spaces that are emptied before rows are written. */
  writeHead(
    changes: Pick<
      CheckpointChanges,
      "position" | "controlRepaired" | "regionCounts" | "messageCounts" | "clearedSpaces"
    >,
  ): void {
    this.#writePosition(changes.position, changes.controlRepaired);
    for (const counts of changes.regionCounts) {
      assertBalanced(counts, this.#regionRead.get(counts.region) ?? 0);
      this.#setRegion.run(counts);
    }
    const { messages, undecodable, probes } = changes.messageCounts;
    this.#setMessages.run(messages, undecodable, probes);
    for (const space of changes.clearedSpaces) this.#clear(space);
  }

  /** All of a checkpoint's parked events at once: the two lists are balanced against each other. */
  writeParked(added: CheckpointChanges["parkedAdded"], removed: CheckpointChanges["parkedRemoved"]): void {
    this.#parked.write(added, removed);
  }

  writeRecords(exceptions: readonly ExceptionRecord[], outcomes: readonly EventOutcomeRecord[]): void {
    for (const exception of exceptions) this.#addException.run(exception);
    for (const record of outcomes) this.#writeOutcome(record);
  }

  #writePosition(after: Position, controlRepaired: boolean | undefined): void {
    const before = this.#position.get();
    if (before !== undefined) assertForward({ ...after, ...before }, after, controlRepaired);
    this.#setPosition.run(
      after.usageSequence,
      after.usageFingerprint,
      after.controlSequence,
      after.controlFingerprint,
      after.usageCreatedAt,
      after.controlCreatedAt,
    );
  }

  #findSpace(space: string): number | undefined {
    const known = this.#spaceIds.get(space);
    if (known !== undefined) return known;
    const stored = this.#spaceId.get(space);
    if (stored !== undefined) this.#spaceIds.set(space, stored);
    return stored;
  }

  #clear(space: string): void {
    const id = this.#findSpace(space);
    if (id === undefined) return;
    this.#clearSpace.run(id, 0, id, NUMBER_MAX);
    // Names go with their rows: generations of dedupe keys come and go for years.
    this.#removeSpace.run(id);
    this.#spaceIds.delete(space);
  }

  writeRow(row: StateRow): void {
    assertPackable(row.key, `The key of a row of space ${row.space}`);
    let id = this.#findSpace(row.space);
    if (row.value === null) {
      if (id !== undefined) this.#removeRow.run(id, row.key);
      return;
    }
    if (id === undefined) {
      id = this.#addSpace.get(row.space);
      if (id === undefined) throw new TributaryError("internal-fault", `Space ${row.space} got no number.`);
      this.#spaceIds.set(row.space, id);
    }
    this.#setRow.run(id, row.key, checksum(row.value), row.value);
  }

  #writeOutcome(record: EventOutcomeRecord): void {
    const { key, sequence, index, outcome, reason } = record;
    this.#addOutcome.run(key, sequence, index, outcome, reason, record.late ? 1 : 0);
  }

  /** Entries that follow those before them, by channel. */
  writeOutbox(entries: Iterable<OutboxEntry>): void {
    const channels = new Map<OutboxEntry["channel"], { ordinal: number; chain: string }>();
    for (const { channel, ordinal, body } of entries) {
      let last = channels.get(channel);
      if (last === undefined) {
        const stored = this.#channel.get(channel);
        last = { ordinal: stored?.last_ordinal ?? 0, chain: stored?.chain ?? EMPTY_CHAIN };
        channels.set(channel, last);
      }
      if (ordinal !== last.ordinal + 1) {
        throw new TributaryError("internal-fault", `Outbox ordinals of channel ${channel} have a hole.`, {
          details: { channel, expected: last.ordinal + 1, ordinal },
        });
      }
      assertPackable(ordinal, `An ordinal of channel ${channel}`);
      this.#addEntry.run(CHANNEL_GROUPS[channel], ordinal, checksum(body), body);
      last.ordinal = ordinal;
      last.chain = extendChain(last.chain, ordinal, body);
    }
    for (const [channel, { ordinal, chain }] of channels) this.#setChannel.run(channel, ordinal, chain);
  }
}
