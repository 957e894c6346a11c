import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expectedTotals } from "../../src/load/expected-totals.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { LatencyRecorder } from "../harness/latency-recorder.ts";
import { eventsPerSecond } from "../harness/measurement.ts";
import type { StagedLoad } from "../harness/staged-load.ts";
import { HOUR_MS, requireEqualTotals } from "../harness/sums.ts";
import { BenchWorker, prepareWorker, stateFolder } from "../worker/bench-worker.ts";
import { CommittedPositions } from "../worker/committed-positions.ts";
import { readBacklog } from "../worker/drain.ts";
import { metricLabelled } from "../worker/metrics-text.ts";
import { committedTotals } from "../worker/worker-totals.ts";
import { EVENTS_PER_COLUMNAR_BATCH, FEW_ACCOUNTS, loadShape, SMOKE_ACCOUNTS } from "./load-shapes.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "live load";
/** Read first, to know the maximum and to warm the worker up. */
const BACKLOG_EVENTS = 6_000_000;
const LATENCY_SECONDS = 15;
/** The load at which the event loop is watched, and for how long: checkpoints and the ends of hours are in it. */
const LOOP_EVENTS_PER_SECOND = 1_000_000;
const LOOP_SECONDS = 15;
/** Finer than a hundredth of what is measured. */
const POLL_INTERVAL_MS = 5;
/** Events of the plan that latency may take: the plan has to be made before the maximum is known. */
const LATENCY_EVENTS_MAX = 30_000_000;
/** Over the whole plan: so long that hours end while the event loop is watched, whatever the maximum is. */
const SPAN_MS = 10 * HOUR_MS;
/** No checkpoint for so long: the worker is not well. */
const COMMIT_DEADLINE_MS = 120_000;
/** The last events wait for the next checkpoint: a second that no load is in. */
const LAST_COMMIT_SECONDS = 1;

/**
 * Latency at half of the maximum load, from the time at which an event's message was due to the checkpoint that has it, as
 * seen from outside; then how long the event loop is blocked at a million events a second.
 */
export const liveLoad: Scenario = { name: NAME, isInSmoke: true, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { onProgress, partitions } = context;
  const backlog = sized(context, BACKLOG_EVENTS, 100_000);
  const latencySeconds = sized(context, LATENCY_SECONDS, 2);
  const loopSeconds = sized(context, LOOP_SECONDS, 2);
  const loopRate = sized(context, LOOP_EVENTS_PER_SECOND, 20_000);
  const accounts = context.isSmoke ? SMOKE_ACCOUNTS : FEW_ACCOUNTS;
  const latencyMost = sized(context, LATENCY_EVENTS_MAX, 1_000_000);
  const shape = loadShape(backlog + latencyMost + loopSeconds * loopRate, accounts, SPAN_MS);
  const environment = await BenchEnvironment.start(partitions);
  const folder = join(environment.folder, "worker");
  const encoding = {
    form: "columnar",
    batchSize: EVENTS_PER_COLUMNAR_BATCH,
    partitionCount: partitions,
  } as const;
  let load: StagedLoad | undefined;
  let worker: BenchWorker | undefined;
  try {
    load = await environment.stage(shape, encoding);
    // Messages of the backlog are in the recorder's sequences, not in its latencies.
    await load.publish(backlog);
    worker = new BenchWorker(
      prepareWorker({ url: environment.url, partitionCount: partitions, catalog: shape, folder }),
    );
    const maximum = eventsPerSecond(await readBacklog(worker, backlog));
    const rate = Math.round(maximum / 2);
    onProgress(`${NAME}: ${Math.round(maximum)} events/s at most; latency at half of it`);
    const live = { load, positions: new CommittedPositions(stateFolder(folder), partitions), partitions };
    const latency = await runLive(live, rate, Math.min(rate * latencySeconds, latencyMost));
    onProgress(`${NAME}: p99 ${Math.round(latency.percentileMs(99))} ms; event loop at ${loopRate} events/s`);
    // A scrape begins a new measurement of the loop.
    await worker.metrics();
    const startedMs = performance.now();
    await runLive(live, loopRate, loopRate * loopSeconds);
    const seconds = (performance.now() - startedMs) / 1_000;
    const metrics = await worker.metrics();
    live.positions.close();
    const blockedMs = (quantile: string): number =>
      metricLabelled(metrics, "tributary_event_loop_delay_seconds", `quantile="${quantile}"`) * 1_000;
    await worker.stop();
    const expected = expectedTotals(shape, { partitionCount: partitions, events: load.published });
    requireEqualTotals("tributary", await committedTotals(stateFolder(folder)), expected);
    return {
      hashes: { [NAME]: expected.hash },
      parameters: { [`${NAME}: accounts`]: accounts, [`${NAME}: events`]: load.published },
      latency: latency.curve(),
      figures: {
        liveMostPerSecond: maximum,
        latencyRatePerSecond: rate,
        latencyP50Ms: latency.percentileMs(50),
        latencyP99Ms: latency.percentileMs(99),
        latencyP999Ms: latency.percentileMs(99.9),
        loopRatePerSecond: (loopRate * loopSeconds) / Math.max(loopSeconds, seconds - LAST_COMMIT_SECONDS),
        loopDelayP99Ms: blockedMs("0.99"),
        loopDelayMostMs: blockedMs("1"),
      },
    };
  } finally {
    await worker?.kill();
    await load?.close();
    await environment.stop();
  }
}

interface Live {
  readonly load: StagedLoad;
  readonly positions: CommittedPositions;
  readonly partitions: number;
}

/** Publishes at a rate and looks for what is committed, until all of it is. */
async function runLive(
  { load, positions, partitions }: Live,
  rate: number,
  events: number,
): Promise<LatencyRecorder> {
  const recorder = new LatencyRecorder(partitions);
  const publishing = { isDone: false, hasFailed: false };
  const look = async (): Promise<void> => {
    let lastCommitMs = performance.now();
    while (!publishing.hasFailed && (!publishing.isDone || recorder.waitingEvents > 0)) {
      const nowMs = performance.now();
      const committed = recorder.events;
      for (const partition of recorder.pendingPartitions)
        recorder.committed(partition, positions.of(partition), nowMs);
      if (recorder.events > committed) lastCommitMs = nowMs;
      if (nowMs - lastCommitMs > COMMIT_DEADLINE_MS)
        throw new Error(`${recorder.waitingEvents} events wait, and the worker has committed none for long`);
      await delay(POLL_INTERVAL_MS);
    }
  };
  const publish = async (): Promise<void> => {
    try {
      await load.publish(events, {
        rate,
        onMessage: (message) => {
          recorder.published(message);
        },
      });
      publishing.isDone = true;
    } catch (error) {
      publishing.hasFailed = true;
      throw error;
    }
  };
  await Promise.all([publish(), look()]);
  return recorder;
}
