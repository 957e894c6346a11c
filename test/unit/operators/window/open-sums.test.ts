import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Aggregation } from "../../../../src/operators/stage.ts";
import { CellTable } from "../../../../src/operators/window/cell-table.ts";
import { CellPhase } from "../../../../src/operators/window/window-cells.ts";

const HOUR_MS = 3_600_000;
const START_MS = 490_000 * HOUR_MS;
const starts = Float64Array.of(START_MS, START_MS + HOUR_MS);

function tableWithCell(aggregation: (typeof Aggregation)[keyof typeof Aggregation] = Aggregation.sum): {
  cells: CellTable;
  slot: number;
} {
  const cells = new CellTable({ windowMs: HOUR_MS });
  const slot = cells.create(7, START_MS);
  cells.add(slot, aggregation, 1, START_MS, 1, 0);
  return { cells, slot };
}

it("adds what the long way adds, or leaves it to that", () => {
  const value = fc.oneof(
    fc.maxSafeInteger().filter((each) => Math.abs(each) <= 2 ** 52),
    fc.constantFrom(0, -0, 1, -1, 2 ** 52, 2 ** 52 - 1, 2 ** 51, -(2 ** 52)),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (values) => {
      const short = tableWithCell();
      const long = tableWithCell();
      const column = Float64Array.from(values);
      for (let entry = 0; entry < values.length; entry++) {
        if (!short.cells.openSums.add(short.slot, 7, starts, 0, column, entry))
          short.cells.add(short.slot, Aggregation.sum, values[entry]!, START_MS, 1, 0);
        long.cells.add(long.slot, Aggregation.sum, values[entry]!, START_MS, 1, 0);
      }
      expect(short.cells.value(short.slot, Aggregation.sum)).toBe(
        values.reduce((sum, each) => sum + BigInt(each), 1n),
      );
      expect(rowsOf(short.cells)).toEqual(rowsOf(long.cells));
    }),
  );
});

it("takes the short way for whole numbers, and saves what it has changed", () => {
  const { cells, slot } = tableWithCell();
  rowsOf(cells);
  expect(cells.openSums.add(slot, 7, starts, 0, Float64Array.of(5), 0)).toBe(true);
  expect(rowsOf(cells)).toHaveLength(1);
  expect(cells.events(slot)).toBe(2);
});

it("does nothing for another cell, another aggregation, a cell that is not open, or a value that is not whole", () => {
  const { cells, slot } = tableWithCell();
  const add = (series: number, start: number, value: number, at = slot): boolean =>
    cells.openSums.add(at, series, starts, start, Float64Array.of(value), 0);
  const results = [add(8, 0, 1), add(7, 1, 1), add(7, 0, 0.5), add(7, 0, Number.NaN), add(7, 0, 1, -1)];
  cells.setPhase(slot, CellPhase.complete);
  results.push(add(7, 0, 1));
  const other = tableWithCell(Aggregation.max);
  results.push(other.cells.openSums.add(other.slot, 7, starts, 0, Float64Array.of(1), 0));
  expect(results).toEqual(results.map(() => false));
  expect(cells.value(slot, Aggregation.sum)).toBe(1n);
  expect(cells.events(slot)).toBe(1);
});

function rowsOf(cells: CellTable): unknown[] {
  const rows: { space: string; key: number; value: Uint8Array | null }[] = [];
  cells.collectChanges(rows);
  return rows.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString("hex")]);
}
