import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { eventsPerCpuSecond, type ContenderTask, type Measurement } from "../harness/measurement.ts";
import { requireEqualTotals } from "../harness/sums.ts";
import { pairedRatio, rowOfRuns } from "../report/growth-rows.ts";
import type { CatalogShape } from "../../src/load/load-catalog.ts";
import { BenchWorker, prepareWorker, stateFolder } from "../worker/bench-worker.ts";
import { CommittedPositions } from "../worker/committed-positions.ts";
import { committed } from "../worker/drain.ts";
import { processCpuSeconds, processPeakRssBytes } from "../worker/process-usage.ts";
import { committedTotals } from "../worker/worker-totals.ts";
import { EVENTS_PER_BATCH, FEW_ACCOUNTS, loadShape, PARTITIONS, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "fleet";
const EVENTS = 6_000_000;
const WORKERS = [1, 2, 4] as const;
/** Each answer costs a worker a look into its partitions. */
const POLL_INTERVAL_MS = 50;
const RUN_DEADLINE_MS = 15 * 60_000;

/** What an event costs in processor time when the partitions are spread over worker processes, each on one thread. */
export const fleet: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { rounds, onProgress } = context;
  const events = sized(context, EVENTS, 50_000);
  const shape = loadShape(events, context.isSmoke ? SMOKE_ACCOUNTS : FEW_ACCOUNTS);
  const environment = await BenchEnvironment.start(PARTITIONS);
  try {
    onProgress(`${NAME}: publishing ${events.toLocaleString("en")} events`);
    await environment.fill(shape, {
      form: "columnar",
      batchSize: EVENTS_PER_BATCH,
      partitionCount: PARTITIONS,
    });
    const expected = expectedTotals(shape, { partitionCount: PARTITIONS });
    const runs = new Map<number, Measurement[]>(WORKERS.map((workers) => [workers, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const [workers, list] of runs) {
        const measurement = await drainBy(workers, environment.task(shape, PARTITIONS), shape);
        requireEqualTotals(`tributary, ${workers} workers`, measurement.result, expected);
        list.push(measurement);
        onProgress(
          `${NAME}: ${workers} workers, run ${round} of ${rounds}, ${Math.round(eventsPerCpuSecond(measurement))} events per CPU-second`,
        );
      }
    }
    const efficiency = (workers: number): number[] => (runs.get(workers) ?? []).map(eventsPerCpuSecond);
    return {
      rows: [...runs].map(([workers, list]) =>
        rowOfRuns(NAME, `tributary, ${workers} ${workers === 1 ? "worker" : "workers"}`, list),
      ),
      figures: {
        fleetTwo: pairedRatio(efficiency(2), efficiency(1)),
        fleetFour: pairedRatio(efficiency(4), efficiency(1)),
      },
      hashes: { [NAME]: expected.hash },
      parameters: { [`${NAME}: events`]: events },
    };
  } finally {
    await environment.stop();
  }
}

/** Drains the load with so many workers that are started together. The time is from the first event read to the checkpoints that have all. */
async function drainBy(count: number, task: ContenderTask, catalog: CatalogShape): Promise<Measurement> {
  const workers = Array.from({ length: count }, (_, ordinal) => {
    const partitions = { count: task.partitionCount, ordinal, workers: count };
    const settings = { partitions, threads: 1, worker_name: `bench-${ordinal}` };
    return new BenchWorker(prepareWorker({ ...task, catalog, name: `worker-${ordinal}`, settings }));
  });
  const state = stateFolder(task.folder);
  try {
    const cpuSeconds = (): number =>
      workers.map(({ pid }) => processCpuSeconds(pid)).reduce((sum, seconds) => sum + seconds, 0);
    const deadlineMs = performance.now() + RUN_DEADLINE_MS;
    let first: { readonly atMs: number; readonly read: number; readonly cpuSeconds: number } | undefined;
    for (;;) {
      const all = await Promise.all(workers.map((worker) => worker.status()));
      const read = all.map((status) => status?.totals["read"] ?? 0).reduce((sum, each) => sum + each, 0);
      const atMs = performance.now();
      // Where all have begun: the others' starts are not part of what an event costs.
      const haveAllBegun = all.every((status) => (status?.totals["read"] ?? 0) > 0);
      if (first === undefined && haveAllBegun) first = { atMs, read, cpuSeconds: cpuSeconds() };
      if (read >= task.events) break;
      if (atMs > deadlineMs) throw new Error(`the workers read ${read} of ${task.events} events in time`);
      await delay(POLL_INTERVAL_MS);
    }
    const spentSeconds = cpuSeconds();
    const peakRssBytes = Math.max(...workers.map(({ pid }) => processPeakRssBytes(pid)));
    const positions = new CommittedPositions(state, task.partitionCount);
    const stopped = Promise.all(workers.map((worker) => worker.stop()));
    try {
      await Promise.race([committed(positions, task.events), stopped]);
    } finally {
      positions.close();
    }
    const endMs = performance.now();
    await stopped;
    if (first === undefined) throw new Error("a worker had all of its events read before it was looked at");
    return {
      contender: "tributary",
      events: task.events - first.read,
      seconds: (endMs - first.atMs) / 1_000,
      cpuSeconds: spentSeconds - first.cpuSeconds,
      peakRssBytes,
      result: await committedTotals(state),
      notes: {},
    };
  } finally {
    for (const worker of workers) await worker.kill();
    rmSync(join(state), { recursive: true, force: true });
  }
}
