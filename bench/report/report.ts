import type { Machine } from "../harness/machine.ts";
import { eventsPerSecond, type Measurement } from "../harness/measurement.ts";
import type { ThroughputResult } from "../scenarios/throughput.ts";
import { median } from "./statistics.ts";

/** One contender of one scenario: medians over its runs. */
export interface ReportRow {
  readonly scenario: string;
  readonly contender: string;
  readonly runs: number;
  readonly eventsPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssBytes: number;
  /** How many times as fast the worker is, run by run, then the median; undefined for the worker itself. */
  readonly workerRatio: number | undefined;
}

/** A row of the table of targets. */
export interface TargetRow {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly verdict: "met" | "missed" | "not measured";
}

export interface BenchReport {
  readonly date: string;
  readonly machine: Machine;
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly hashes: Readonly<Record<string, string>>;
  readonly rows: readonly ReportRow[];
  readonly targets: readonly TargetRow[];
  readonly notes: readonly string[];
}

/** Rows of a scenario. Ratios pair the runs of one round: they had the machine in the same state. */
export function rowsOf({ name, contenders }: ThroughputResult): ReportRow[] {
  const worker = contenders.find(({ contender }) => contender === "tributary")?.runs ?? [];
  return contenders.map(({ contender, runs }) => {
    const speeds = runs.map(eventsPerSecond);
    const ratios = runs.flatMap((run, round) => {
      const other = worker[round];
      return other === undefined ? [] : [eventsPerSecond(other) / eventsPerSecond(run)];
    });
    return {
      scenario: name,
      contender,
      runs: runs.length,
      eventsPerSecond: median(speeds),
      slowest: Math.min(...speeds),
      fastest: Math.max(...speeds),
      cpuSecondsPerMillion: median(runs.map(cpuSecondsPerMillion)),
      peakRssBytes: Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)),
      workerRatio: contender === "tributary" || ratios.length === 0 ? undefined : median(ratios),
    };
  });
}

function cpuSecondsPerMillion({ cpuSeconds, events }: Measurement): number {
  return (cpuSeconds / events) * 1e6;
}
