import type { LatencyCurve } from "../harness/latency-recorder.ts";
import type { Figures } from "../report/figures.ts";
import type { ReportRow } from "../report/report.ts";

export interface ScenarioContext {
  /** Small loads, one round: to see that all works. */
  readonly isSmoke: boolean;
  /** Runs of each contender, in turn. */
  readonly rounds: number;
  /** Factor on the sizes of a full run. */
  readonly scale: number;
  /** Partitions of the streams, all of one worker. */
  readonly partitions: number;
  readonly onProgress: (text: string) => void;
}

/** Throughput at a size of the state. */
export interface GrowthPoint {
  readonly of: "accounts" | "remembered keys";
  readonly count: number;
  readonly eventsPerSecond: number;
}

export interface ScenarioResult {
  readonly rows?: readonly ReportRow[];
  readonly figures?: Figures;
  /** Hash that all results have, by what was run. */
  readonly hashes?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, number | string>>;
  readonly latency?: LatencyCurve;
  readonly growth?: readonly GrowthPoint[];
  readonly notes?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly isInSmoke: boolean;
  /** Throws WrongResult where totals are not those of the load. */
  run(context: ScenarioContext): Promise<ScenarioResult>;
}

/** A size of a full run for this run. */
export function sized(context: ScenarioContext, full: number, smoke: number): number {
  return context.isSmoke ? smoke : Math.max(smoke, Math.round(full * context.scale));
}
