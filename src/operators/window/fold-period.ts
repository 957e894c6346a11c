import { Aggregation } from "../stage.ts";
import type { AggregationCode } from "./aggregates/aggregate.ts";
import { comparePlaces } from "./aggregates/place.ts";
import type { CellTable } from "./cell-table.ts";

/** Read side of the cell table that a fold needs. */
export type FoldedCells = Pick<
  CellTable,
  "value" | "events" | "members" | "latestTimeOf" | "latestSequenceOf" | "latestIndexOf"
>;

/**
 * Value of a period: the fold of the cells in it. Cells without events don't take part (except by their carry-in, for
 * `time_weighted`); 0 where there are none. `time_weighted` is in level units × milliseconds.
 */
export function foldPeriod(
  cells: FoldedCells,
  aggregation: AggregationCode,
  slots: readonly number[],
): bigint {
  switch (aggregation) {
    case Aggregation.sum:
    case Aggregation.count:
    case Aggregation.time_weighted:
      return slots.reduce((total, slot) => total + cells.value(slot, aggregation), 0n);
    case Aggregation.min:
      return pick(
        cells,
        aggregation,
        slots,
        (slot, best) => cells.value(slot, aggregation) < cells.value(best, aggregation),
      );
    case Aggregation.max:
      return pick(
        cells,
        aggregation,
        slots,
        (slot, best) => cells.value(slot, aggregation) > cells.value(best, aggregation),
      );
    case Aggregation.latest:
      return pick(cells, aggregation, slots, (slot, best) => compareLatest(cells, slot, best) > 0);
    case Aggregation.unique:
      break;
  }
  return BigInt(unionSize(cells, slots));
}

function pick(
  cells: FoldedCells,
  aggregation: AggregationCode,
  slots: readonly number[],
  isBetter: (slot: number, best: number) => boolean,
): bigint {
  let best = -1;
  for (const slot of slots) {
    if (cells.events(slot) > 0 && (best === -1 || isBetter(slot, best))) best = slot;
  }
  return best === -1 ? 0n : cells.value(best, aggregation);
}

function compareLatest(cells: FoldedCells, slot: number, other: number): number {
  return comparePlaces(
    cells.latestTimeOf(slot),
    cells.latestSequenceOf(slot),
    cells.latestIndexOf(slot),
    cells.latestTimeOf(other),
    cells.latestSequenceOf(other),
    cells.latestIndexOf(other),
  );
}

function unionSize(cells: FoldedCells, slots: readonly number[]): number {
  if (slots.length === 1) return cells.members(slots[0]!).size;
  const union = new Set<string>();
  for (const slot of slots) for (const member of cells.members(slot)) union.add(member);
  return union.size;
}
