import * as fc from "fast-check";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import type { StateRow } from "../../../src/model/store.ts";
import { SeriesTable, type Series } from "../../../src/operators/series-table.ts";

/** Rows by space and key, as a store has them after its checkpoints. */
class Rows {
  readonly #spaces = new Map<string, Map<number, Uint8Array>>();

  save(table: SeriesTable): void {
    const rows: StateRow[] = [];
    const cleared: string[] = [];
    table.collectChanges(rows, cleared);
    for (const space of cleared) this.#spaces.delete(space);
    for (const { space, key, value } of rows) this.put(space, key, value!);
  }

  put(space: string, key: number, value: Uint8Array): void {
    const found = this.#spaces.get(space) ?? new Map<number, Uint8Array>();
    this.#spaces.set(space, found.set(key, value));
  }

  rows(space: string) {
    return [...(this.#spaces.get(space) ?? [])]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => a.key - b.key);
  }

  spaces(prefix: string): string[] {
    return [...this.#spaces.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  all(): unknown {
    return [...this.#spaces.keys()].sort().map((space) => [space, this.rows(space)]);
  }
}

const name = fc.oneof(
  fc.constantFrom("", "1", "a", "\u0000", "12\u0000x", "Ω", "\ud800"),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const series = fc.record({
  account: name,
  meter: fc.constantFrom("requests", "seats", "gigabytes"),
  groupValues: fc.array(name, { maxLength: 3 }),
});

function all(table: SeriesTable): Series[] {
  return Array.from({ length: table.count }, (_, id) => table.get(id));
}

function restored(rows: Rows): SeriesTable {
  const table = new SeriesTable();
  table.restore(rows);
  return table;
}

test("rows and series are the same wherever checkpoints and restarts were", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: series },
    { weight: 1, arbitrary: fc.constantFrom("save" as const, "restart" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const once = new SeriesTable();
      let table = new SeriesTable();
      const rows = new Rows();
      for (const each of steps) {
        if (typeof each === "string") {
          rows.save(table);
          if (each === "restart") table = restored(rows);
          continue;
        }
        const { account, meter, groupValues } = each;
        const id = once.idOf(account, meter, groupValues);
        expect(table.idOf(account, meter, groupValues)).toBe(id);
        expect(table.get(id)).toEqual({ id, account, meter, groupValues });
      }
      const atOnce = new Rows();
      atOnce.save(once);
      rows.save(table);
      expect(rows.all()).toEqual(atOnce.all());
      expect(all(restored(rows))).toEqual(all(once));
    }),
    { numRuns: 30 },
  );
});

test("blocks that are full are not written again, and one that is missing is noticed", () => {
  const table = new SeriesTable();
  const rows = new Rows();
  for (let number = 0; number < 600; number++) table.idOf(`account_${number}`, "requests", []);
  rows.save(table);
  expect(rows.rows("series-blocks").map(({ key }) => key)).toEqual([0, 1, 2]);
  table.idOf("one-more", "requests", []);
  const changed: StateRow[] = [];
  table.collectChanges(changed);
  expect(changed.map(({ key }) => key)).toEqual([2]);
  table.collectChanges(changed);
  expect(changed).toHaveLength(1);

  const holed = new Rows();
  for (const { key, value } of rows.rows("series-blocks"))
    if (key !== 1) holed.put("series-blocks", key, value);
  expect(() => restored(holed)).toThrow(TributaryError);
});

test("rows of the former version are read, and replaced by the next checkpoint", () => {
  const packr = new Packr({ useRecords: false });
  const rows = new Rows();
  const fresh = new SeriesTable();
  for (let number = 0; number < 300; number++) {
    const row = [`account_${number}`, "requests", number % 2 === 0 ? [] : ["eu"]] as const;
    rows.put("series", number, packr.pack(row));
    fresh.idOf(...row);
  }
  const table = restored(rows);
  expect(all(table)).toEqual(all(fresh));
  rows.save(table);
  const expected = new Rows();
  expected.save(fresh);
  expect(rows.all()).toEqual(expected.all());
  expect(all(restored(rows))).toEqual(all(fresh));
});
