import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeAfterGrace } from "../../../src/operators/window/close-time.ts";
import { hopping, tumbling, type WindowAssigner } from "../../../src/operators/window/window-assigner.ts";

function startsOf(assigner: WindowAssigner, timeMs: number): number[] {
  const out = new Float64Array(assigner.windowsPerEvent);
  return [...out.subarray(0, assigner.assign(timeMs, out))];
}

describe("window assigners", () => {
  it("assigns every window of the grid that holds the time, and no other", () => {
    const parameters = fc.record({
      size: fc.integer({ min: 1, max: 40 }),
      slide: fc.integer({ min: 1, max: 40 }),
      offset: fc.integer({ min: -39, max: 39 }),
      timeMs: fc.integer({ min: -200, max: 200 }),
    });
    fc.assert(
      fc.property(parameters, ({ size, slide, offset, timeMs }) => {
        fc.pre(slide <= size && Math.abs(offset) < slide);
        const expected: number[] = [];
        for (let start = offset - 20 * 40; start <= timeMs; start += 1) {
          const onGrid = Number.isInteger((start - offset) / slide);
          if (onGrid && timeMs < start + size) expected.push(start);
        }
        expect(startsOf(hopping(size, slide, offset), timeMs)).toEqual(expected);

        expect(startsOf(tumbling(slide, offset), timeMs)).toEqual(expected.slice(-1));
      }),
      { numRuns: 500 },
    );
  });

  it("gives a tumbling time exactly one window, to the tick, before 1970 too", () => {
    expect(startsOf(tumbling(10, 0), -1)).toEqual([-10]);
    expect(startsOf(tumbling(10, 0), -10)).toEqual([-10]);
    expect(Object.is(startsOf(tumbling(10, 0), 9)[0], 0)).toBe(true);
    expect(startsOf(tumbling(10, 3), 12)).toEqual([3]);
  });

  it("rejects bad parameters and times", () => {
    for (const [size, offset] of [
      [0, 0],
      [-1, 0],
      [1.5, 0],
      [Number.NaN, 0],
      [10, 10],
      [10, -10],
      [10, 0.5],
    ] as const)
      expect(() => tumbling(size, offset)).toThrow(RangeError);
    for (const [size, slide, offset] of [
      [10, 0, 0],
      [10, -5, 0],
      [10, 11, 0],
      [10, 5, 5],
      [10, 5, -5],
      [0, 5, 0],
    ] as const)
      expect(() => hopping(size, slide, offset)).toThrow(RangeError);
    for (const timeMs of [Number.NaN, Infinity, -Infinity, 2 ** 53, Number.MIN_SAFE_INTEGER])
      expect(() => startsOf(tumbling(10, 0), timeMs)).toThrow(RangeError);
    for (const graceMs of [-1, 0.5, Number.NaN]) expect(() => closeAfterGrace(graceMs)).toThrow(RangeError);
  });

  it("saturates a close at the end of the exact integers", () => {
    expect(closeAfterGrace(2_000)(0, 0, Number.MAX_SAFE_INTEGER - 1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(closeAfterGrace(Infinity)(0, 0, 10)).toBe(Infinity);
  });
});
