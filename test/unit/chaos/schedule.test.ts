import { fc } from "@fast-check/vitest";
import { expect, test } from "vitest";
import {
  BROKER_FAULTS,
  FAULT_KINDS,
  LEASE_MS,
  makeSchedule,
  type ScheduledFault,
  type ScheduleOptions,
} from "../../support/chaos/schedule.ts";

const MINUTES_MS = 120_000;
const OPTIONS: ScheduleOptions = {
  seed: 1,
  durationMs: MINUTES_MS,
  workers: 3,
  brokers: 3,
  assignment: "static",
  kinds: FAULT_KINDS,
};
const isOfBrokers = ({ kind }: ScheduledFault): boolean => BROKER_FAULTS.some((each) => each === kind);
const laneOf = (fault: ScheduledFault): string =>
  isOfBrokers(fault) ? "brokers" : `worker ${fault.targets.join(" ")}`;

test("a seed gives the same faults again, one after the other in each lane, all over in time", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1_000, max: 600_000 }), (seed, durationMs) => {
      const options = { ...OPTIONS, seed, durationMs };
      const schedule = makeSchedule(options);
      expect(makeSchedule(options)).toEqual(schedule);
      const overMs = new Map<string, number>();
      for (const fault of schedule) {
        const { atMs, durationMs: lastsMs, targets } = fault;
        expect(atMs).toBeGreaterThan(overMs.get(laneOf(fault)) ?? 0);
        overMs.set(laneOf(fault), atMs + lastsMs);
        expect(atMs + lastsMs).toBeLessThanOrEqual(durationMs);
        expect(new Set(targets).size).toBe(targets.length);
        expect(targets.every((target) => target >= 0 && target < 3)).toBe(true);
      }
    }),
  );
});

test("two minutes have each kind, and no disk is lost where nobody could do without it", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const schedule = makeSchedule({ ...OPTIONS, seed });
      expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
      expect(schedule.some(({ losesDisk }) => losesDisk)).toBe(false);
    }),
  );
});

test("who is paused is so for longer than a lease; quorums are lost by that kind alone", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      for (const { kind, durationMs, targets } of makeSchedule({ ...OPTIONS, seed })) {
        expect(kind === "worker-pause" && durationMs <= LEASE_MS).toBe(false);
        expect(targets.length).toBe(kind === "quorum-loss" ? 2 : 1);
      }
    }),
  );
});

test("with elastic assignment disks are lost, too", () => {
  const lost = Array.from({ length: 20 }, (_, seed) =>
    makeSchedule({ ...OPTIONS, seed, assignment: "elastic" }).filter(({ losesDisk }) => losesDisk === true),
  ).flat();
  expect(lost.length).toBeGreaterThan(0);
  expect(new Set(lost.map(({ kind }) => kind))).toEqual(new Set(["worker-kill"]));
});

test("kinds that a machine can't do are left out", () => {
  const kinds = FAULT_KINDS.filter((kind) => kind !== "disk-full");
  const schedule = makeSchedule({ ...OPTIONS, kinds });
  expect(schedule.some(({ kind }) => kind === "disk-full")).toBe(false);
  expect(makeSchedule({ ...OPTIONS, kinds: [] })).toEqual([]);
});
