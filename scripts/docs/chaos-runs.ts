import { readdirSync, readFileSync } from "node:fs";
import type { ChaosReport } from "../../test/support/chaos/chaos-report.ts";
import type { Assignment } from "../../test/support/chaos/schedule.ts";

/** Where `npm run chaos -- --seeds N` writes its results. */
export const CHAOS_RESULTS = "test/chaos/results/";

/** Several seeds that were run one after another. */
export interface ChaosRuns {
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly machine: { readonly node: string; readonly cores: number; readonly memoryGiB: number };
  /** How long things failed in each run. */
  readonly minutes: number;
  readonly assignment: Assignment;
  /** Seeds whose result was not as it must be. */
  readonly failed: readonly number[];
  readonly reports: readonly ChaosReport[];
}

/** The committed results, in the order of their names. */
export function committedChaosRuns(projectRoot: URL): readonly ChaosRuns[] {
  const folder = new URL(CHAOS_RESULTS, projectRoot);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name): ChaosRuns => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
}

const MARKERS = { begin: "<!-- chaos runs -->", end: "<!-- /chaos runs -->" } as const;

/** A page with its table of the committed runs brought up to date. Throws where it has no place for it. */
export function withChaosRuns(page: string, runs: readonly ChaosRuns[]): string {
  const begin = page.indexOf(MARKERS.begin);
  const end = page.indexOf(MARKERS.end);
  if (begin < 0 || end < begin) throw new RangeError(`the page needs ${MARKERS.begin} and ${MARKERS.end}`);
  const table = [
    "| run of | assignment | seeds | faults, for each seed | faults | messages | events | documents in ERPs | longest without progress | settled after, at most | differed |",
    "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ...runs.map(rowOf),
  ];
  return [page.slice(0, begin + MARKERS.begin.length), "", ...table, "", page.slice(end)].join("\n");
}

function rowOf({ at, assignment, minutes, failed, reports }: ChaosRuns): string {
  const seeds = [...failed, ...reports.map(({ seed }) => seed)].toSorted((a, b) => a - b);
  const sum = (of: (report: ChaosReport) => number): string =>
    reports.reduce((total, report) => total + of(report), 0).toLocaleString("en");
  const most = (of: (report: ChaosReport) => number): string =>
    `${Math.ceil(Math.max(0, ...reports.map(of)) / 1_000)} s`;
  const cells = [
    at.slice(0, "2026-01-01".length),
    assignment,
    `${seeds[0] ?? ""} to ${seeds.at(-1) ?? ""}`,
    `${minutes} min`,
    sum(({ faults }) => Object.values(faults).reduce((total, count) => total + count, 0)),
    sum(({ messages }) => messages),
    sum(({ counts }) => counts.read),
    sum(({ erps }) => Object.values(erps).reduce((total, { documents }) => total + documents, 0)),
    most(({ longestWithoutProgress }) => longestWithoutProgress.durationMs),
    most(({ settledMs }) => settledMs),
    failed.length === 0 ? "none" : failed.join(", "),
  ];
  return `| ${cells.join(" | ")} |`;
}
