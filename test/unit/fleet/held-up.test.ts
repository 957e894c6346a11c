import { expect, test } from "vitest";
import type { PartitionWorker } from "../../../src/cli/compose/partition-worker.ts";
import { calmWorld, machineOf, publish, run, until } from "../../support/fleet/calm-world.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";

/** Far longer than the time between two checkpoints. */
const HOUR_MS = 3_600_000;

function neverKilled(world: ReturnType<typeof calmWorld>["world"]): SimProcess {
  return new SimProcess(world.clock, Number.POSITIVE_INFINITY);
}

test("a worker that was held up behind taking its lease finds a later lease in the log, and takes nothing", async () => {
  const { world, machine } = calmWorld();
  const owner = world.workerOn(machine, neverKilled(world), () => undefined, 5);
  await run(world, owner.start());
  const records = world.records().length;
  const stopped: string[] = [];
  const late = world.workerOn(machineOf("late"), neverKilled(world), (code) => stopped.push(code), 4);
  await run(world, late.start());
  expect(stopped).toEqual(["control-log-moved"]);
  expect(world.records()).toHaveLength(records);
  expect(owner.state).toBe("running");
  // Whoever has the lease after that one takes the partition.
  const next = world.workerOn(machineOf("next"), neverKilled(world), () => undefined, 6);
  await run(world, next.start());
  expect(next.state).toBe("running");
  expect(world.records().at(-1)).toMatchObject({ kind: "acquired", worker: "next", leaseEpoch: 6 });
});

type Moment = readonly [string, (scene: ReturnType<typeof calmWorld>, worker: PartitionWorker) => boolean];
const MOMENTS: readonly Moment[] = [
  ["takes it", ({ world }) => world.records().some(({ kind }) => kind === "acquired")],
  [
    "opens its reader",
    ({ world }, { pipeline }) =>
      pipeline?.engine?.position.controlSequence === world.control.messages.length &&
      pipeline.state === "starting",
  ],
];

test.each(MOMENTS)("a partition that is dropped while its worker %s does nothing more", async (_, isThen) => {
  const scene = calmWorld();
  const { world, machine } = scene;
  for (let id = 1; id <= 20; id++) publish(world, id);
  const process = neverKilled(world);
  const stops: string[] = [];
  const worker = world.workerOn(machine, process, (code) => stops.push(code), 1);
  const starting = worker.start();
  await until(world, () => isThen(scene, worker));
  await run(world, Promise.all([starting, worker.drop()]));
  // It is told by its own name, or not at all; never as what followed from it.
  expect(stops.filter((code) => code !== "partition-lease-lost")).toEqual([]);
  expect(worker.state).toBe("failed");
  const records = world.records().length;
  const committed = machine.store.load();
  const { steps } = process;
  await world.clock.runUntil(() => false, world.clock.nowMs() + HOUR_MS);
  expect(world.records()).toHaveLength(records);
  expect(machine.store.load()).toEqual(committed);
  // Nothing of it reaches the world: no timer and no reader goes on.
  expect(process.steps).toBe(steps);
});
