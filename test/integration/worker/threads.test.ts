import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectWhole } from "../../support/worker/expect-whole.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { isSettled, settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 4;
const THREADS = 2;
const PARTS = 15;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Samples of a metric by their labels. */
function samples(text: string, metric: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = new RegExp(`^${metric}(?:\\{(.*)\\})? (\\S+)$`).exec(line);
    if (match !== null) found.set(match[1] ?? "", Number(match[2]));
  }
  return found;
}

test("partitions on threads give what an independent count says, seen as one worker", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 31, events: 6_000, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const worker = workspace.start({ threads: THREADS });
  await worker.ready();
  await bench.publish(load);
  await settle(workspace, worker, connection);

  const status = await worker.status();
  expect(status?.partitions.map(({ partition, state }) => `${partition} ${state}`)).toEqual([
    "0 running",
    "1 running",
    "2 running",
    "3 running",
  ]);
  expect(status?.totals).toMatchObject({ read: truth.counts.read, accepted: truth.counts.accepted });
  const metrics = await worker.metrics();
  const accepted = [...samples(metrics, "tributary_events_total")]
    .filter(([labels]) => labels.includes('outcome="accepted"'))
    .reduce((sum, [, value]) => sum + value, 0);
  // Events that left parking count again: at least all that were accepted, on all threads.
  expect(accepted).toBe(truth.counts.accepted);
  expect(samples(metrics, "tributary_broker_connected").get("")).toBe(1);
  expect(samples(metrics, "tributary_worker_state").get('state="running"')).toBe(1);
  const latencies = samples(metrics, "tributary_event_latency_seconds_count").get("") ?? 0;
  expect(latencies).toBeGreaterThan(0);
  expect(metrics).toMatch(/^process_resident_memory_bytes /m);

  await worker.drain();
  await expectWhole(bench, truth);
});

test("a killed process with threads starts again where it was", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 32, events: 6_000, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const half = Math.floor(load.length / 2);
  const failpoint = { point: "after-commit-before-ack", visit: 5 } as const;
  await bench.publish(load.slice(0, half));
  const killed = workspace.start({ threads: THREADS, failpoint });
  await killed.crashed();
  const worker = workspace.start({ threads: THREADS });
  await bench.publish(load.slice(half));
  await settle(workspace, worker, connection);
  expect((await worker.readyz())?.ready).toBe(true);
  await worker.drain();
  await expectWhole(bench, truth);
});

test("a thread that dies takes its partitions down by name, and comes back", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 33, events: 6_000, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const failpoint = { point: "after-ack", visit: 8, scope: "thread" } as const;
  const worker = workspace.start({ threads: THREADS, failpoint });
  await worker.ready();
  const part = (n: number): number => Math.floor((load.length * n) / PARTS);
  const committed = (): number =>
    [0, 1, 2, 3].reduce((sum, partition) => sum + workspace.committed(partition), 0);
  for (let n = 0; n < PARTS; n++) {
    const before = committed();
    await bench.publish(load.slice(part(n), part(n + 1)));
    // Many checkpoints, so that a thread reaches its end within the load.
    await worker.until("a part is committed", () => committed() > before);
  }
  await worker.until("a thread has died", () =>
    worker.log.some((line) => line["code"] === "thread-failed" && Array.isArray(line["partitions"])),
  );
  await worker.until("all is processed", () => isSettled(workspace, worker, connection), 60_000);
  await worker.until("all is well again", async () => (await worker.readyz())?.ready === true, 30_000);
  expect(worker.log.some((line) => line["msg"] === "The partitions of a thread are up again.")).toBe(true);
  const faults = samples(await worker.metrics(), "tributary_partition_faults_total");
  expect([...faults.keys()].some((labels) => labels.includes('reason="thread-failed"'))).toBe(true);
  await worker.drain();
  await expectWhole(bench, truth);
});
