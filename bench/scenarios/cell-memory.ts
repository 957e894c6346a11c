import { Aggregation } from "../../src/operators/stage.ts";
import { CellTable } from "../../src/operators/window/cell-table.ts";
import { HOUR_MS } from "../harness/sums.ts";
import { sized, type Scenario, type ScenarioResult } from "./scenario.ts";

const NAME = "cells";
const CELLS = 1_000_000;
/** Of an account and meter: the hour that fills, and two that wait for late events. */
const HOURS_OPEN = 3;

/** Memory of open cells that sum: the table's buffers, as the process has them. */
export const cellMemory: Scenario = {
  name: NAME,
  isInSmoke: true,
  run: (context) => Promise.resolve(measure(sized(context, CELLS, 50_000))),
};

function measure(count: number): ScenarioResult {
  const before = process.memoryUsage().arrayBuffers;
  const cells = new CellTable({ windowMs: HOUR_MS });
  for (let cell = 0; cell < count; cell++) {
    const slot = cells.create(Math.floor(cell / HOURS_OPEN), (cell % HOURS_OPEN) * HOUR_MS);
    cells.add(slot, Aggregation.sum, cell, 0, cell, 0);
  }
  // The table's own account does not see what it might keep beside its tables, the process' may have had garbage collected.
  const bytes = Math.max(cells.bytes, process.memoryUsage().arrayBuffers - before);
  return { figures: { cellBytes: bytes / cells.size }, parameters: { [`${NAME}: cells`]: cells.size } };
}
