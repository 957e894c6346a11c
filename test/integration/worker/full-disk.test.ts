import { afterEach, expect, test } from "vitest";
import { consumerName, controlStream, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { smallDisk, type SmallDisk } from "../../support/small-disk.ts";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted, expectRated } from "../../support/worker/checks.ts";
import { readFiles, readRated } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const DISK_BYTES = 48 * 1024 * 1024;
/** For so long the partition has to wait without trying in vain again. */
const WAITED_MS = 3_000;
let bench: Bench;
let disk: SmallDisk;

afterEach(async () => {
  disk.close();
  await bench.close();
});

test("a full disk of state and files stops a partition without a loss, and it goes on when there is room", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  disk = smallDisk(workspace.stateFolder(), DISK_BYTES);
  const load = bench.load({ seed: 1, events: 4_000 });
  const truth = truthOf(load, 1, ACCOUNTS);
  const part = Math.floor(load.length / 3);
  await bench.publish(load.slice(0, part));
  // Files of results go to the same disk.
  const config = { files: "state/files" };
  const worker = workspace.start(config);
  await settle(workspace, worker, connection);
  const committed = workspace.committed(0);
  const acquisitions = async (): Promise<number> => {
    const { state } = await connection.manager.streams.info(controlStream(0));
    let count = 0;
    for (let seq = 1; seq <= state.last_seq; seq++) {
      const { data } = await connection.manager.streams.getMessage(controlStream(0), { seq });
      if (Buffer.from(data).toString().includes('"acquired"')) count += 1;
    }
    return count;
  };
  expect([committed, await acquisitions()]).toEqual([part, 1]);

  disk.fill(worker.pid);
  await bench.publish(load.slice(part));
  const fault = async () => (await worker.status())?.partitions[0]?.fault;
  await worker.until("the partition has stopped and waits for room", async () => {
    const found = await fault();
    return found?.code === disk.fault && Date.now() - found.atMs > WAITED_MS;
  });
  expect((await worker.readyz())?.reasons.map(({ code }) => code)).toEqual(["partition-not-running"]);
  // What is not committed is not acknowledged.
  const stopped = workspace.committed(0);
  const { ack_floor: floor } = await connection.manager.consumers.info(usageStream(0), consumerName(0));
  expect(floor.stream_seq).toBeLessThanOrEqual(stopped);
  expect(stopped).toBeLessThan(load.length);
  const waitedWith = await acquisitions();
  // Each start takes the partition once more: it does not start again and again while there is no room.
  expect(waitedWith).toBeLessThanOrEqual(disk.fault === "state-disk-full" ? 2 : 10);

  disk.free(worker.pid);
  await settle(workspace, worker, connection);
  expect(await fault()).toBeNull();
  await worker.drain();
  expectCounted(await workspace.inspect(config), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, bench.anchorDay);
  expect(readFiles(`${workspace.stateFolder()}/files`)).toEqual(rated);
});
