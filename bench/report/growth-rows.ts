import { eventsPerSecond, type Measurement } from "../harness/measurement.ts";
import { cpuSecondsPerMillion, type ReportRow } from "./report.ts";
import { median } from "./statistics.ts";

type Run = Pick<Measurement, "events" | "seconds" | "cpuSeconds" | "peakRssBytes">;

/** The row of a worker that was measured by itself, not beside references. */
export function rowOfRuns(scenario: string, contender: string, runs: readonly Run[]): ReportRow {
  const speeds = runs.map(eventsPerSecond);
  return {
    scenario,
    contender,
    runs: runs.length,
    eventsPerSecond: median(speeds),
    slowest: Math.min(...speeds),
    fastest: Math.max(...speeds),
    cpuSecondsPerMillion: median(runs.map(cpuSecondsPerMillion)),
    peakRssBytes: Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)),
    workerRatio: undefined,
  };
}

/** How `many` compares with `few`, round by round, then the median: the runs of a round had the machine in the same state. */
export function pairedRatio(many: readonly number[], few: readonly number[]): number {
  return median(many.flatMap((value, round) => (few[round] === undefined ? [] : [value / few[round]])));
}
