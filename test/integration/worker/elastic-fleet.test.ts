import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectWhole } from "../../support/worker/expect-whole.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";
import { isSettled } from "../../support/worker/workspace.ts";
import { waitUntil } from "../../support/wait-until.ts";

const PARTITIONS = 4;
const EVENTS = 9_000;
const SEED = 815;
/** Longer than a process is held up where other suites run beside. */
const LEASE_MS = 4_000;
/** A partition moves after its lease has run out, and is opened then. */
const MOVE_DEADLINE_MS = 120_000;

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.start(PARTITIONS);
});
afterAll(async () => {
  await bench.close();
});

/** A member of the fleet: a process with a disk of its own. */
function member(name: string): WorkerProcess {
  return bench.workspace.start({
    workerName: name,
    state: name,
    lease: `${LEASE_MS}ms`,
    snapshotInterval: "1s",
    threads: name === "two" ? 2 : 1,
  });
}

/** Partitions that run there, ascending. */
async function running(worker: WorkerProcess): Promise<number[]> {
  const partitions = (await worker.status())?.partitions ?? [];
  return partitions.filter(({ state }) => state === "running").map(({ partition }) => partition);
}

async function haveShares(workers: readonly WorkerProcess[], shares: readonly number[]): Promise<boolean> {
  const all = await Promise.all(workers.map(running));
  const sizes = all.map(({ length }) => length).sort((one, other) => one - other);
  return new Set(all.flat()).size === PARTITIONS && JSON.stringify(sizes) === JSON.stringify(shares);
}

/** How often a partition came to the worker or left it in that way. */
function moves(worker: WorkerProcess, move: string): number {
  return worker.log.filter((line) => line["move"] === move).length;
}

function sources(worker: WorkerProcess): string[] {
  return worker.log.flatMap((line) =>
    line["msg"] === "The partition runs here." ? [String(line["source"])] : [],
  );
}

test("workers join, leave, die with their disks and are paused: all partitions run, nothing is lost or doubled", async () => {
  const { workspace, connection } = bench;
  const load = bench.load({ seed: SEED, events: EVENTS, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const parts = 6;
  let published = 0;
  const publishPart = async (): Promise<void> => {
    const end = Math.min(load.length, published + Math.ceil(load.length / parts));
    await bench.publish(load.slice(published, end));
    published = end;
  };
  const sharedBy = async (workers: readonly WorkerProcess[], shares: readonly number[]): Promise<void> => {
    await waitUntil(
      `shares of ${shares.join(", ")}`,
      () => haveShares(workers, shares),
      MOVE_DEADLINE_MS,
    ).catch((cause: unknown) => {
      throw new Error(workers.map(({ tail }) => tail).join("\n\n"), { cause });
    });
  };

  // One worker has all; two more join: three hand-overs are what it takes, and no more are made.
  const one = member("one");
  await sharedBy([one], [4]);
  await publishPart();
  const two = member("two");
  await sharedBy([one, two], [2, 2]);
  await publishPart();
  expect([moves(one, "handed-over"), moves(two, "taken")]).toEqual([2, 2]);
  const three = member("three");
  await sharedBy([one, two, three], [1, 1, 2]);
  await publishPart();
  expect(moves(one, "handed-over") + moves(two, "handed-over")).toBe(3);
  // What was handed over was handed over with its state.
  expect([...sources(two), ...sources(three)]).toEqual(["snapshot", "snapshot", "snapshot"]);

  // One dies, and its disk with it.
  two.send("SIGKILL");
  await two.crashed();
  rmSync(workspace.stateFolder("two"), { recursive: true });
  await publishPart();
  await sharedBy([one, three], [2, 2]);

  // One is held up for longer than its leases last: the others have its partitions when it goes on.
  one.send("SIGSTOP");
  await publishPart();
  await sharedBy([three], [4]);
  one.send("SIGCONT");
  await one.until("the loss is noticed", () => moves(one, "lost") + moves(one, "given-up") >= 2);
  await sharedBy([one, three], [2, 2]);

  // One leaves.
  await publishPart();
  expect(published).toBe(load.length);
  await three.drain();
  await sharedBy([one], [4]);
  await one.until("all is processed", () => isSettled(workspace, one, connection, "one"), 60_000);
  const metrics = await one.metrics();
  expect(metrics).toMatch(/^tributary_partitions_owned 4$/m);
  await one.drain();

  await expectWhole(bench, truth, { state: "one" });
});
