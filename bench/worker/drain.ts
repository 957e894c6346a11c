import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { CatalogShape } from "../../src/load/load-catalog.ts";
import type { ContenderTask, Measurement } from "../harness/measurement.ts";
import { BenchWorker, prepareWorker, stateFolder } from "./bench-worker.ts";
import { CommittedPositions } from "./committed-positions.ts";
import { processCpuSeconds, processPeakRssBytes } from "./process-usage.ts";
import { workerTotals } from "./worker-totals.ts";

/**
 * How often the worker is asked how far it is: the error of a run of seconds is about a percent, against the worker. Each answer
 * costs it a look into all partitions: at 25 ms they took a twentieth of its time.
 */
const POLL_INTERVAL_MS = 50;
const METRICS_INTERVAL_MS = 250;
const COMMIT_POLL_INTERVAL_MS = 5;
const RUN_DEADLINE_MS = 15 * 60_000;
/** No checkpoint takes so long. */
const COMMIT_DEADLINE_MS = 120_000;

/** What a worker did with a backlog. */
export interface Drained {
  /** Events in the time: those behind the first look at it. */
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** At the end. */
  readonly metrics: string;
}

interface BacklogOptions {
  /** Events that the worker has read already. */
  readonly before?: number;
  /** True for a worker that has stood still: its time begins now, not with what it reads first. */
  readonly beginsNow?: boolean;
  /** Called a few times a second with what the worker says of itself. */
  readonly onMetrics?: (metrics: string) => void;
}

/**
 * Waits until a worker has read all events up to the `events`th since the beginning of the streams. The time is from the
 * first status with events of the backlog in it; what it read before doesn't count. Checkpoints on the way are in the time,
 * the one of the last second is not.
 */
export async function readBacklog(
  worker: BenchWorker,
  events: number,
  { before = 0, beginsNow = false, onMetrics }: BacklogOptions = {},
): Promise<Drained> {
  const deadlineMs = performance.now() + RUN_DEADLINE_MS;
  const lookAt = (
    events: number,
  ): { readonly atMs: number; readonly events: number; readonly cpu: number } => ({
    atMs: performance.now(),
    events,
    cpu: processCpuSeconds(worker.pid),
  });
  let first = beginsNow ? lookAt(before) : undefined;
  let hasBegun = beginsNow;
  let lastMetricsMs = performance.now();
  for (;;) {
    const read = (await worker.status())?.totals["read"] ?? 0;
    const look = lookAt(read);
    const { atMs } = look;
    // Where the first look with events of the backlog has them all, the one before counts.
    if (!hasBegun && read <= before) first = { ...look, events: before };
    else if (first === undefined || (!hasBegun && read < events)) first = look;
    hasBegun ||= read > before;
    if (read >= events) {
      return {
        events: events - first.events,
        seconds: (atMs - first.atMs) / 1_000,
        cpuSeconds: look.cpu - first.cpu,
        peakRssBytes: processPeakRssBytes(worker.pid),
        metrics: await worker.metrics(),
      };
    }
    if (atMs > deadlineMs) throw new Error(`the worker read ${read} of ${events} events in time`);
    if (onMetrics !== undefined && atMs - lastMetricsMs >= METRICS_INTERVAL_MS) {
      lastMetricsMs = atMs;
      onMetrics(await worker.metrics());
    }
    await delay(POLL_INTERVAL_MS);
  }
}

/** Resolves when checkpoints have all events up to the `events`th. */
export async function committed(state: CommittedPositions, events: number): Promise<void> {
  const deadlineMs = performance.now() + COMMIT_DEADLINE_MS;
  while (state.events() < events) {
    if (performance.now() > deadlineMs)
      throw new Error(`the worker committed ${state.events()} of ${events} events in time`);
    await delay(COMMIT_POLL_INTERVAL_MS);
  }
}

export interface WorkerOptions {
  readonly task: ContenderTask;
  readonly catalog: CatalogShape;
  /** Further settings of the configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Named in the report. */
  readonly name?: string;
}

/**
 * Drains the load with a real worker: fsync on, exact deduplication, windows rated and published, counts balanced. The time
 * ends with the checkpoint that has all; as references do, the worker makes it when it has read all: it is told to end then.
 */
export async function tributary({
  task,
  catalog,
  settings = {},
  name = "tributary",
}: WorkerOptions): Promise<Measurement> {
  const configFile = prepareWorker({ ...task, catalog, settings });
  const worker = new BenchWorker(configFile);
  try {
    const { events, cpuSeconds, peakRssBytes, ...drained } = await readBacklog(worker, task.events);
    const readMs = performance.now();
    const state = new CommittedPositions(stateFolder(task.folder), task.partitionCount);
    const stopped = worker.stop();
    try {
      await Promise.race([committed(state, task.events), stopped]);
    } finally {
      state.close();
    }
    const seconds = drained.seconds + (performance.now() - readMs) / 1_000;
    await stopped;
    const result = await workerTotals(configFile);
    rmSync(stateFolder(task.folder), { recursive: true, force: true });
    const notes = { windowsRated: result.windows };
    return { contender: name, events, seconds, cpuSeconds, peakRssBytes, result, notes };
  } finally {
    await worker.kill();
  }
}
