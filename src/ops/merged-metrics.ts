import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from "prom-client";
import { METRIC_PREFIX } from "./metric-definitions.ts";

/** A metric as data, as it goes from thread to thread. */
export type MetricData = MetricObjectWithValues<MetricValue<string>>;

/** What the main thread tells itself about a worker whose partitions run on other threads. */
const OF_MAIN_THREAD: ReadonlySet<string> = new Set(
  ["worker_state", "event_loop_delay_seconds", "partition_state", "partition_faults_total"].map(
    (name) => METRIC_PREFIX + name,
  ),
);
const ONLY_OF_MAIN_THREAD = `${METRIC_PREFIX}worker_state`;

/**
 * One text for the metrics of a process: those of the process from the main thread, those of the partitions from the
 * threads that run them. Values of the same labels are added, or the least or greatest is taken, as each is defined.
 */
export async function mergeMetrics(
  mainThread: readonly MetricData[],
  threads: readonly (readonly MetricData[])[],
): Promise<string> {
  const own = mainThread.filter(({ name }) => !name.startsWith(METRIC_PREFIX) || OF_MAIN_THREAD.has(name));
  const others = threads.map((metrics) => metrics.filter(({ name }) => name !== ONLY_OF_MAIN_THREAD));
  return AggregatorRegistry.aggregate([own, ...others]).metrics();
}
