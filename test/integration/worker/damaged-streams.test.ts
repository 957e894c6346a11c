import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DiscardPolicy } from "nats";
import { afterEach, expect, test } from "vitest";
import { usageStream, usageSubject } from "../../../src/ingest/jetstream/names.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { Bench } from "../../support/worker/bench.ts";
import type { LoadedMessage } from "../../support/worker/load.ts";
import { REGIONS, REQUEST, unknownAccount } from "../../support/worker/usage-catalog.ts";
import { encodeEvents } from "../../support/worker/usage-event.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";
import { waitUntil } from "../../support/wait-until.ts";

const PARTITIONS = 5;
const [RECREATED, REFILLED, ROLLED_BACK, GAP, SOUND] = [0, 1, 2, 3, 4] as const;
const ALL = [RECREATED, REFILLED, ROLLED_BACK, GAP, SOUND];
let bench: Bench;
let ids = 0;

afterEach(async () => {
  await bench.close();
});

function usage(partition: number, count: number): LoadedMessage[] {
  return Array.from({ length: count }, () => {
    const event = {
      id: String(++ids),
      source: "meter",
      type: REQUEST,
      account: unknownAccount(partition, PARTITIONS),
      timeMs: bench.endMs - ids,
      data: { status: "200", "size.bytes": { decimal: "1" }, latency: { decimal: "1" }, user: "u" },
    };
    const region = REGIONS[0];
    const subject = usageSubject(partition, region);
    return { ...encodeEvents([event], "single"), subject, partition, region, rows: [{ event }] };
  });
}

async function publishToAll(count: number): Promise<void> {
  for (const partition of ALL) await bench.publish(usage(partition, count));
}

async function runToTheEnd(): Promise<void> {
  const worker = bench.workspace.start();
  await worker.ready();
  await settle(bench.workspace, worker, bench.connection);
  await worker.drain();
}

/** Where the broker keeps a stream's files. */
function streamFolder(partition: number): string {
  const folder = join(bench.server.storeDir, "jetstream/$G/streams", usageStream(partition));
  if (!existsSync(folder)) throw new Error(`no ${folder}`);
  return folder;
}

function backup(partition: number): string {
  return join(bench.workspace.folder, `backup-${partition}`);
}

/** Works on the broker's files while it does not run. */
async function whileStopped(work: () => void): Promise<void> {
  await bench.server.kill();
  work();
  await bench.server.restart();
  await waitUntil("the test is connected again", () => bench.connection.status === "connected");
}

async function faults(worker: WorkerProcess): Promise<(string | undefined)[]> {
  const partitions = (await worker.status())?.partitions ?? [];
  return partitions.map(({ state, fault }) => (state === "failed" ? fault?.code : undefined));
}

async function lastSequence(partition: number): Promise<number> {
  return (await bench.connection.manager.streams.info(usageStream(partition))).state.last_seq;
}

test("a damaged stream stops its partition alone, and the worker says so", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  workspace.writeCatalog(bench.catalog(ALL.map((partition) => unknownAccount(partition, PARTITIONS))));
  await publishToAll(20);
  await runToTheEnd();
  await whileStopped(() => {
    for (const partition of [REFILLED, ROLLED_BACK])
      cpSync(streamFolder(partition), backup(partition), { recursive: true });
  });
  await publishToAll(30);
  await runToTheEnd();

  // An old disk comes back: acknowledged messages are gone; one of the streams fills up again.
  await whileStopped(() => {
    for (const partition of [REFILLED, ROLLED_BACK]) {
      rmSync(streamFolder(partition), { recursive: true });
      cpSync(backup(partition), join(streamFolder(SOUND), "..", usageStream(partition)), { recursive: true });
    }
  });
  expect(await lastSequence(REFILLED)).toBe(20);
  await bench.publish(usage(REFILLED, 40));
  await connection.manager.streams.delete(usageStream(RECREATED));
  await bench.publish(usage(GAP, 20));
  await connection.manager.streams.update(usageStream(GAP), { max_msgs: 5, discard: DiscardPolicy.Old });
  await bench.publish(usage(SOUND, 10));

  const worker = workspace.start();
  await worker.until("four partitions have stopped and one is at its end", async () => {
    const codes = await faults(worker);
    return codes.filter(Boolean).length === 4 && workspace.committed(SOUND) === 60;
  });
  expect(await faults(worker)).toEqual([
    "stream-recreated",
    "stream-refilled",
    "stream-rolled-back",
    "stream-gap",
    undefined,
  ]);
  const readyz = await worker.readyz();
  expect(readyz).toMatchObject({ httpStatus: 503, ready: false });
  const reasons = (readyz?.reasons ?? []).map(({ code, partition }) => `${code} ${String(partition)}`);
  // The stream that has lost messages to its limit is named for that as well.
  expect(reasons.filter((reason) => reason !== `retention-near ${GAP}`)).toEqual(
    [RECREATED, REFILLED, ROLLED_BACK, GAP].map((partition) => `partition-not-running ${partition}`),
  );
  expect([RECREATED, REFILLED, ROLLED_BACK, GAP].map((partition) => workspace.committed(partition))).toEqual([
    50, 50, 50, 50,
  ]);

  // The sound one goes on, until its stream is made anew under its eyes.
  await bench.publish(usage(SOUND, 10));
  await worker.until("the sound partition goes on", () => workspace.committed(SOUND) === 70);
  await connection.manager.streams.delete(usageStream(SOUND));
  await ensureTopology(connection, { partitionCount: PARTITIONS });
  await worker.until("it stops too", async () => (await faults(worker))[SOUND] === "stream-recreated");
  await worker.drain();
});
