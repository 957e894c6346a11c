import { expect, test } from "vitest";
import { refuseRunningFleet } from "../../../src/cli/repartition/refuse-running-fleet.ts";
import type { SeenLease } from "../../../src/model/lease.ts";

/** Leases as they are seen at each look. */
function looks(...seen: readonly (readonly SeenLease[])[]) {
  let look = 0;
  let waits = 0;
  const board = { look: async () => await Promise.resolve(seen[look++] ?? []) };
  const wait = async (): Promise<void> => {
    waits += 1;
    await Promise.resolve();
  };
  return { board, wait, waits: () => waits };
}

const lease = (name: string, owner: string, revision: number): SeenLease => ({ name, owner, revision });

test("leases that are renewed, and new ones, are those of workers that run", async () => {
  const dead = lease("worker.a", "dead", 1);
  const running = looks([dead, lease("partition.3", "ann", 2)], [dead, lease("partition.3", "ann", 5)]);
  await expect(refuseRunningFleet(running.board, running.wait)).rejects.toMatchObject({
    code: "repartition-refused",
    message: expect.stringMatching(/^Workers run: ann\./),
  });
  const begun = looks([dead], [dead, lease("runner.nova", "bob", 6)]);
  await expect(refuseRunningFleet(begun.board, begun.wait)).rejects.toThrow(/bob/);
});

test("leases that a dead worker left are waited for once; without leases nothing is", async () => {
  const dead = [lease("worker.a", "dead", 1), lease("runner.nova", "dead", 2)];
  const left = looks(dead, dead);
  await refuseRunningFleet(left.board, left.wait);
  const none = looks([], []);
  await refuseRunningFleet(none.board, none.wait);
  expect([left.waits(), none.waits()]).toEqual([1, 0]);
});
