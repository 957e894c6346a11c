import { expect, test } from "vitest";
import { RepeatedTasks } from "../../../src/pipeline/repeated-tasks.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** A task that takes some time of the clock's, each time it is done; with the times at which it began. */
function slowTask(clock: ManualClock, tookMs: readonly number[]) {
  const startMs = clock.nowMs();
  const begins: number[] = [];
  const task = async (): Promise<void> => {
    begins.push(clock.nowMs() - startMs);
    const ms = tookMs[begins.length - 1] ?? 0;
    if (ms > 0)
      await new Promise<void>((resolve) => {
        clock.schedule(ms, resolve);
      });
  };
  return { task, begins };
}

function started(): { readonly clock: ManualClock; readonly tasks: RepeatedTasks } {
  const clock = new ManualClock();
  return {
    clock,
    tasks: new RepeatedTasks(clock, (fault) => {
      throw fault;
    }),
  };
}

test("a task at a pace begins at its interval, whatever it takes; the next one waits for its end", async () => {
  const { clock, tasks } = started();
  const { task, begins } = slowTask(clock, [300, 0, 2_500, 100]);
  tasks.atPace(400, 1_000, task);
  await clock.advance(7_000);
  expect(begins).toEqual([400, 1_400, 2_400, 4_900, 5_900, 6_900]);
  tasks.stop();
  await clock.advance(5_000);
  expect(begins.length).toBe(6);
});

test("another one begins its interval after its end", async () => {
  const { clock, tasks } = started();
  const { task, begins } = slowTask(clock, [300, 0, 2_500]);
  tasks.every(1_000, task);
  await clock.advance(7_500);
  expect(begins).toEqual([1_000, 2_300, 3_300, 6_800]);
});
