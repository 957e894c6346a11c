import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { runWhole, SliceBudget } from "../../../../src/model/sliced-work.ts";
import { sortInSlices } from "../../../../src/operators/slices/sort-in-slices.ts";

interface Item {
  readonly key: number;
  readonly place: number;
}

const byKey = (a: Item, b: Item): number => a.key - b.key;

describe("a sort in slices", () => {
  test("gives what a stable sort gives", () => {
    const length = fc.integer({ min: 0, max: 6_000 });
    const keys = fc.integer({ min: 1, max: 20_000 });
    const units = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(fc.nat(1_000_000), length, keys, units, (seed, count, keyCount, unitsPerSlice) => {
        const keyOf = (place: number): number => ((place + seed) * 7_919) % keyCount;
        const items = Array.from({ length: count }, (_, place) => ({ key: keyOf(place), place }));
        const sorted = runWhole(sortInSlices(items, byKey, new SliceBudget(unitsPerSlice)));
        const placesOf = (list: readonly Item[]): string => list.map(({ place }) => place).join();
        expect(placesOf(sorted)).toBe(placesOf(items.toSorted(byKey)));
      }),
    );
  });

  test("compares a bounded number of items in a slice", () => {
    const items = Array.from({ length: 50_000 }, (_, place) => ({ key: (place * 7_919) % 50_000, place }));
    const budget = new SliceBudget(2_000);
    let comparisons = 0;
    let most = 0;
    const work = sortInSlices(
      items,
      (a: Item, b: Item) => {
        comparisons += 1;
        return byKey(a, b);
      },
      budget,
    );
    for (;;) {
      budget.begin();
      comparisons = 0;
      const step = work.next();
      most = Math.max(most, comparisons);
      if (step.done === true) break;
    }
    // A run of 1,024 items, ten comparisons each.
    expect(most).toBeLessThanOrEqual(10_240);
  });
});
