import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openControlLog } from "../../../src/ingest/jetstream/control-log.ts";
import { decodeControl } from "../../../src/model/control.ts";
import { Bench } from "../../support/worker/bench.ts";
import { expectCounted } from "../../support/worker/checks.ts";
import { truthOf } from "../../support/worker/truth.ts";
import type { LoadedMessage } from "../../support/worker/load.ts";
import { ACCOUNTS, REGIONS, UNDECLARED_REGION } from "../../support/worker/usage-catalog.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { settle, type Inspected } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** How many marks of idleness the partition's control log holds. */
async function idleMarks(partition: number): Promise<number> {
  const records = await openControlLog(bench.connection, partition).readFrom(1);
  return records.filter(({ data }) => decodeControl(data).kind === "idle").length;
}

test("an export fed to simulate gives what the live worker has", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 99, events: 4_000, poison: true });
  const quarter = (n: number): LoadedMessage[] =>
    load.slice(Math.floor((load.length * n) / 4), Math.floor((load.length * (n + 1)) / 4));
  const [first, second, third, fourth] = [quarter(0), quarter(1), quarter(2), quarter(3)];
  const isHeldBack = ({ region }: LoadedMessage): boolean => region === REGIONS[1];
  const slices = [
    first,
    // One region is silent: the watermark goes on without it, and what it sends later is late.
    second.filter((message) => !isHeldBack(message)),
    second.filter(isHeldBack),
    [...third, ...fourth],
  ];
  const idle = { idleTimeout: "150ms" };
  let worker = workspace.start(idle);
  await worker.ready();
  for (const [n, slice] of slices.entries()) {
    const marks = await Promise.all([0, 1].map(idleMarks));
    await bench.publish(slice);
    // Silence until each region that was active is marked.
    const active = new Set(
      slice.map(({ region }) => region).filter((region) => region !== UNDECLARED_REGION),
    );
    await worker.until("all regions are idle", async () => {
      const now = await Promise.all([0, 1].map(idleMarks));
      return now.every((count, partition) => count >= (marks[partition] ?? 0) + active.size);
    });
    if (n !== 1) continue;
    await worker.kill();
    worker = workspace.start(idle);
    await worker.ready();
  }
  await settle(workspace, worker, connection);

  const file = join(workspace.folder, "export.ndjson");
  await workspace.command(["export", "--output", file], idle);
  const live = await workspace.inspect(idle);
  await worker.drain();
  const { code, stdout, stderr } = await runCommand([
    "simulate",
    "--json",
    "--catalog",
    workspace.catalogFolder,
    "--events",
    file,
    "--partitions",
    String(PARTITIONS),
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  const simulated: Inspected = JSON.parse(stdout);
  expect(simulated.counts).toEqual(live.counts);
  expect(simulated.aggregates).toEqual(live.aggregates);
  expect(simulated.unbilled).toEqual(live.unbilled);
  // Idleness makes more events late than their times alone would.
  const truth = truthOf(slices.flat(), PARTITIONS, ACCOUNTS);
  expect(live.counts["late"]).toBeGreaterThan(truth.counts.late);
  expectCounted(live, { ...truth, hasMisrouted: true });
});
