import { Aggregation } from "../stage.ts";
import type { AggregationCode } from "./aggregates/aggregate.ts";
import { addToSum } from "./aggregates/sum.ts";
import type { ChangePoint, ChangePoints } from "./aggregates/time-weighted.ts";
import type { CellExtras } from "./cell-extras.ts";
import { type CellPages, offsetOf, RecordField, RecordWord } from "./cell-record.ts";
import { highOfLarge, joinPair, lowOfLarge } from "./exact-pair.ts";

/** An event in a cell. */
export interface CellEvent {
  readonly timeMs: number;
  /** Place in the usage log. */
  readonly sequence: number;
  readonly index: number;
  /** At the meter's scale; 0n for `unique`. */
  readonly value: bigint;
  /** Of `unique`; "" for all others. */
  readonly member: string;
}

/**
 * Takes events out of cells again. Sums, counts and levels can give every event back; the least, greatest, last and
 * different values of a window don't tell what is behind them, so cells of meters that are `retractable` keep their
 * events' values (40 bytes each) or, for `unique`, how many events each member has.
 */
export class RetractableCells {
  readonly #pages: CellPages;
  readonly #extras: CellExtras;

  constructor(pages: CellPages, extras: CellExtras) {
    this.#pages = pages;
    this.#extras = extras;
  }

  /** Keeps what is needed to take an event out again; called behind its addition, for retractable meters. */
  keep(slot: number, aggregation: AggregationCode, event: CellEvent): void {
    if (aggregation === Aggregation.unique) this.#extras.membersForAdd(slot).countEvent(event.member);
    else if (keepsValues(aggregation)) {
      const { value, timeMs, sequence, index } = event;
      this.#extras.pointsForChange(slot).add(highOfLarge(value), lowOfLarge(value), timeMs, sequence, index);
    }
  }

  /** Whether an event that was added can be taken out of the cell. */
  canRemove(slot: number, aggregation: AggregationCode, event: CellEvent): boolean {
    const events = this.#pages.doubles(slot)[offsetOf(slot) + RecordField.events]!;
    if (aggregation === Aggregation.unique) {
      const members = this.#extras.members(slot);
      return members?.countedEvents === events && members.eventsOf(event.member) > 0;
    }
    if (aggregation === Aggregation.sum || aggregation === Aggregation.count) return events > 0;
    const points = this.#extras.points(slot);
    if (points?.has(event.timeMs, event.sequence, event.index) !== true) return false;
    return aggregation === Aggregation.time_weighted || points.count === events;
  }

  /** Takes out an event for which `canRemove` holds. */
  remove(slot: number, aggregation: AggregationCode, event: CellEvent): void {
    this.#pages.beforeChange(slot);
    const doubles = this.#pages.doubles(slot);
    const words = this.#pages.words(slot);
    const at = offsetOf(slot);
    if (aggregation === Aggregation.unique) this.#extras.membersForAdd(slot).removeEvent(event.member);
    else if (aggregation === Aggregation.sum)
      addToSum(doubles, words, at, highOfLarge(-event.value), lowOfLarge(-event.value));
    else if (aggregation !== Aggregation.count) {
      const points = this.#extras.pointsForChange(slot);
      points.remove(event.timeMs, event.sequence, event.index);
      const held = heldPoint(aggregation, points);
      if (keepsValues(aggregation)) {
        doubles[at + RecordField.high] = held?.high ?? 0;
        doubles[at + RecordField.low] = held?.low ?? 0;
      }
      if (aggregation === Aggregation.latest) {
        doubles[at + RecordField.latestTime] = held?.timeMs ?? 0;
        doubles[at + RecordField.latestSequence] = held?.sequence ?? 0;
        words[at * 2 + RecordWord.latestIndex] = held?.index ?? 0;
      }
    }
    doubles[at + RecordField.events]! -= 1;
  }
}

/** Whether cells of an aggregation keep the values of a retractable meter's events. */
function keepsValues(aggregation: AggregationCode): boolean {
  return (
    aggregation === Aggregation.min || aggregation === Aggregation.max || aggregation === Aggregation.latest
  );
}

/** The event that a cell has its value from: undefined where none is left. */
function heldPoint(aggregation: AggregationCode, points: ChangePoints): ChangePoint | undefined {
  let held: ChangePoint | undefined;
  for (let number = 0; number < points.count; number += 1) {
    const point = points.at(number);
    const isHeld =
      held === undefined || aggregation === Aggregation.latest || isBetter(aggregation, point, held);
    if (isHeld) held = point;
  }
  return held;
}

function isBetter(aggregation: AggregationCode, point: ChangePoint, held: ChangePoint): boolean {
  const [value, other] = [joinPair(point.high, point.low), joinPair(held.high, held.low)];
  return aggregation === Aggregation.min ? value < other : value > other;
}
