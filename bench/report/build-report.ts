import type { Machine } from "../harness/machine.ts";
import type { ScenarioResult } from "../scenarios/scenario.ts";
import type { BenchReport } from "./report.ts";
import { targetRows } from "./targets.ts";

export interface ReportParts {
  readonly results: readonly ScenarioResult[];
  readonly failures: BenchReport["failures"];
  readonly machine: Machine;
  readonly date: string;
  /** Factor on the sizes that the targets are about; undefined for a smoke run, which says nothing about them. */
  readonly scale: number | undefined;
  readonly parameters: BenchReport["parameters"];
}

/** Puts together what all scenarios say. */
export function buildReport({
  results,
  failures,
  machine,
  date,
  scale,
  parameters,
}: ReportParts): BenchReport {
  const rows = results.flatMap((result) => result.rows ?? []);
  const figures = merged(results.map((result) => result.figures ?? {}));
  return {
    date,
    machine,
    isFull: scale === 1,
    parameters: { ...parameters, ...merged(results.map((result) => result.parameters ?? {})) },
    hashes: merged(results.map((result) => result.hashes ?? {})),
    rows,
    figures,
    growth: results.flatMap((result) => result.growth ?? []),
    latency: results.flatMap((result) => result.latency ?? []),
    targets: scale === undefined ? [] : targetRows({ rows, figures }),
    notes: [
      ...(scale === undefined || scale === 1
        ? []
        : [`Sizes are ${scale} of those that the targets are about: verdicts are for orientation.`]),
      ...results.flatMap((result) => result.notes ?? []),
    ],
    failures,
  };
}

function merged<T extends object>(parts: readonly T[]): T {
  return Object.assign({}, ...parts);
}
