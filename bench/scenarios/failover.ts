import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import type { StagedLoad } from "../harness/staged-load.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { BenchWorker, prepareWorker, stateFolder } from "../worker/bench-worker.ts";
import { metricLabelled, sumOfMetric } from "../worker/metrics-text.ts";
import { newestSnapshotTimes } from "../worker/snapshot-times.ts";
import { committedTotals } from "../worker/worker-totals.ts";
import { EVENTS_PER_BATCH, loadShapeOfAnHour, PARTITIONS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "failover";
const KEYS = 10_000_000;
/** A million open cells: each account counts in each meter. */
const ACCOUNTS = 5_000;
const METERS = 200;
const SMOKE = { keys: 100_000, accounts: 100, meters: 10 } as const;
/** While a worker dies. */
const EVENTS_PER_SECOND = 100_000;
/** Before the kill, so that snapshots are of a running fleet, and after it. */
const BEFORE_SECONDS = 40;
const AFTER_SECONDS = 60;
const LEASE_SECONDS = 15;
const SNAPSHOT_SECONDS = 30;
const POLL_INTERVAL_MS = 100;
/** The lag counts as gone where it is less than this much of the load: a checkpoint's worth. */
const LAG_SECONDS = 1;
const DEADLINE_MS = 10 * 60_000;

/**
 * Two workers share the partitions of a large state by leases, and one of them is killed under load: how long until the other has its partitions, and until
 * the lag that grew meanwhile falls and is gone; how old the snapshots are that it starts from, and how many partitions move. What both have counted in the
 * end must be what the load says.
 */
export const failover: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { onProgress } = context;
  const keys = sized(context, KEYS, SMOKE.keys);
  const rate = sized(context, EVENTS_PER_SECOND, 10_000);
  const live = rate * (BEFORE_SECONDS + AFTER_SECONDS);
  const accounts = sized(context, ACCOUNTS, SMOKE.accounts);
  const shape = {
    ...loadShapeOfAnHour(keys + live, accounts),
    meters: context.isSmoke ? SMOKE.meters : METERS,
  };
  const environment = await BenchEnvironment.start(PARTITIONS);
  const encoding = { form: "columnar", batchSize: EVENTS_PER_BATCH, partitionCount: PARTITIONS } as const;
  const folderOf = (name: string): string => join(environment.folder, name);
  const start = (name: string): BenchWorker =>
    new BenchWorker(
      prepareWorker({
        url: environment.url,
        partitionCount: PARTITIONS,
        catalog: shape,
        folder: folderOf(name),
        settings: {
          worker_name: name,
          threads: 1,
          partitions: { count: PARTITIONS, assignment: "elastic", lease: `${LEASE_SECONDS}s` },
          snapshots: { interval: `${SNAPSHOT_SECONDS}s` },
        },
      }),
    );
  let load: StagedLoad | undefined;
  const workers: BenchWorker[] = [];
  try {
    load = await environment.stage(shape, encoding);
    const first = start("first");
    workers.push(first);
    onProgress(`${NAME}: a state of ${keys.toLocaleString("en")} events`);
    await load.publish(keys);
    await until("one worker has read all", async () => (await readBy([first])) >= keys);
    const second = start("second");
    workers.push(second);
    const half = PARTITIONS / 2;
    await until("two workers share the partitions", async () =>
      (await Promise.all(workers.map(runningIn))).every((count) => count === half),
    );
    onProgress(`${NAME}: ${rate.toLocaleString("en")} events/s, then a kill`);
    const publishing = load.publish(live, { rate });
    await delay(BEFORE_SECONDS * 1_000);
    const snapshotTimesMs = await newestSnapshotTimes(environment.url, PARTITIONS);
    const metrics = await first.metrics();
    const takenBefore = (await takenBy(second)) + takenIn(metrics);
    const killedMs = performance.now();
    // One that is newer came while they were looked at.
    const snapshotAgeSeconds = (Date.now() - Math.min(...snapshotTimesMs)) / 1_000;
    await first.kill();
    const since = (): number => (performance.now() - killedMs) / 1_000;
    await until("the other one runs all partitions", async () => (await runningIn(second)) === PARTITIONS);
    const takenOverSeconds = since();
    let lag = Infinity;
    await until("the lag falls", async () => {
      const before = lag;
      lag = load === undefined ? 0 : load.published - (await readBy([second]));
      return lag < before && before !== Infinity;
    });
    const lagFallsSeconds = since();
    await until(
      "the lag is gone",
      async () => load!.published - (await readBy([second])) < rate * LAG_SECONDS,
    );
    const caughtUpSeconds = since();
    onProgress(
      `${NAME}: taken over after ${takenOverSeconds.toFixed(1)} s, the lag falls after ${lagFallsSeconds.toFixed(1)} s, gone after ${caughtUpSeconds.toFixed(1)} s, snapshots were ${snapshotAgeSeconds.toFixed(1)} s old`,
    );
    await publishing;
    await until("all is read", async () => (await readBy([second])) >= keys + live);
    const takenAfter = (await takenBy(second)) + takenIn(metrics);
    await second.stop();
    const expected = expectedTotals(shape, { partitionCount: PARTITIONS });
    requireEqualTotals("tributary", await committedTotals(stateFolder(folderOf("second"))), expected);
    return {
      hashes: { [NAME]: expected.hash },
      parameters: {
        [`${NAME}: accounts`]: accounts,
        [`${NAME}: events/s`]: rate,
        [`${NAME}: lease, s`]: LEASE_SECONDS,
        [`${NAME}: snapshots every, s`]: SNAPSHOT_SECONDS,
      },
      figures: {
        failoverKeys: sumOfMetric(metrics, "tributary_dedupe_keys") * 2,
        failoverCells: sumOfMetric(metrics, "tributary_window_cells") * 2,
        failoverSnapshotAgeSeconds: snapshotAgeSeconds,
        failoverPartitions: PARTITIONS,
        // The first worker took all of them when it was alone.
        failoverMovedByJoin: takenBefore - PARTITIONS,
        failoverMovedByDeath: takenAfter - takenBefore,
        failoverTakenOverSeconds: takenOverSeconds,
        failoverLagFallsSeconds: lagFallsSeconds,
        failoverCaughtUpSeconds: caughtUpSeconds,
      },
    };
  } finally {
    for (const worker of workers) await worker.kill();
    await load?.close();
    await environment.stop();
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await delay(POLL_INTERVAL_MS);
  }
}

async function runningIn(worker: BenchWorker): Promise<number> {
  const partitions = (await worker.status())?.partitions ?? [];
  return partitions.filter(({ state }) => state === "running").length;
}

/** Leases of partitions that a worker has taken since its start, by its metrics. */
function takenIn(metrics: string): number {
  return metricLabelled(metrics, "tributary_partition_moves_total", 'kind="taken"');
}

async function takenBy(worker: BenchWorker): Promise<number> {
  return takenIn(await worker.metrics());
}

/** Events that the states of the partitions there have counted. */
async function readBy(workers: readonly BenchWorker[]): Promise<number> {
  const all = await Promise.all(workers.map((worker) => worker.status()));
  return all.map((status) => status?.totals["read"] ?? 0).reduce((sum, read) => sum + read, 0);
}
