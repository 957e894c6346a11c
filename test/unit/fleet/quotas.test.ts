import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quotasOf } from "../../../src/fleet/ownership/quotas.ts";

const fleet = fc
  .record({
    members: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 9 }),
    owners: fc.array(fc.nat(11), { maxLength: 40 }),
    partitionCount: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ members, owners, partitionCount }) => {
    const held = new Map<string, number>();
    for (const owner of owners.slice(0, partitionCount)) {
      const name = members[owner] ?? "gone";
      held.set(name, (held.get(name) ?? 0) + 1);
    }
    return { members, held, partitionCount };
  });

describe("shares of a fleet", () => {
  test("are even, add up, and are the same for all who look", () => {
    fc.assert(
      fc.property(fleet, ({ members, held, partitionCount }) => {
        const quotas = quotasOf(members, held, partitionCount);
        const sizes = members.map((member) => quotas.get(member) ?? 0);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(partitionCount);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(quotasOf(members.toReversed(), held, partitionCount)).toEqual(quotas);
      }),
    );
  });

  test("move as few partitions as even shares allow", () => {
    fc.assert(
      fc.property(fleet, ({ members, held, partitionCount }) => {
        const moved = (quotas: ReadonlyMap<string, number>): number =>
          members
            .map((member) => Math.max(0, (held.get(member) ?? 0) - (quotas.get(member) ?? 0)))
            .reduce((sum, excess) => sum + excess, 0);
        const least = Math.floor(partitionCount / members.length);
        const more = partitionCount - least * members.length;
        // Any other choice of those that have one more moves as many or more.
        const sorted = members.map((member) => held.get(member) ?? 0).sort((one, other) => other - one);
        const best = sorted
          .map((count, rank) => Math.max(0, count - (rank < more ? least + 1 : least)))
          .reduce((sum, excess) => sum + excess, 0);
        expect(moved(quotasOf(members, held, partitionCount))).toBe(best);
      }),
    );
  });

  test("of nobody are nothing", () => {
    expect(quotasOf([], new Map(), 4).size).toBe(0);
  });
});
