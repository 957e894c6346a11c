import type { CellTable } from "./cell-table.ts";
import type { SeriesContracts } from "./series-contracts.ts";
import { CellPhase } from "./window-cells.ts";
import type { WindowLifecycle } from "./window-lifecycle.ts";

/**
 * A level goes on until it changes: each window's carry-out is the next one's carry-in, to the end of the contract.
 * @param from slot of a `time_weighted` cell whose carry-out may have changed
 */
export function carryLevelForward(
  from: number,
  cells: CellTable,
  lifecycle: WindowLifecycle,
  contracts: SeriesContracts,
): void {
  const { cellMs } = contracts.settings;
  const series = cells.seriesOf(from);
  const slots = new Int32Array(1);
  let slot = from;
  for (;;) {
    const nextStart = cells.startOf(slot) + cellMs;
    const level = cells.carryOut(slot);
    let next = cells.find(series, nextStart);
    if (next < 0) {
      if (level === 0n || contracts.contractOf(series, nextStart) === undefined) return;
      if (lifecycle.place(series, nextStart, slots) === 0) return;
      next = slots[0] ?? -1;
    }
    if (!cells.setCarryIn(next, level)) return;
    lifecycle.updated(next);
    // An open window carries on when it completes.
    if (cells.phaseOf(next) === CellPhase.open) return;
    slot = next;
  }
}
