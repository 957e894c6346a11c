import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted, expectRated } from "../../support/worker/checks.ts";
import { readFiles, readRated } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const DEADLINE_MS = 20_000;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("SIGTERM drains and exits with 0 at any time of a worker's life; a second signal ends it at once", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 5, events: 8_000 });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  await bench.publish(load);

  // While it still opens its partitions.
  const starting = workspace.start();
  await starting.listening();
  await starting.drain(DEADLINE_MS);

  // In the middle of the load: what it had read by then is committed and published. The long interval leaves the
  // commit to the drain.
  const busy = workspace.start({ checkpointInterval: "5m" });
  await busy.until("it reads", async () => ((await busy.status())?.totals["read"] ?? 0) > 0);
  await busy.drain(DEADLINE_MS);
  const drained = await workspace.inspect();
  expect(drained.counts["read"]).toBeGreaterThan(0);
  expect(drained.balanced).toBe(true);
  const half = await readRated(connection);
  expectAmountsAddUp(half);
  expect(readFiles(workspace.filesFolder)).toEqual(half);

  // Two signals in one go: whichever comes second ends it, by its number.
  const impatient = workspace.start({ checkpointInterval: "5m" });
  await impatient.ready();
  impatient.send("SIGTERM");
  impatient.send("SIGINT");
  const exit = await impatient.exited;
  expect([130, 143]).toContain(exit.code);

  const last = workspace.start();
  await last.ready();
  await settle(workspace, last, connection);
  await last.drain(DEADLINE_MS);
  expectCounted(await workspace.inspect(), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, bench.anchorDay);
  expect(readFiles(workspace.filesFolder)).toEqual(rated);
});
