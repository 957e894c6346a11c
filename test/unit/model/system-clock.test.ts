import { expect, test } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";

test("each of many that yield gets a turn of its own, in the order of asking", async () => {
  let turn = 0;
  let isCounting = true;
  const count = (): void => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  setImmediate(count);
  const turns: string[] = [];
  const yielder = async (name: string): Promise<void> => {
    for (let time = 1; time <= 3; time++) {
      await systemClock.yieldTurn();
      turns.push(`${name}${time} ${turn}`);
    }
  };
  await Promise.all(["a", "b", "c"].map(yielder));
  isCounting = false;
  expect(turns.map((entry) => entry.split(" ")[0])).toEqual([
    "a1",
    "b1",
    "c1",
    "a2",
    "b2",
    "c2",
    "a3",
    "b3",
    "c3",
  ]);
  expect(new Set(turns.map((entry) => entry.split(" ")[1])).size).toBe(turns.length);
});
