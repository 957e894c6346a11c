import type { BenchReport, ReportRow } from "./report.ts";

export type PlotFile = "throughput.svg" | "growth.svg" | "latency.svg";

/** Rows of scenarios in which the worker stands beside references. */
export function comparedRows({ rows }: Pick<BenchReport, "rows">): ReportRow[] {
  return rows.filter(({ scenario }) =>
    rows.some((row) => row.scenario === scenario && row.workerRatio !== undefined),
  );
}

/** The plots that a report has figures for, with what they show. */
export function plotFilesOf(
  report: Pick<BenchReport, "rows" | "growth" | "latency">,
): { readonly file: PlotFile; readonly shows: string }[] {
  const plots: { readonly file: PlotFile; readonly shows: string; readonly exists: boolean }[] = [
    {
      file: "throughput.svg",
      shows: "Events per second by wire form, beside the references",
      exists: comparedRows(report).length > 0,
    },
    {
      file: "growth.svg",
      shows: "Events per second by accounts and by remembered keys",
      exists: report.growth.length > 0,
    },
    {
      file: "latency.svg",
      shows: "Latency by percentile at half the maximum load",
      exists: report.latency.length > 0,
    },
  ];
  return plots.filter(({ exists }) => exists).map(({ file, shows }) => ({ file, shows }));
}
