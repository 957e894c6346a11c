import { expect, test } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import type { PartitionStreams, StreamCondition } from "../../../src/model/stream-condition.ts";
import { StreamWatch, type StreamFigures } from "../../../src/pipeline/stream-watch.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { checkpointAt } from "../../support/checkpoints.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const INTERVAL_MS = 10_000;
const DAY_MS = 86_400_000;

function condition(name: string, lastSequence: number, maxAgeMs: number | undefined): StreamCondition {
  return {
    name,
    firstSequence: 1,
    lastSequence,
    firstArrivalMs: 0,
    messages: lastSequence,
    bytes: 0,
    maxAgeMs,
    maxBytes: undefined,
    maxMessages: 1_000,
  };
}

test("looks at once and then at intervals, at what is committed, and stays with its last look where it can't", async () => {
  const clock = new ManualClock();
  const store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  let lastSequence = 100;
  let fails = false;
  const asked: number[] = [];
  const streams: PartitionStreams = {
    usage: () =>
      fails
        ? Promise.reject(new TributaryError("broker-unreachable", "away"))
        : Promise.resolve({
            condition: condition("USAGE_0", lastSequence, DAY_MS),
            sources: [{ region: "eu", lagMessages: 3, silentMs: 10 }],
          }),
    control: () =>
      Promise.resolve({
        ...condition("CONTROL_0", 5, DAY_MS),
        firstArrivalMs: clock.nowMs() - DAY_MS / 2,
        maxMessages: undefined,
      }),
    usageArrivalMs: (sequence) => {
      asked.push(sequence);
      return Promise.resolve(clock.nowMs() - DAY_MS / 4);
    },
  };
  const looks: StreamFigures[] = [];
  const watch = new StreamWatch({
    clock,
    streams,
    store,
    intervalMs: INTERVAL_MS,
    onLook: (figures) => looks.push(figures),
  });
  expect(watch.figures).toBeUndefined();
  watch.start();
  watch.start();
  await clock.settle();
  // Nothing is committed: all has to stay, since 1970.
  expect(looks).toHaveLength(1);
  expect(watch.figures).toMatchObject({
    usage: { stream: "USAGE_0", messages: 900, usedRatio: 1 },
    control: { stream: "CONTROL_0", seconds: DAY_MS / 2000, usedRatio: 0.5 },
    sources: [{ region: "eu" }],
  });
  expect(asked).toEqual([]);

  await store.commit(checkpointAt(60));
  lastSequence = 200;
  await clock.advance(INTERVAL_MS);
  expect(asked).toEqual([61]);
  // 140 have to stay; 10 came in a second.
  expect(watch.figures?.usage).toMatchObject({ messages: 860, seconds: 86, usedRatio: 0.25 });

  fails = true;
  await clock.advance(INTERVAL_MS);
  expect(looks).toHaveLength(2);
  expect(watch.figures?.usage?.messages).toBe(860);
  fails = false;
  lastSequence = 60;
  await clock.advance(INTERVAL_MS);
  expect(watch.figures?.usage).toMatchObject({ messages: 1_000, usedRatio: 0 });
  watch.stop();
  await clock.advance(10 * INTERVAL_MS);
  expect(looks).toHaveLength(3);
  store.close();
});
