import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted } from "../../support/worker/checks.ts";
import { readRated } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 3;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("events in the wrong partition go to their own and count once, through crashes", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 8, events: 3_000, misrouted: 0.1 });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  expect(truth.counts.misrouted).toBeGreaterThan(200);
  await bench.publish(load);
  // Crashes around single events on their way: sent and not noted down, or about to be sent.
  for (const [point, visit] of [
    ["before-publish", 40],
    ["after-publish-before-cursor", 60],
    ["after-publish-before-cursor", 25],
  ] as const) {
    const worker = workspace.start({ failpoint: { point, visit } });
    await worker.crashed();
  }
  const worker = workspace.start();
  await worker.ready();
  await settle(workspace, worker, connection);
  await worker.drain();
  expectCounted(await workspace.inspect(), truth);
  expectAmountsAddUp(await readRated(connection));
});
