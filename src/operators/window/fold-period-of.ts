import type { SeriesInfo } from "../rate/series-info.ts";
import { Aggregation } from "../stage.ts";
import type { CellTable } from "./cell-table.ts";
import { foldPeriod } from "./fold-period.ts";
import { CellPhase } from "./window-cells.ts";

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
): bigint {
  const period = contract.periodAt(cells.startOf(slot));
  const slots: number[] = [];
  for (let startMs = period.startMs; startMs < period.endMs; startMs += cellMs) {
    const found = cells.find(id, startMs);
    if (found < 0) continue;
    if (withOpen || found === slot || cells.phaseOf(found) !== CellPhase.open) slots.push(found);
  }
  return foldPeriod(cells, Aggregation[meter.aggregation], slots);
}
