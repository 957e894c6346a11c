import { expect, test } from "vitest";
import { SliceBudget, type SlicedWork } from "../../../src/model/sliced-work.ts";
import { doInTurns } from "../../../src/pipeline/turns.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { SlicePace } from "../../../src/pipeline/slice-pace.ts";

const SLICES = 20;

const options = (hasEnded: () => boolean) => ({
  clock: systemClock,
  budget: new SliceBudget(),
  pace: new SlicePace(),
  hasEnded,
});

function* slices(done: () => void): SlicedWork {
  for (let slice = 1; slice < SLICES; slice++) {
    done();
    yield;
  }
  done();
}

test("each slice has a turn of the event loop of its own, the first one too", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const turnsOfSlices: number[] = [];
  const note = (): void => {
    turnsOfSlices.push(turns);
  };
  // Two partitions of one thread: their slices take turns as well.
  await Promise.all([
    doInTurns(
      slices(note),
      options(() => false),
    ),
    doInTurns(
      slices(note),
      options(() => false),
    ),
  ]);
  isOver = true;
  expect(turnsOfSlices).toHaveLength(2 * SLICES);
  expect(turnsOfSlices[0]).toBeGreaterThan(0);
  expect(new Set(turnsOfSlices).size).toBe(2 * SLICES);
});

test("what is left when the pipeline ends is not done", async () => {
  let done = 0;
  const work = doInTurns(
    slices(() => (done += 1)),
    options(() => done === 3),
  );
  await expect(work).rejects.toMatchObject({ code: "internal-fault" });
  expect(done).toBe(3);
});

test("slices that take too long get smaller, down to a bound; quick ones grow again, up to the largest", async () => {
  let nowMs = 0;
  const budget = new SliceBudget(1_000);
  const pace = new SlicePace();
  /** What slices spend where a unit takes so long. */
  const run = async (unitMs: number, count: number): Promise<number[]> => {
    const units: number[] = [];
    const work = function* (): SlicedWork {
      for (let slice = 0; slice < count; slice++) {
        budget.begin();
        while (!budget.spend(1));
        units.push(budget.spent);
        nowMs += budget.spent * unitMs;
        if (slice < count - 1) yield;
      }
    };
    const clock = { monotonicMs: () => nowMs, yieldTurn: () => Promise.resolve() };
    await doInTurns(work(), { clock, budget, pace, hasEnded: () => false });
    return units;
  };
  expect((await run(0.004, 10)).at(-1)).toBe(1_000);
  const slow = await run(0.1, 10);
  expect(slow.slice(0, 4)).toEqual([1_000, 500, 250, 125]);
  expect(slow.at(-1)).toBe(125);
  expect((await run(0.004, 10)).at(-1)).toBe(1_000);
});
