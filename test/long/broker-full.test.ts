import { afterEach, expect, test } from "vitest";
import { controlStream, RATED_STREAM, usageStream } from "../../src/ingest/jetstream/names.ts";
import { Bench } from "../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted, expectRated } from "../support/worker/checks.ts";
import { readRated } from "../support/worker/results.ts";
import { truthOf } from "../support/worker/truth.ts";
import { ACCOUNTS } from "../support/worker/usage-catalog.ts";
import { settle } from "../support/worker/workspace.ts";

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("where the broker has no room, publishers know, and a worker waits and goes on", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 4, events: 600 });
  const truth = truthOf(load, 1, ACCOUNTS);
  const half = Math.floor(load.length / 2);
  const { streams } = connection.manager;
  await bench.publish(load.slice(0, half));
  await streams.update(usageStream(0), { max_msgs: half });
  await expect(bench.publish(load.slice(half))).rejects.toMatchObject({
    code: "publish-failed",
    message: expect.stringContaining("maximum messages exceeded"),
  });
  await streams.update(usageStream(0), { max_msgs: -1 });

  const worker = workspace.start({ idleTimeout: "1s" });
  await settle(workspace, worker, connection);
  await worker.until("both regions are idle", async () => {
    const regions = (await worker.status())?.partitions[0]?.watermarks ?? [];
    return regions.length === 2 && regions.every(({ idle }) => idle);
  });
  // Neither results nor decisions find room: that the regions are idle once more can't be written down.
  for (const stream of [RATED_STREAM, controlStream(0)]) {
    const { state } = await streams.info(stream);
    await streams.update(stream, { max_msgs: state.messages });
  }
  await bench.publish(load.slice(half));
  await worker.until("results wait", async () => {
    const sinks = (await worker.status())?.partitions[0]?.sinks ?? [];
    return sinks.some(
      ({ target, lastErrorCode }) => target === "publish-rated" && lastErrorCode === "broker-full",
    );
  });
  const fault = async () => (await worker.status())?.partitions[0]?.fault?.code;
  await worker.until("the partition waits", async () => (await fault()) === "broker-full");
  expect(workspace.committed(0)).toBe(load.length);
  await streams.update(controlStream(0), { max_msgs: -1 });
  await streams.update(RATED_STREAM, { max_msgs: -1 });
  await settle(workspace, worker, connection);
  await worker.drain();
  expectCounted(await workspace.inspect(), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, bench.anchorDay);
});
