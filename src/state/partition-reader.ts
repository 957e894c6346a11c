import type { Database, Statement } from "better-sqlite3";
import {
  type Channel,
  type EventOutcomeRecord,
  type ExceptionRecord,
  type MessageCounts,
  noOrdinals,
  type OutboxEntry,
  type ParkedEvent,
  type RegionCounts,
} from "../model/outputs.ts";
import type { KeySegments } from "../model/key-segments.ts";
import type { PartitionStore, Position, StoredCheckpoint } from "../model/store.ts";
import { SEGMENT_SPACES, unpackSegment } from "../model/segment-identity.ts";
import { EMPTY_CHAIN, verifyChecksum } from "./checksum.ts";
import { CHANNEL_GROUPS, NUMBER_BITS, NUMBER_MAX, NUMBER_OF_ID, PACK } from "./packed-id.ts";
import type { SegmentFiles } from "./segments/segment-folder.ts";
import { translatingFaults } from "./sqlite-faults.ts";

/** The reading half of a partition's store. */
export type PartitionStoreReader = Omit<PartitionStore, "commit" | "setDeliveredOrdinal" | "pruneOutbox">;

/** Rows fetched at a time: no cursor stays open between them, and pages of 16 KiB stay within 4 MiB. */
const FETCH_ROWS = 256;

type PackedRow = readonly [number: number, crc: number, value: Uint8Array];
type OutboxRow = readonly [ordinal: number, crc: number, body: string];
type CountRow = RegionCounts;
interface OutcomeRow extends Omit<EventOutcomeRecord, "late"> {
  readonly late: number;
}

/** A Buffer as plain bytes, so that comparisons and structured clones see one type. */
function bytes(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function toOutcome(row: OutcomeRow): EventOutcomeRecord {
  return { ...row, key: bytes(row.key), late: row.late === 1 };
}

/** Reads of one partition's database; every statement is prepared once. Throws `state-corrupt` on damaged content. */
export class PartitionReader implements PartitionStoreReader {
  readonly #segments: SegmentFiles | undefined;
  readonly #file: string;
  readonly #database: Database;
  readonly #position: Statement<[], Position>;
  readonly #regionCounts: Statement<[], CountRow>;
  readonly #messageCounts: Statement<[], MessageCounts>;
  readonly #lastOrdinal: Statement<[string], number>;
  readonly #lastOrdinals: Statement<[], readonly [Channel, number]>;
  readonly #spaceId: Statement<[string], number>;
  readonly #spaceNames: Statement<[], string>;
  readonly #stateAfter: Statement<[number, number, number, number, number], PackedRow>;
  readonly #outboxAfter: Statement<[number, number, number, number, number], OutboxRow>;
  readonly #parked: Statement<[], ParkedEvent>;
  readonly #exceptions: Statement<[], ExceptionRecord>;
  readonly #eventOutcomes: Statement<[Uint8Array], OutcomeRow>;
  readonly #delivered: Statement<[string], number>;

  /** @param segments closed with the reader */
  constructor(database: Database, file: string, segments: SegmentFiles | undefined) {
    this.#database = database;
    this.#file = file;
    this.#segments = segments;
    const range = `id > ${PACK} AND id <= ${PACK} ORDER BY id LIMIT ?`;
    this.#position = database.prepare(
      `SELECT usage_sequence AS usageSequence, usage_fingerprint AS usageFingerprint,
         control_sequence AS controlSequence, control_fingerprint AS controlFingerprint,
         usage_created_at AS usageCreatedAt, control_created_at AS controlCreatedAt FROM position`,
    );
    this.#regionCounts = database.prepare("SELECT * FROM region_counts ORDER BY region");
    this.#messageCounts = database.prepare("SELECT messages, undecodable, probes FROM message_counts");
    this.#lastOrdinal = database
      .prepare<[string], number>("SELECT last_ordinal FROM channel_ordinals WHERE channel = ?")
      .pluck();
    this.#lastOrdinals = database
      .prepare<[], readonly [Channel, number]>("SELECT channel, last_ordinal FROM channel_ordinals")
      .raw();
    this.#spaceId = database.prepare<[string], number>("SELECT id FROM spaces WHERE name = ?").pluck();
    this.#spaceNames = database
      .prepare<[], string>(
        `SELECT name FROM spaces WHERE EXISTS
           (SELECT 1 FROM state WHERE state.id BETWEEN (spaces.id << ${NUMBER_BITS})
              AND (spaces.id << ${NUMBER_BITS}) + ${NUMBER_MAX})
         ORDER BY name`,
      )
      .pluck();
    this.#stateAfter = database
      .prepare<[number, number, number, number, number], PackedRow>(
        `SELECT ${NUMBER_OF_ID}, crc, value FROM state WHERE ${range}`,
      )
      .raw();
    this.#outboxAfter = database
      .prepare<[number, number, number, number, number], OutboxRow>(
        `SELECT ${NUMBER_OF_ID}, crc, body FROM outbox WHERE ${range}`,
      )
      .raw();
    this.#parked = database.prepare(
      `SELECT sequence, "index", reason, account, type, region, arrival_ms AS arrivalMs, event
         FROM parked ORDER BY sequence, "index"`,
    );
    this.#exceptions = database.prepare(
      "SELECT id, stage, reason, since_ms AS sinceMs, details FROM exceptions ORDER BY number",
    );
    this.#eventOutcomes = database.prepare(
      `SELECT key, sequence, "index", outcome, reason, late FROM event_outcomes
         WHERE key = ? ORDER BY sequence, "index"`,
    );
    this.#delivered = database
      .prepare<[string], number>("SELECT ordinal FROM deliveries WHERE target = ?")
      .pluck();
  }

  get segments(): KeySegments | undefined {
    return this.#segments;
  }

  /** Numbers of all segments that the checkpoint names. */
  segmentNumbers(): Set<number> {
    const numbers = new Set<number>();
    for (const space of this.spaces(SEGMENT_SPACES)) for (const { key } of this.rows(space)) numbers.add(key);
    return numbers;
  }

  /** Records of all segments that a space names, none in order; throws `state-corrupt` where a file is damaged. */
  *segmentRecords(space: string): Generator<Uint32Array> {
    for (const { key, value } of this.rows(space)) {
      const segment = this.#segments?.open(unpackSegment(key, value));
      if (segment !== undefined) yield* segment.records();
    }
  }

  #reading<T>(work: () => T): T {
    return translatingFaults("reading the state", this.#file, work);
  }

  /**
   * From now on every call sees the checkpoint that is the last one now, until this is called again or `close`. The state's write-ahead log can't
   * be reset meanwhile: for reads that take seconds, not for ever.
   */
  holdCheckpoint(): void {
    this.#reading(() => {
      if (this.#database.inTransaction) this.#database.exec("COMMIT");
      this.#database.exec("BEGIN");
      // A transaction begins with its first read.
      this.#position.get();
    });
  }

  load(): StoredCheckpoint | undefined {
    // One transaction, so that a reader beside the writer sees one checkpoint and not halves of two.
    return this.#reading(
      this.#database.transaction(() => {
        const position = this.#position.get();
        if (position === undefined) return undefined;
        return {
          position: {
            ...position,
            usageFingerprint: bytes(position.usageFingerprint),
            controlFingerprint: bytes(position.controlFingerprint),
          },
          regionCounts: this.#regionCounts.all(),
          messageCounts: this.#messageCounts.get() ?? { messages: 0, undecodable: 0, probes: 0 },
          lastOrdinals: this.lastOrdinals(),
        };
      }),
    );
  }

  /** Highest ordinal that each channel ever had. */
  lastOrdinals(): Record<Channel, number> {
    const ordinals = noOrdinals();
    for (const [channel, ordinal] of this.#lastOrdinals.all()) ordinals[channel] = ordinal;
    return ordinals;
  }

  *rows(space: string): IterableIterator<{ readonly key: number; readonly value: Uint8Array }> {
    const id = this.#reading(() => this.#spaceId.get(space));
    if (id === undefined) return;
    // −1 packs to the number before the group's first.
    let after = -1;
    for (;;) {
      const found = this.#reading(() =>
        after < 0
          ? this.#stateAfter.all(id - 1, NUMBER_MAX, id, NUMBER_MAX, FETCH_ROWS)
          : this.#stateAfter.all(id, after, id, NUMBER_MAX, FETCH_ROWS),
      );
      for (const [key, crc, value] of found) {
        verifyChecksum(value, crc, `row ${key} of space ${space}`);
        yield { key, value: bytes(value) };
        after = key;
      }
      if (found.length < FETCH_ROWS) return;
    }
  }

  row(space: string, key: number): Uint8Array | undefined {
    const id = this.#reading(() => this.#spaceId.get(space));
    if (id === undefined) return undefined;
    const after = key - 1;
    const [found] = this.#reading(() =>
      after < 0
        ? this.#stateAfter.all(id - 1, NUMBER_MAX, id, NUMBER_MAX, 1)
        : this.#stateAfter.all(id, after, id, NUMBER_MAX, 1),
    );
    if (found?.[0] !== key) return undefined;
    const [, crc, value] = found;
    verifyChecksum(value, crc, `row ${key} of space ${space}`);
    return bytes(value);
  }

  spaces(prefix: string): readonly string[] {
    return this.#reading(() => this.#spaceNames.all()).filter((name) => name.startsWith(prefix));
  }

  parked(): readonly ParkedEvent[] {
    return this.#reading(() => this.#parked.all());
  }

  exceptions(): readonly ExceptionRecord[] {
    return this.#reading(() => this.#exceptions.all());
  }

  eventOutcomes(key: Uint8Array): readonly EventOutcomeRecord[] {
    return this.#reading(() => this.#eventOutcomes.all(key)).map(toOutcome);
  }

  /** Every outcome recorded, in the order of key, sequence and index. */
  allEventOutcomes(): Iterable<EventOutcomeRecord> {
    return this.#database
      .prepare<[], OutcomeRow>(`SELECT * FROM event_outcomes ORDER BY key, sequence, "index"`)
      .all()
      .map(toOutcome);
  }

  /** Hash over everything that a channel ever held, pruned or not; empty before its first entry. */
  channelChain(channel: Channel): string {
    return (
      this.#database
        .prepare<[string], string>("SELECT chain FROM channel_ordinals WHERE channel = ?")
        .pluck()
        .get(channel) ?? EMPTY_CHAIN
    );
  }

  outboxAfter(channel: Channel, afterOrdinal: number, limit: number): readonly OutboxEntry[] {
    const group = CHANNEL_GROUPS[channel];
    const rows = this.#reading(() => this.#outboxAfter.all(group, afterOrdinal, group, NUMBER_MAX, limit));
    return rows.map(([ordinal, crc, body]) => {
      verifyChecksum(body, crc, `outbox entry ${ordinal} of channel ${channel}`);
      return { channel, ordinal, body };
    });
  }

  deliveredOrdinal(target: string): number {
    return this.#reading(() => this.#delivered.get(target)) ?? 0;
  }

  outboxPending(target: string, channel: Channel): number {
    const last = this.#reading(() => this.#lastOrdinal.get(channel)) ?? 0;
    // A target may be ahead of a state that is being built again from the logs.
    return Math.max(0, last - this.deliveredOrdinal(target));
  }

  close(): void {
    this.#segments?.close();
    this.#database.close();
  }
}
