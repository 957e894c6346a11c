import { describe, expect, it } from "vitest";
import {
  hashOfCells,
  hourStart,
  numberIn,
  requireEqualTotals,
  WrongResult,
} from "../../../bench/harness/sums.ts";
import { NumberedNames } from "../../../bench/references/numbered-names.ts";
import { loadShape } from "../../../bench/scenarios/load-shapes.ts";
import { expectedTotals } from "../../../src/load/expected-totals.ts";

describe("totals of contenders", () => {
  const shape = { ...loadShape(2_000, 7), startMs: 1_760_000_000_000 };
  const expected = expectedTotals(shape);

  it("have the hash of the load whatever their order, and another where one differs", () => {
    const cells = [...expected.cells()].reverse();
    expect(hashOfCells([...cells])).toBe(expected.hash);
    const changed = cells.map((cell, index) => (index === 3 ? { ...cell, sum: cell.sum + 1 } : cell));
    expect(hashOfCells(changed)).not.toBe(expected.hash);
  });

  it("are refused where a count or a sum is not the load's", () => {
    const { counts, hash } = expected;
    expect(() => requireEqualTotals("raw", undefined, expected)).not.toThrow();
    expect(() => requireEqualTotals("one", { counts, hash }, expected)).not.toThrow();
    const doubled = { ...counts, accepted: counts.accepted + 1 };
    expect(() => requireEqualTotals("one", { counts: doubled, hash }, expected)).toThrow(WrongResult);
    expect(() => requireEqualTotals("one", { counts, hash: "00" }, expected)).toThrow(WrongResult);
  });

  it("read names and hours", () => {
    expect(numberIn("load.meter_12")).toBe(12);
    expect(hourStart(3_600_000 * 5 + 1)).toBe(3_600_000 * 5);
  });

  it("number a dictionary that grows as if it were read anew", () => {
    const names = new NumberedNames();
    const dictionary = ["account_4"];
    expect(names.numbersOf(dictionary)).toEqual([4]);
    dictionary.push("account_7", "account_1");
    expect(names.numbersOf(dictionary)).toEqual([4, 7, 1]);
    expect(names.numbersOf(["account_9"])).toEqual([9]);
  });
});
