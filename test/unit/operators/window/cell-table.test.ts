import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StateRow } from "../../../../src/model/store.ts";
import { Aggregation } from "../../../../src/operators/stage.ts";
import { addToSum } from "../../../../src/operators/window/aggregates/sum.ts";
import { RecordField } from "../../../../src/operators/window/cell-record.ts";
import { CellTable } from "../../../../src/operators/window/cell-table.ts";
import { fitsCell, MAX_VALUE } from "../../../../src/operators/window/exact-pair.ts";
import { CellPhase } from "../../../../src/operators/window/window-cells.ts";
import { SavedRows } from "../support/saved-rows.ts";
import { CellRun, large, startOf, step, value, WINDOW_MS } from "./cell-run.ts";

const RUNS = Number(process.env["TABLE_PROPERTY_RUNS"] ?? 120);

describe("CellTable", () => {
  it("agrees with a naive model, and saves the same bytes whenever it was saved and restored", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
        const interrupted = new CellRun(true);
        const straight = new CellRun(false);
        for (const each of steps) {
          interrupted.take(each);
          straight.take(each);
        }
        for (const run of [interrupted, straight]) {
          expect(run.returned.table).toEqual(run.returned.model);
          expect(run.tableCells()).toEqual(run.modelCells());
          expect(run.table.size).toBe(run.model.size);
          const folds = run.folds();
          expect(folds.table).toEqual(folds.model);
        }
        interrupted.saved.checkpoint(interrupted.table);
        straight.saved.checkpoint(straight.table);
        expect(interrupted.saved.dump()).toEqual(straight.saved.dump());
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps sums exact over many carries, whatever the order", () => {
    const many = fc.array(fc.oneof(value, large), { minLength: 100, maxLength: 600, size: "max" });
    fc.assert(
      fc.property(many, fc.boolean(), (values, backwards) => {
        const table = new CellTable({ windowMs: WINDOW_MS });
        const slot = table.create(7, 0);
        for (const each of backwards ? values.toReversed() : values) {
          if (typeof each === "number") table.add(slot, Aggregation.sum, each, 0, 1, 0);
          else table.addLarge(slot, Aggregation.sum, each, 0, 1, 0);
        }
        expect(table.value(slot, Aggregation.sum)).toBe(values.reduce<bigint>((a, b) => a + BigInt(b), 0n));
      }),
      { numRuns: 100 },
    );
  });

  it("saves the same bytes for the same sum in another order", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        const dumps = [values, values.toReversed()].map((each) => {
          const table = new CellTable({ windowMs: WINDOW_MS });
          const slot = table.create(1, 0);
          for (const one of each) table.add(slot, Aggregation.sum, one, 0, 1, 0);
          const rows = new SavedRows();
          rows.checkpoint(table);
          return rows.dump();
        });
        expect(dumps[0]).toEqual(dumps[1]);
      }),
    );
  });

  it("saves the same bytes for zero with either sign", () => {
    const dumps = [0, -0].map((zero) => {
      const table = new CellTable({ windowMs: WINDOW_MS });
      for (const aggregation of [Aggregation.min, Aggregation.latest, Aggregation.time_weighted]) {
        table.add(table.create(aggregation, 0), aggregation, zero, 0, 1, 0);
      }
      const rows = new SavedRows();
      rows.checkpoint(table);
      return rows.dump();
    });
    expect(dumps[0]).toEqual(dumps[1]);
  });

  it("finds many cells at once as one by one", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    const series = Uint32Array.from({ length: 300 }, (_, i) => i);
    const startMs = Float64Array.from(series, (each) => startOf(each % 3));
    for (const each of series) if (each % 4 !== 0) table.create(each, startMs[each]!);
    const slots = new Int32Array(300);
    table.findAll(series, startMs, 300, slots);
    expect([...slots]).toEqual([...series].map((each) => table.find(each, startMs[each]!)));
    expect(slots.filter((slot) => slot === -1)).toHaveLength(75);
  });

  it("finds every cell through growth, deletion and reuse of the lowest free slots", () => {
    const table = new CellTable({ windowMs: 3_600_000 });
    const startMs = (series: number): number =>
      Math.floor(1_780_000_000_000 / 3_600_000 + (series % 3)) * 3_600_000;
    const count = 40_000;
    const all = Array.from({ length: count }, (_, series) => series);
    expect(all.map((series) => table.create(series, startMs(series)))).toEqual(all);
    for (let series = 0; series < count; series += 3) table.remove(table.find(series, startMs(series)));
    expect(all.map((series) => table.find(series, startMs(series)))).toEqual(
      all.map((series) => (series % 3 === 0 ? -1 : series)),
    );
    expect(table.create(count, startMs(count))).toBe(0);
    expect(table.create(count + 1, startMs(count + 1))).toBe(3);
    expect(table.size).toBe(count - Math.ceil(count / 3) + 2);
  });

  it("lets the visit of all cells remove cells", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    for (let series = 0; series < 100; series += 1) table.create(series, 0);
    const visited: number[] = [];
    for (const slot of table.slots()) {
      visited.push(slot);
      table.remove(slot);
      if (slot % 2 === 0) table.remove(slot + 1);
    }
    expect(visited).toEqual(Array.from({ length: 50 }, (_, i) => i * 2));
    expect(table.size).toBe(0);
  });

  it("writes only the pages that changed, and removes a page without cells", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    for (let series = 0; series < 1000; series += 1) table.create(series, 0);
    const keysOf = (): [number, boolean][] => {
      const rows: StateRow[] = [];
      table.collectChanges(rows);
      return rows.map((row) => [row.key, row.value !== null]);
    };
    expect(keysOf()).toHaveLength(Math.ceil(1000 / 128));
    expect(keysOf()).toEqual([]);
    table.add(130, Aggregation.sum, 5, 0, 1, 0);
    table.setPhase(999, CellPhase.complete);
    expect(keysOf()).toEqual([
      [1, true],
      [7, true],
    ]);
    for (let series = 0; series < 128; series += 1) table.remove(series);
    expect(keysOf()).toEqual([[0, false]]);
  });

  it("writes only the blocks of a unique set that grew, and keeps unpaired surrogates apart", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    const slot = table.create(1, 0);
    const saved = new SavedRows();
    for (let member = 0; member < 600; member += 1) table.addMember(slot, `m${member}`);
    table.addMember(slot, "\ud800");
    table.addMember(slot, "\ud801");
    saved.checkpoint(table);
    expect(saved.rows("cell-extras").map((row) => row.key)).toEqual([0, 1, 2]);
    table.addMember(slot, "m0");
    table.addMember(slot, "one more");
    const rows: StateRow[] = [];
    table.collectChanges(rows);
    expect(rows.filter((row) => row.space === "cell-extras").map((row) => row.key)).toEqual([2]);
    const restored = new CellTable({ windowMs: WINDOW_MS });
    restored.restore(saved);
    expect(restored.value(slot, Aggregation.unique)).toBe(602n);
    restored.remove(slot);
    saved.checkpoint(restored);
    expect(saved.dump()).toEqual({});
  });

  it("takes at most 150 bytes an open numeric cell", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    let worst = 0;
    for (let series = 0; series < 200_000; series += 1) {
      table.create(series, 0);
      if (series > 20_000) worst = Math.max(worst, table.bytes / (series + 1));
    }
    expect(worst).toBeLessThan(150);
  });

  it("refuses what would make a value wrong", () => {
    const table = new CellTable({ windowMs: WINDOW_MS });
    const slot = table.create(1, 0);
    const fault = expect.objectContaining({ code: "internal-fault" });
    for (const wrong of [0.5, NaN, Infinity, 2 ** 53]) {
      expect(() => table.add(slot, Aggregation.sum, wrong, 0, 1, 0)).toThrow(fault);
    }
    expect(fitsCell(MAX_VALUE)).toBe(true);
    expect(fitsCell(-MAX_VALUE - 1n)).toBe(false);
    expect(() => table.addLarge(slot, Aggregation.sum, MAX_VALUE + 1n, 0, 1, 0)).toThrow(fault);
    table.add(slot, Aggregation.sum, 1, 0, 1, 0);
    expect(() => table.add(slot, Aggregation.max, 1, 0, 1, 0)).toThrow(fault);
    const timed = table.create(2, 0);
    expect(() => table.add(timed, Aggregation.time_weighted, 1, WINDOW_MS, 1, 0)).toThrow(fault);
    // A record whose sum is the last below 2^104: too many additions away to get there by adding.
    const record = new Float64Array(11);
    record[RecordField.low] = 2 ** 52 - 1;
    record[RecordField.high] = 2 ** 52 - 1;
    const words = new Uint32Array(record.buffer);
    expect(() => addToSum(record.slice(), words, 0, 0, 0)).not.toThrow();
    expect(() => addToSum(record, words, 0, 0, 1)).toThrow(fault);
  });

  it("refuses rows that it can't have written", () => {
    const corrupt = expect.objectContaining({ code: "state-corrupt" });
    const store = (space: string, key: number, value: Uint8Array) => ({
      rows: (name: string) => (name === space ? [{ key, value }] : []),
    });
    const restore = (from: ReturnType<typeof store>): void =>
      new CellTable({ windowMs: WINDOW_MS }).restore(from);
    expect(() => restore(store("cells", 0, new Uint8Array(100)))).toThrow(corrupt);
    // Members of a cell that is not there.
    expect(() => restore(store("cell-extras", 0, new TextEncoder().encode('["m"]')))).toThrow(corrupt);
    for (const aggregation of [Aggregation.unique, Aggregation.time_weighted]) {
      const saved = new SavedRows();
      const table = new CellTable({ windowMs: WINDOW_MS });
      const slot = table.create(1, 0);
      if (aggregation === Aggregation.unique) table.addMember(slot, "m");
      else table.add(slot, aggregation, 1, 0, 1, 0);
      saved.checkpoint(table);
      const cut = saved.rows("cell-extras")[0]!.value.slice(0, -1);
      const rows = (space: string) => (space === "cells" ? saved.rows(space) : [{ key: 0, value: cut }]);
      expect(() => new CellTable({ windowMs: WINDOW_MS }).restore({ rows })).toThrow(corrupt);
    }
  });
});
