import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { controlStream } from "../../../src/ingest/jetstream/names.ts";
import { allLanes } from "../../support/worker/all-lanes.ts";
import { Bench } from "../../support/worker/bench.ts";
import { expectWhole } from "../../support/worker/expect-whole.ts";
import { Random } from "../../support/worker/random.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { isSettled } from "../../support/worker/workspace.ts";

const SEED = Number(process.env["TRIBUTARY_SEED"] ?? 4_711);
const KILLS = Number(process.env["TRIBUTARY_KILLS"] ?? 12);
const EVENTS = 12_000;
const PARTITIONS = 3;
/** Two workers share the partitions: one is killed and started while the other works. */
const OWNED = [[0, 1], [2]] as const;
const PROGRESS_EVERY = 20;

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.start(PARTITIONS);
});
afterAll(async () => {
  await bench.close();
});

test(`${KILLS} kills under load lose nothing and double nothing`, async () => {
  const { workspace, connection } = bench;
  const load = bench.load({ seed: SEED, events: EVENTS, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  let published = 0;
  let kills = 0;
  let killed = 0;
  let publishing = Promise.resolve();
  const publishUpTo = (end: number): void => {
    const slice = load.slice(published, end);
    published = Math.max(published, end);
    // One after the other: the order of the streams is that of the list.
    publishing = publishing.then(() => bench.publish(slice));
  };
  const lane = async (worker: number): Promise<void> => {
    const random = new Random(SEED + worker);
    const start = () => workspace.start({ workerName: `worker-${worker}`, owned: OWNED[worker]! });
    while (kills < KILLS) {
      kills++;
      const running = start();
      // A part of the load arrives while the worker starts, runs and dies.
      publishUpTo(Math.ceil((load.length * kills) / KILLS));
      if (random.chance(0.7)) await running.ready();
      else await running.listening();
      // The moment of the crash, not a wait for something to happen.
      await delay(random.integer(20, 400));
      running.send("SIGKILL");
      await running.crashed();
      if (++killed % PROGRESS_EVERY === 0)
        process.stderr.write(
          `random kills: ${killed} of ${KILLS}, ${published} of ${load.length} messages\n`,
        );
    }
  };
  await allLanes(
    OWNED.map((_, worker) => lane(worker)),
    () => {
      kills = KILLS;
    },
  );
  publishUpTo(load.length);
  await publishing;

  const workers = OWNED.map((owned, worker) => workspace.start({ workerName: `worker-${worker}`, owned }));
  for (const worker of workers) await worker.ready();
  for (const worker of workers)
    await worker.until("all is processed", () => isSettled(workspace, worker, connection), 60_000);
  for (const worker of workers) await worker.drain();

  // The kills hit workers that had taken their partitions and were at work, not only processes that were starting.
  const { state } = await connection.manager.streams.info(controlStream(0));
  expect(state.messages).toBeGreaterThan(KILLS / 4);

  await expectWhole(bench, truth);
  process.stderr.write(
    `random kills: seed ${SEED}, ${kills} kills, ${truth.counts.read} events: none lost, none doubled\n`,
  );
});
