import type { Machine } from "../harness/machine.ts";
import { eventsPerSecond, type Measurement } from "../harness/measurement.ts";
import type { LatencyCurve } from "../harness/latency-recorder.ts";
import type { GrowthPoint } from "../scenarios/scenario.ts";
import type { ThroughputResult } from "../scenarios/throughput.ts";
import type { Figures } from "./figures.ts";
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
  readonly verdict: "met" | "missed" | "not measured" | "for information";
}

/** What a run of the benchmark says, as it is written to report.json. */
export interface BenchReport {
  /** Year, month and day, UTC. */
  readonly date: string;
  readonly machine: Machine;
  /** True for a run at the sizes that the targets are about. */
  readonly isFull: boolean;
  readonly parameters: Readonly<Record<string, number | string>>;
  /** By what was run: the hash that all results of it have. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly rows: readonly ReportRow[];
  readonly figures: Figures;
  readonly growth: readonly GrowthPoint[];
  readonly latency: LatencyCurve;
  readonly targets: readonly TargetRow[];
  readonly notes: readonly string[];
  /** Scenarios that failed, and why. */
  readonly failures: readonly { readonly scenario: string; readonly message: string }[];
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

export function cpuSecondsPerMillion({
  cpuSeconds,
  events,
}: Pick<Measurement, "cpuSeconds" | "events">): number {
  return (cpuSeconds / events) * 1e6;
}
