import { TributaryError } from "../../model/errors.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import { MAX_COLUMN_INTEGER } from "../../model/event-batch.ts";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";
import { Aggregation } from "../stage.ts";
import { RECORD_AGGREGATES, type AggregationCode } from "./aggregates/aggregate.ts";
import { addToSum } from "./aggregates/sum.ts";
import { CellExtras } from "./cell-extras.ts";
import { CellIndex } from "./cell-index.ts";
import {
  AGGREGATION_SHIFT,
  CellPages,
  CODES,
  offsetOf,
  PAGE_BYTES,
  PAGE_RECORDS,
  PHASE_MASK,
  PHASE_SHIFT,
  PHASES,
  RecordField,
  RecordWord,
  TAKEN,
  TOUCHED,
} from "./cell-record.ts";
import { highOf, highOfLarge, joinPair, lowOf, lowOfLarge, notExact, requireFit } from "./exact-pair.ts";
import { OpenSums } from "./open-sums.ts";
import { RetractableCells } from "./retractable-cells.ts";
import { SlotAllocator } from "./slot-allocator.ts";
import { CellPhase, type WindowCells } from "./window-cells.ts";

const SPACE = "cells";
const NO_MEMBERS: ReadonlySet<string> = new Set();
/** Units of `SliceBudget` that reading a page costs. */
const RESTORE_UNITS = 150;

export interface CellTableOptions {
  /** Length of every window, milliseconds: `time_weighted` integrates up to the window's end. */
  readonly windowMs: number;
}

/**
 * The cells of a partition: aggregates by (series, window) in typed arrays. Values are exact integers at the meter's
 * scale. A cell has one aggregation, set by its first event (or carry-in); another one afterwards is an `internal-fault`.
 *
 * The bytes that a checkpoint saves depend on the operations alone, not on when checkpoints or restores were.
 */
export class CellTable implements WindowCells, CheckpointParticipant {
  readonly #windowMs: number;
  readonly #pages = new CellPages();
  readonly #index = new CellIndex(this.#pages);
  readonly #slots = new SlotAllocator();
  readonly #extras = new CellExtras();
  /** Adds to sums in short. */
  readonly openSums = new OpenSums(this.#pages);
  /** Takes events out again. */
  readonly retractable = new RetractableCells(this.#pages, this.#extras);
  #size = 0;

  constructor(options: CellTableOptions) {
    this.#windowMs = options.windowMs;
  }

  /** Live cells. */
  get size(): number {
    return this.#size;
  }

  /** Bytes allocated for records and index (members and change points not included). */
  get bytes(): number {
    return this.#pages.bytes + this.#index.bytes + this.#slots.bytes;
  }

  find(series: number, startMs: number): number {
    return this.#index.find(series, startMs);
  }

  /**
   * Finds many cells at once: `slots[i]` becomes the slot of (`series[i]`, `startMs[i]`), −1 where there is none. Same as
   * `find` for each, but faster for more cells than the processor's caches hold: the loop is so short that the processor
   * waits for several of them at the same time. Best for up to a few thousand; a slot is good until cells are removed.
   */
  findAll(series: Uint32Array, startMs: Float64Array, count: number, slots: Int32Array): void {
    this.#index.findAll(series, startMs, count, slots);
  }

  /** Whether a slot has the cell of (series, startMs) in it now. */
  holds(slot: number, series: number, startMs: number): boolean {
    return this.#pages.holds(slot, series, startMs) && (this.#word(slot, RecordWord.flags) & TAKEN) !== 0;
  }

  create(series: number, startMs: number): number {
    const slot = this.#slots.take();
    this.#pages.reach(slot);
    this.#pages.beforeChange(slot);
    const at = offsetOf(slot);
    const words = this.#pages.words(slot);
    words[at * 2 + RecordWord.series] = series;
    words[at * 2 + RecordWord.flags] = TAKEN;
    this.#pages.doubles(slot)[at + RecordField.start] = startMs;
    this.#index.insert(series, startMs, slot);
    this.#size += 1;
    return slot;
  }

  remove(slot: number): void {
    this.#index.remove(this.seriesOf(slot), this.startOf(slot), slot);
    this.#extras.remove(slot);
    this.#pages.clear(slot);
    this.#slots.release(slot);
    this.#size -= 1;
  }

  seriesOf(slot: number): number {
    return this.#pages.seriesOf(slot);
  }

  startOf(slot: number): number {
    return this.#pages.startOf(slot);
  }

  phaseOf(slot: number): CellPhase {
    return PHASES[(this.#word(slot, RecordWord.flags) & PHASE_MASK) >> PHASE_SHIFT]!;
  }

  setPhase(slot: number, phase: CellPhase): void {
    this.#setFlags(slot, PHASE_MASK, phase << PHASE_SHIFT);
  }

  isTouched(slot: number): boolean {
    return (this.#word(slot, RecordWord.flags) & TOUCHED) !== 0;
  }

  setTouched(slot: number, touched: boolean): void {
    this.#setFlags(slot, TOUCHED, touched ? TOUCHED : 0);
  }

  isInUse(slot: number): boolean {
    return this.#slots.isTaken(slot);
  }

  /** Slots in use of [first, first + count), in order; both are multiples of 32. */
  slotsBetween(first: number, count: number): number[] {
    if (!this.#slots.anyTaken(first, count)) return [];
    return Array.from({ length: count }, (_, i) => first + i).filter((slot) => this.#slots.isTaken(slot));
  }

  /** No slot at or above this one has ever been in use. */
  get slotLimit(): number {
    return this.#slots.limit;
  }

  /** Cells may be removed meanwhile, not created. */
  slots(): Iterable<number> {
    return this.#slots.taken();
  }

  /** Adds an event's value: an integer, |value| ≤ 2^52. */
  add(
    slot: number,
    aggregation: AggregationCode,
    value: number,
    timeMs: number,
    sequence: number,
    index: number,
  ): void {
    if (!(Math.abs(value) <= MAX_COLUMN_INTEGER) || Math.floor(value) !== value) throw notExact(value);
    // −0 + 0 = 0: the sign of a zero must not reach the bytes.
    const integer = value + 0;
    const high = highOf(integer);
    this.#addPair(slot, aggregation, high, lowOf(integer, high), timeMs, sequence, index);
  }

  /** Adds an event's value that number form can't hold; `fitsCell(value)` must hold. */
  addLarge(
    slot: number,
    aggregation: AggregationCode,
    value: bigint,
    timeMs: number,
    sequence: number,
    index: number,
  ): void {
    requireFit(value);
    this.#addPair(slot, aggregation, highOfLarge(value), lowOfLarge(value), timeMs, sequence, index);
  }

  /** Adds an event's member to a cell of aggregation `unique`. */
  addMember(slot: number, member: string): void {
    this.#useAs(slot, Aggregation.unique);
    if (this.#extras.members(slot)?.members.has(member) !== true)
      this.#extras.membersForAdd(slot).add(member);
    this.#pages.beforeChange(slot);
    this.#pages.doubles(slot)[offsetOf(slot) + RecordField.events]! += 1;
  }

  /** Value so far: 0 without events, except that `time_weighted` counts the carry-in. Level units × ms for that one. */
  value(slot: number, aggregation: AggregationCode): bigint {
    switch (aggregation) {
      case Aggregation.count:
        return BigInt(this.events(slot));
      case Aggregation.unique:
        return BigInt(this.#extras.members(slot)?.size ?? 0);
      case Aggregation.time_weighted: {
        const startMs = this.startOf(slot);
        return this.#extras.points(slot)?.integral(startMs, startMs + this.#windowMs) ?? 0n;
      }
      case Aggregation.sum:
      case Aggregation.min:
      case Aggregation.max:
      case Aggregation.latest:
        break;
    }
    return joinPair(this.#double(slot, RecordField.high), this.#double(slot, RecordField.low));
  }

  events(slot: number): number {
    return this.#double(slot, RecordField.events);
  }

  /** Aggregation of a cell, undefined before its first event. */
  aggregationOf(slot: number): AggregationCode | undefined {
    return CODES[this.#word(slot, RecordWord.flags) >>> AGGREGATION_SHIFT];
  }

  /** Members of a `unique` cell. */
  members(slot: number): ReadonlySet<string> {
    return this.#extras.members(slot)?.members ?? NO_MEMBERS;
  }

  /** Event time of the event that a `latest` cell has its value from. */
  latestTimeOf(slot: number): number {
    return this.#double(slot, RecordField.latestTime);
  }

  latestSequenceOf(slot: number): number {
    return this.#double(slot, RecordField.latestSequence);
  }

  latestIndexOf(slot: number): number {
    return this.#word(slot, RecordWord.latestIndex);
  }

  /** Level of a `time_weighted` cell at its window's end. */
  carryOut(slot: number): bigint {
    return this.#extras.points(slot)?.carryOut ?? 0n;
  }

  /** Sets the level that a `time_weighted` cell starts with; true where it was another one. */
  setCarryIn(slot: number, level: bigint): boolean {
    requireFit(level);
    this.#useAs(slot, Aggregation.time_weighted);
    if ((this.#extras.points(slot)?.carryIn ?? 0n) === level) return false;
    this.#extras.pointsForChange(slot).carryIn = level;
    return true;
  }

  /** Value at the last emission; 0 before the first. */
  emittedValue(slot: number): bigint {
    return joinPair(this.#double(slot, RecordField.emittedHigh), this.#double(slot, RecordField.emittedLow));
  }

  /** Events at the last emission. */
  emittedEvents(slot: number): number {
    return this.#double(slot, RecordField.emittedEvents);
  }

  /** Emissions so far. */
  emittedRevision(slot: number): number {
    return this.#word(slot, RecordWord.emittedRevision);
  }

  /** Notes the present value and events as emitted, as the next revision. The touched flag stays as it is. */
  markEmitted(slot: number): void {
    const aggregation = this.aggregationOf(slot);
    const value = aggregation === undefined ? 0n : this.value(slot, aggregation);
    this.#pages.beforeChange(slot);
    const at = offsetOf(slot);
    const doubles = this.#pages.doubles(slot);
    doubles[at + RecordField.emittedHigh] = highOfLarge(value);
    doubles[at + RecordField.emittedLow] = lowOfLarge(value);
    doubles[at + RecordField.emittedEvents] = doubles[at + RecordField.events]!;
    this.#pages.words(slot)[at * 2 + RecordWord.emittedRevision]! += 1;
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows">, budget: SliceBudget): SlicedWork {
    for (const { key, value } of store.rows(SPACE)) {
      if (budget.spend(RESTORE_UNITS)) yield;
      if (value.length !== PAGE_BYTES) {
        throw new TributaryError("state-corrupt", "A page of cells has another length.", {
          details: { page: key, length: value.length },
        });
      }
      this.#pages.load(key, value);
      for (let slot = key * PAGE_RECORDS; slot < (key + 1) * PAGE_RECORDS; slot += 1) {
        if ((this.#word(slot, RecordWord.flags) & TAKEN) === 0) continue;
        this.#slots.mark(slot);
        this.#size += 1;
      }
    }
    yield* this.#index.insertAll(this.#slots.taken(), this.#size, budget);
    this.#extras.restore(store, (slot) => (this.#slots.isTaken(slot) ? this.aggregationOf(slot) : undefined));
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    const pages = this.#pages.freeze((page) => this.#slots.anyTaken(page * PAGE_RECORDS, PAGE_RECORDS));
    return frozenRows(pages, this.#extras.freezeChanges());
  }

  #addPair(
    slot: number,
    aggregation: AggregationCode,
    high: number,
    low: number,
    timeMs: number,
    sequence: number,
    index: number,
  ): void {
    this.#pages.beforeChange(slot);
    const doubles = this.#pages.doubles(slot);
    const words = this.#pages.words(slot);
    const at = offsetOf(slot);
    if (words[at * 2 + RecordWord.flags]! >>> AGGREGATION_SHIFT !== aggregation)
      this.#useAs(slot, aggregation);
    const addToRecord = RECORD_AGGREGATES[aggregation];
    // The most frequent aggregation is called by name, so that it is inlined.
    if (aggregation === Aggregation.sum) addToSum(doubles, words, at, high, low);
    else if (addToRecord !== undefined) addToRecord(doubles, words, at, high, low, timeMs, sequence, index);
    else this.#addToExtras(slot, aggregation, high, low, timeMs, sequence, index);
    doubles[at + RecordField.events]! += 1;
  }

  #addToExtras(
    slot: number,
    aggregation: AggregationCode,
    high: number,
    low: number,
    timeMs: number,
    sequence: number,
    index: number,
  ): void {
    if (aggregation !== Aggregation.time_weighted) {
      throw new TributaryError("internal-fault", "A cell of unique members was given a number.");
    }
    const startMs = this.startOf(slot);
    if (timeMs < startMs || timeMs >= startMs + this.#windowMs) {
      throw new TributaryError("internal-fault", "A change of level lies outside its window.", {
        details: { timeMs, startMs },
      });
    }
    this.#extras.pointsForChange(slot).add(high, low, timeMs, sequence, index);
  }

  /** Sets the aggregation of a fresh cell, checks that of another. */
  #useAs(slot: number, aggregation: AggregationCode): void {
    const flags = this.#word(slot, RecordWord.flags);
    const held = flags >>> AGGREGATION_SHIFT;
    if (held === aggregation) return;
    if (held !== 0) {
      throw new TributaryError("internal-fault", "A cell was used with two aggregations.", {
        details: { held, aggregation },
      });
    }
    this.#setFlags(slot, 0, aggregation << AGGREGATION_SHIFT);
  }

  #setFlags(slot: number, clear: number, set: number): void {
    this.#pages.beforeChange(slot);
    const at = offsetOf(slot) * 2 + RecordWord.flags;
    const words = this.#pages.words(slot);
    words[at] = (words[at]! & ~clear) | set;
  }

  #word(slot: number, field: number): number {
    return this.#pages.words(slot)[offsetOf(slot) * 2 + field]!;
  }

  #double(slot: number, field: number): number {
    return this.#pages.doubles(slot)[offsetOf(slot) + field]!;
  }
}

function* frozenRows(
  pages: Iterable<readonly [page: number, bytes: Uint8Array | null]>,
  extras: Iterable<StateRow>,
): Generator<StateRow> {
  for (const [key, value] of pages) yield { space: SPACE, key, value };
  yield* extras;
}
