import { expect, test } from "vitest";
import { CellSums } from "../../../src/load/cell-sums.ts";

test("sums by key while it grows, keys beyond 32 bits included", () => {
  const sums = new CellSums();
  const expected = new Map<number, number>();
  for (let n = 0; n < 60_000; n++) {
    const key = ((n * 7_919) % 20_011) * (n % 2 === 0 ? 1 : 2 ** 33);
    sums.add(key, n);
    expected.set(key, (expected.get(key) ?? 0) + n);
  }
  const { keys, sums: values } = sums.sorted();
  expect(sums.size).toBe(expected.size);
  expect([...keys]).toEqual([...expected.keys()].sort((a, b) => a - b));
  expect([...values]).toEqual(Array.from(keys, (key) => expected.get(key)));
});

test("refuses a sum that a double can't hold", () => {
  const sums = new CellSums();
  sums.add(1, Number.MAX_SAFE_INTEGER);
  expect(() => {
    sums.add(1, 1);
  }).toThrow(/beyond/);
});
