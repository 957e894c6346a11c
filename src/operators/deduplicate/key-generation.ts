import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import { TributaryError } from "../../model/errors.ts";
import {
  KEY_RECORD_BYTES,
  type KeySegment,
  type KeySegments,
  type PendingSegment,
  type SegmentWriter,
} from "../../model/key-segments.ts";
import { KEY_SPACES, packSegment, SEGMENT_SPACES, unpackSegment } from "../../model/segment-identity.ts";
import type { PartitionStore, StateRow } from "../../model/store.ts";
import { HotKeys } from "./hot-keys.ts";
import type { RecordChunks } from "./record-chunks.ts";
import { sealAt, segmentsToMerge, type SealingLimits } from "./sealing-policy.ts";

/** Units of `SliceBudget` that reading a key costs. */
const KEY_UNITS = 0.5;

/** Decimal digits of a time in a space's name: enough for every safe integer, so that names sort as times. */
const TIME_DIGITS = 16;

/** Room for the keys that follow sealed ones, as a multiple of these. */
const REFILL_ROOM = 1.1;

/** Keys in memory that are being written to a segment, and the rows that hold them until it is adopted. */
interface FrozenKeys {
  readonly keys: HotKeys;
  readonly firstRow: number;
  readonly endRow: number;
  readonly pending: PendingSegment;
}

interface Merge {
  readonly inputs: readonly KeySegment[];
  readonly pending: PendingSegment;
}

/**
 * Keys of the events that arrived in [startMs, endMs): those in memory, those that are being sealed, and segments. A key is
 * in exactly one of them.
 *
 * Rows of `keys/<start>-<length>` are the records in memory in the order of arrival, each row those that were new at a
 * checkpoint; rows of `segments/<start>-<length>` name the segments. The checkpoint that names a segment first removes the
 * rows that it replaces, so that any checkpoint has every key once.
 */
export class KeyGeneration {
  readonly startMs: number;
  readonly endMs: number;
  readonly #name: string;
  readonly #memory: RecordChunks;
  #hot: HotKeys;
  /** Rows of the records in `#hot`, and how many of these are saved. */
  #firstRow = 0;
  #nextRow = 0;
  #savedRecords = 0;
  #frozen: FrozenKeys | undefined;
  #segments: readonly KeySegment[] = [];
  #merge: Merge | undefined;

  constructor(startMs: number, endMs: number, memory: RecordChunks) {
    this.#memory = memory;
    this.#hot = new HotKeys(memory);
    this.startMs = startMs;
    this.endMs = endMs;
    const digits = (timeMs: number): string => timeMs.toString().padStart(TIME_DIGITS, "0");
    this.#name = `${digits(startMs)}-${digits(endMs - startMs)}`;
  }

  /** The generation of a space of either kind; throws `state-corrupt` where the space is none. */
  static named(space: string, memory: RecordChunks): KeyGeneration {
    const match = /^(?:keys|segments)\/(\d{16})-(\d{16})$/.exec(space);
    if (match === null) {
      throw new TributaryError("state-corrupt", "A space of keys has another name than they have.", {
        details: { space },
      });
    }
    const startMs = Number(match[1]);
    return new KeyGeneration(startMs, startMs + Number(match[2]), memory);
  }

  /** Where new keys go. */
  get hot(): HotKeys {
    return this.#hot;
  }

  /** Parts in memory that have keys. */
  get inMemory(): readonly HotKeys[] {
    const parts = this.#frozen === undefined ? [this.#hot] : [this.#hot, this.#frozen.keys];
    return parts.filter(({ records }) => records.count > 0);
  }

  get segments(): readonly KeySegment[] {
    return this.#segments;
  }

  /** Keys in segments. */
  get sealedSize(): number {
    return this.#segments.reduce((total, { count }) => total + count, 0);
  }

  get size(): number {
    return this.inMemory.reduce((total, { records }) => total + records.count, this.sealedSize);
  }

  /** Bytes held in memory for the segments. */
  get sealedBytes(): number {
    return this.#segments.reduce((total, { bytes }) => total + bytes, 0);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.sealedBytes + this.#hot.bytes + (this.#frozen?.keys.bytes ?? 0);
  }

  *restoreInSlices(
    store: Pick<PartitionStore, "rows">,
    segments: KeySegments | undefined,
    budget: SliceBudget,
  ): SlicedWork {
    const space = KEY_SPACES + this.#name;
    for (const { key, value } of store.rows(space)) {
      if (value.length % KEY_RECORD_BYTES !== 0) {
        throw new TributaryError("state-corrupt", "A row of keys is cut off.", { details: { space, key } });
      }
      if (this.#hot.records.count === 0) this.#firstRow = key;
      this.#hot.load(value);
      this.#nextRow = key + 1;
      if (budget.spend((value.length / KEY_RECORD_BYTES) * KEY_UNITS)) yield;
    }
    this.#hot.buildIndex();
    this.#savedRecords = this.#hot.records.count;
    const opened: KeySegment[] = [];
    for (const { key, value } of store.rows(SEGMENT_SPACES + this.#name)) {
      if (segments === undefined) {
        throw new TributaryError(
          "internal-fault",
          "A state with sealed keys was opened without its segments.",
        );
      }
      opened.push(segments.open(unpackSegment(key, value)));
      // Its filter is read: it has a slice of its own.
      yield;
    }
    this.#segments = opened;
  }

  /** Adds the rows that a checkpoint has to write, what other threads have finished included. */
  collect(rows: StateRow[], writer: SegmentWriter | undefined): void {
    if (writer !== undefined) {
      this.#adoptSealed(rows);
      this.#adoptMerged(rows, writer);
    }
    for (const value of this.#hot.records.bytesSince(this.#savedRecords)) {
      rows.push({ space: KEY_SPACES + this.#name, key: this.#nextRow, value });
      this.#nextRow += 1;
    }
    this.#savedRecords = this.#hot.records.count;
  }

  /** Begins what is due; all that is in memory must have been collected. */
  beginSealing(writer: SegmentWriter, limits: SealingLimits, hasEnded: boolean): void {
    const { count, chunks } = this.#hot.records;
    if (this.#frozen === undefined && count >= sealAt(limits, this.size, hasEnded)) {
      this.#frozen = {
        keys: this.#hot,
        firstRow: this.#firstRow,
        endRow: this.#nextRow,
        pending: writer.seal(chunks, count),
      };
      // As many will come again before the next seal; what the last second brought differs a little.
      this.#hot = new HotKeys(this.#memory, Math.ceil(count * REFILL_ROOM));
      this.#firstRow = this.#nextRow;
      this.#savedRecords = 0;
    }
    if (this.#merge !== undefined || (hasEnded && this.#frozen !== undefined)) return;
    const inputs = segmentsToMerge(this.#segments, hasEnded);
    if (inputs.length > 0) this.#merge = { inputs, pending: writer.merge(inputs) };
  }

  /** Removes all of it with the checkpoint that is collected now. */
  drop(clearedSpaces: string[], writer: SegmentWriter | undefined): void {
    clearedSpaces.push(KEY_SPACES + this.#name, SEGMENT_SPACES + this.#name);
    this.#frozen?.pending.discard();
    this.#merge?.pending.discard();
    for (const segment of this.#segments) writer?.drop(segment);
  }

  #adoptSealed(rows: StateRow[]): void {
    const segment = this.#frozen?.pending.take();
    if (this.#frozen === undefined || segment === undefined) return;
    const { keys, firstRow, endRow } = this.#frozen;
    for (let key = firstRow; key < endRow; key += 1)
      rows.push({ space: KEY_SPACES + this.#name, key, value: null });
    this.#nameSegment(rows, segment);
    this.#segments = [...this.#segments, segment];
    this.#frozen = undefined;
    // The thread has read them, and the checkpoint that saved them is committed: this one is the next.
    this.#memory.give(keys.records.chunks);
  }

  #adoptMerged(rows: StateRow[], writer: SegmentWriter): void {
    const segment = this.#merge?.pending.take();
    if (this.#merge === undefined || segment === undefined) return;
    const { inputs } = this.#merge;
    for (const input of inputs) {
      rows.push({ space: SEGMENT_SPACES + this.#name, key: input.number, value: null });
      writer.drop(input);
    }
    this.#nameSegment(rows, segment);
    this.#segments = [...this.#segments.filter((each) => !inputs.includes(each)), segment];
    this.#merge = undefined;
  }

  #nameSegment(rows: StateRow[], segment: KeySegment): void {
    rows.push({ space: SEGMENT_SPACES + this.#name, key: segment.number, value: packSegment(segment) });
  }
}
