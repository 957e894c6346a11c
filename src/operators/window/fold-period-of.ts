import type { SeriesInfo } from "../rate/series-info.ts";
import { Aggregation } from "../stage.ts";
import type { CellTable } from "./cell-table.ts";
import { foldPeriod } from "./fold-period.ts";
import { CellPhase } from "./window-cells.ts";

/** A fold over windows, and how much was looked at for it: windows of the period, members of sets. */
export interface PeriodFold {
  readonly quantity: bigint;
  readonly looked: number;
}

/**
 * Fold over the windows of a series in the billing period of one of its cells.
 * @param withOpen over all windows, not those alone that are complete
 */
export function foldPeriodOf(
  cells: CellTable,
  slot: number,
  { id, meter, contract }: SeriesInfo,
  cellMs: number,
  withOpen: boolean,
): PeriodFold {
  const period = contract.periodAt(cells.startOf(slot));
  const slots: number[] = [];
  let looked = 0;
  for (let startMs = period.startMs; startMs < period.endMs; startMs += cellMs) {
    looked += 1;
    const found = cells.find(id, startMs);
    if (found < 0) continue;
    if (withOpen || found === slot || cells.phaseOf(found) !== CellPhase.open) slots.push(found);
  }
  if (meter.aggregation === "unique") for (const each of slots) looked += cells.members(each).size;
  return { quantity: foldPeriod(cells, Aggregation[meter.aggregation], slots), looked };
}
