import { expect, test } from "vitest";
import type { ControlRecord } from "../../../src/model/control.ts";
import { TributaryError } from "../../../src/model/errors.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import { calmWorld, NO_FAULTS, publish, run, until } from "../../support/fleet/calm-world.ts";
import type { PartitionWorld } from "../../support/fleet/partition-world.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";

/**
 * A process that has a partition by itself must not take an append of its own for another owner's: one that was under way when its pipeline ended, and one
 * without an answer that was stored after all.
 */

const MINUTE_MS = 60_000;
const LATE_MS = MINUTE_MS;
const COMMIT_MS = 30_000;
function idle(appliesAfter: number, decidedAt: string): ControlRecord {
  return { kind: "idle", region: "eu", appliesAfter, decidedAt };
}

/** The store of a disk that is full: a commit takes long and fails. `committing` is told when one begins. */
function fullDisk(
  store: PartitionStore,
  world: PartitionWorld,
  isFull: () => boolean,
  committing: () => void,
): PartitionStore {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (name === "commit")
        return async (...args: Parameters<PartitionStore["commit"]>) => {
          if (!isFull()) return await target.commit(...args);
          committing();
          await world.clock.delay(COMMIT_MS);
          throw new TributaryError("state-commit-failed", "the disk is full");
        };
      return typeof member === "function"
        ? (...parts: unknown[]): unknown => Reflect.apply(member, target, parts)
        : member;
    },
  });
}

test("an append that is under way when a commit fails has its place before the partition starts again", async () => {
  const { world, machine } = calmWorld();
  let isFull = false;
  let isCommitting = false;
  machine.store = fullDisk(
    machine.store,
    world,
    () => isFull,
    () => {
      isCommitting = true;
    },
  );
  const process = new SimProcess(world.clock, Number.POSITIVE_INFINITY);
  const worker = world.workerOn(machine, process, () => undefined);
  await run(world, worker.start());
  const lastBefore = world.control.messages.length;
  isFull = true;
  publish(world, 1);
  await until(world, () => isCommitting);
  // While the commit goes on something is decided, which reaches the log when the commit has failed and the partition would have started again.
  world.faults = { ...NO_FAULTS, lateAppend: () => LATE_MS };
  const deciding = worker.pipeline?.decide(idle).catch(() => undefined);
  await until(world, () => worker.state === "failed");
  isFull = false;
  await until(world, () => worker.state === "running");
  await run(world, deciding);
  expect(world.stops).toEqual([]);
  expect(world.restarts).toEqual(["state-commit-failed"]);
  const kinds = world.records().map(({ kind }) => kind);
  expect(kinds.slice(lastBefore)).toEqual(["idle", "acquired"]);
  process.kill();
});

test("an append that the broker has stored without our knowing is no other owner's", async () => {
  const { world, machine } = calmWorld();
  const process = new SimProcess(world.clock, Number.POSITIVE_INFINITY);
  const worker = world.workerOn(machine, process, () => undefined);
  await run(world, worker.start());
  let stored = 0;
  world.faults = {
    ...NO_FAULTS,
    // It is there already when its next attempt reaches the broker.
    lateAppend: (data) => {
      if (stored === 0) stored = world.control.store(data.slice());
      return 0;
    },
  };
  await run(
    world,
    worker.pipeline
      ?.decide(idle)
      .catch((fault: unknown) => worker.abort(fault instanceof Error ? fault : new Error("no fault"))),
  );
  await until(world, () => worker.state === "running");
  expect(stored).toBeGreaterThan(0);
  expect(world.stops).toEqual([]);
  expect(world.restarts).toEqual(["control-log-moved"]);
  expect(world.records().map(({ kind }) => kind)).toContain("idle");
  process.kill();
});
