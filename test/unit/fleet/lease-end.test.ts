import { expect, test } from "vitest";
import { LeaseWatch } from "../../../src/fleet/ownership/lease-watch.ts";
import { MemberProcess } from "../../support/fleet/member-process.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { SimClock } from "../../support/posting/sim-clock.ts";

const LEASE_MS = 10_000;
/** Between two looks. */
const LOOK_MS = LEASE_MS / 10;
const RENEWAL_MS = LEASE_MS / 3;
/** Least time between two looks, and what a look at an end is behind it. */
const MARGIN_MS = 60;
const PARTITIONS = 4;

test("a lease ends a lease's time after it was first seen as it is, and the next end is the earliest of those to come", () => {
  const watch = new LeaseWatch(LEASE_MS);
  const one = { name: "partition.1", owner: "a", revision: 1 };
  const two = { name: "partition.2", owner: "b", revision: 2 };
  expect(watch.nextEndMs).toBe(Infinity);
  // Counted from behind the look: the holder may have renewed it while it was under way.
  watch.note([one], 0, 100);
  expect(watch.nextEndMs).toBe(LEASE_MS + 100);
  watch.note([one, two], 1_000, 1_001);
  expect(watch.nextEndMs).toBe(LEASE_MS + 100);
  // Renewed.
  watch.note([{ ...one, revision: 3 }, two], 2_000, 2_001);
  expect(watch.nextEndMs).toBe(LEASE_MS + 1_001);
  const atEnd = watch.note([{ ...one, revision: 3 }, two], LEASE_MS + 1_001, LEASE_MS + 1_002);
  expect(atEnd.map(({ hasRunOut }) => hasRunOut)).toEqual([false, false]);
  const behind = watch.note([{ ...one, revision: 3 }, two], LEASE_MS + 1_002, LEASE_MS + 1_003);
  expect(behind.map(({ hasRunOut }) => hasRunOut)).toEqual([false, true]);
  // What has run out is none to wait for, nor is what was given back.
  expect(watch.nextEndMs).toBe(LEASE_MS + 2_001);
  watch.note([two], LEASE_MS + 1_500, LEASE_MS + 1_501);
  expect(watch.nextEndMs).toBe(Infinity);
});

test("partitions of a member that dies are taken when its leases end, not at the look behind that", async () => {
  const longest: number[] = [];
  for (let step = 0; step < 20; step++) {
    const clock = new SimClock();
    const leases = new MemoryLeases(LEASE_MS);
    const members = ["a", "b"].map(
      (name, index) =>
        new MemberProcess({
          clock,
          leases,
          name,
          partitionCount: PARTITIONS,
          leaseMs: LEASE_MS,
          seed: 7 + index,
          workMs: 0,
        }),
    );
    const [dying, staying] = members;
    const isShared = (): boolean => members.every(({ running }) => running.size === PARTITIONS / 2);
    expect(await clock.runUntil(isShared, clock.monotonicMs() + LEASE_MS * 8)).toBe(true);
    // At any moment between two renewals.
    await clock.runUntil(() => false, clock.monotonicMs() + LEASE_MS + (step * RENEWAL_MS) / 20);
    dying!.process.kill();
    const killedMs = clock.monotonicMs();
    const taken = await clock.runUntil(
      () => staying!.ownership.partitions.length === PARTITIONS,
      killedMs + LEASE_MS * 4,
    );
    expect(taken).toBe(true);
    longest.push(clock.monotonicMs() - killedMs);
  }
  // The last renewal is seen at the next look at the latest.
  expect(Math.max(...longest)).toBeLessThanOrEqual(LEASE_MS + LOOK_MS + MARGIN_MS);
  expect(Math.min(...longest)).toBeGreaterThan(LEASE_MS - RENEWAL_MS);
});
