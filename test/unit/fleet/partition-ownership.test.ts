import { describe, expect, test } from "vitest";
import { MemberProcess } from "../../support/fleet/member-process.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { seeded, SimClock } from "../../support/posting/sim-clock.ts";

const SCHEDULES = Number(process.env["TRIBUTARY_SCHEDULES"] ?? 40);
const LEASE_MS = 10_000;
const WORK_MS = 3_000;
/** Leases run out, are taken, and what could not be started is tried again elsewhere. */
const QUIET_MS = LEASE_MS * 8;

class World {
  readonly clock = new SimClock();
  readonly leases = new MemoryLeases(LEASE_MS);
  readonly members: MemberProcess[] = [];
  readonly partitionCount: number;
  #nextSeed: number;

  constructor(partitionCount: number, seed: number) {
    this.partitionCount = partitionCount;
    this.#nextSeed = seed * 1_000;
  }

  join(name = `w${this.members.length}`): MemberProcess {
    const { clock, leases, partitionCount } = this;
    const seed = this.#nextSeed++;
    const member = new MemberProcess({
      clock,
      leases,
      name,
      partitionCount,
      leaseMs: LEASE_MS,
      seed,
      workMs: WORK_MS,
    });
    this.members.push(member);
    return member;
  }

  get present(): readonly MemberProcess[] {
    return this.members.filter(({ isThere }) => isThere);
  }

  /** Goes on for so long, and looks at each step that no partition has two owners with a lease. */
  async run(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms;
    await this.clock.runUntil(() => {
      this.#refuseTwoOwners();
      return false;
    }, untilMs);
  }

  #refuseTwoOwners(): void {
    const nowMs = this.clock.monotonicMs();
    const owners = new Map<number, string>();
    for (const { name, running } of this.present)
      for (const [partition, lease] of running) {
        if (lease.validUntilMs <= nowMs) continue;
        const other = owners.get(partition);
        if (other !== undefined)
          throw new Error(`partition ${partition} has two owners: ${other} and ${name}`);
        owners.set(partition, name);
      }
  }

  shares(): number[] {
    return this.present.map(({ running }) => running.size).sort((one, other) => one - other);
  }

  /** What keeps it from being so that each partition runs once, and shares are even; empty where nothing does. */
  unshared(): string[] {
    const faults: string[] = [];
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const owners = this.present.filter(({ running }) => running.has(partition));
      if (owners.length !== 1)
        faults.push(`partition ${partition}: ${owners.map(({ name }) => name).join(", ")}`);
    }
    const shares = this.shares();
    if (shares.at(-1)! - shares[0]! > 1) faults.push(`shares ${shares.join(", ")}`);
    return faults;
  }
}

/** Takings that were no fault's doing: failed starts are tried again elsewhere. */
function takenLessGivenUp(members: readonly MemberProcess[]): number {
  return members
    .map((member) => member.count("taken") - member.count("given-up"))
    .reduce((sum, count) => sum + count, 0);
}

describe("partitions shared out by leases", () => {
  test("a member that joins, leaves or dies moves no more than it must", async () => {
    const world = new World(12, 1);
    // Started together: nobody takes what the others would have to be given.
    world.join();
    world.join();
    world.join();
    await world.run(QUIET_MS);
    expect(world.unshared()).toEqual([]);
    expect(takenLessGivenUp(world.members)).toBe(12);
    const fourth = world.join();
    await world.run(QUIET_MS);
    expect(world.unshared()).toEqual([]);
    expect(takenLessGivenUp(world.members)).toBe(12 + 3);
    await Promise.all([fourth.leave(), world.run(QUIET_MS)]);
    expect(world.unshared()).toEqual([]);
    expect(fourth.count("handed-over")).toBe(3);
    expect(takenLessGivenUp(world.members)).toBe(12 + 3 + 3);
    world.members[0]!.process.kill();
    await world.run(QUIET_MS);
    expect(world.unshared()).toEqual([]);
    expect(takenLessGivenUp(world.members)).toBe(12 + 3 + 3 + 4);
    // Nothing is left of those that are gone.
    expect(world.leases.names.filter((name) => name.startsWith("worker."))).toHaveLength(2);
  });

  test("more members than partitions: some have none, and take over when another dies", async () => {
    const world = new World(2, 5);
    for (let i = 0; i < 4; i++) world.join();
    await world.run(QUIET_MS);
    expect(world.shares()).toEqual([0, 0, 1, 1]);
    world.members.find(({ running }) => running.size > 0)!.process.kill();
    await world.run(QUIET_MS);
    expect(world.shares()).toEqual([0, 1, 1]);
  });

  test(`${SCHEDULES} schedules of joining, leaving, dying, sleeping and a broker that is away: one owner each, all shared in the end`, async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const random = seeded(seed);
      const world = new World(1 + Math.floor(random() * 9), seed);
      world.join();
      for (let step = 0; step < 12; step++) {
        const chosen = world.present[Math.floor(random() * world.present.length)];
        const dice = random();
        if (chosen === undefined || (dice < 0.35 && world.present.length < 6)) world.join();
        else if (dice < 0.5) chosen.process.kill();
        else if (dice < 0.65) chosen.process.sleep(random() * LEASE_MS * 3);
        else if (dice < 0.75) void chosen.leave();
        else world.leases.isAway = dice < 0.82;
        await world.run(random() * LEASE_MS * 2);
      }
      world.leases.isAway = false;
      if (world.present.length === 0) world.join();
      await world.run(QUIET_MS * 2);
      // Who left as the last one is followed by somebody.
      if (world.present.length === 0) world.join();
      await world.run(QUIET_MS);
      expect(world.unshared(), `seed ${seed}`).toEqual([]);
    }
  });
});
