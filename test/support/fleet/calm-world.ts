import { testCatalog } from "../engine-fixture.ts";
import { SIMULATION_START_MS } from "../posting/sim-clock.ts";
import { PartitionWorld, type Machine } from "./partition-world.ts";

const HOUR_MS = 3_600_000;
const END_MS = 6 * HOUR_MS;
export const NO_FAULTS = { lostBefore: 0, lostAfter: 0, reader: 0 };

/** A partition and a machine, and nothing that goes wrong by itself. */
export function calmWorld(): { readonly world: PartitionWorld; readonly machine: Machine } {
  const world = new PartitionWorld({
    catalog: testCatalog(["a"], []),
    seed: 1,
    leaseMs: 90_000,
    faults: NO_FAULTS,
  });
  return { world, machine: machineOf("machine") };
}

export function machineOf(name: string): Machine {
  return { name, store: PartitionWorld.store(), process: undefined, worker: undefined };
}

/** Stores an event of now. */
export function publish(world: PartitionWorld, id: number): void {
  const event = {
    specversion: "1.0",
    id: `e-${id}`,
    source: "test",
    type: "usage",
    subject: "a",
    time: new Date(world.clock.nowMs()).toISOString(),
    data: { amount: 1, status: "ok", user: "u" },
  };
  world.usage.store(Buffer.from(JSON.stringify(event)), {
    subject: "usage.0.eu",
    contentType: "application/cloudevents+json",
  });
}

/** Lets time pass until a promise is settled. */
export async function run(world: PartitionWorld, promise: Promise<unknown> | undefined): Promise<void> {
  let isSettled = false;
  void Promise.allSettled([promise]).finally(() => {
    isSettled = true;
  });
  await until(world, () => isSettled);
}

/** Lets time pass until a condition holds; throws where it does not come to hold. */
export async function until(world: PartitionWorld, condition: () => boolean): Promise<void> {
  await world.clock.runUntil(condition, SIMULATION_START_MS + END_MS);
  if (!condition()) throw new Error("it did not come to that in time");
}
