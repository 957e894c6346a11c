import { FIGURES, figureIds, formatFigure, type FigureId, type Figures } from "./figures.ts";
import type { BenchReport, ReportRow, TargetRow } from "./report.ts";

/** The report for a terminal and for documents: Markdown. */
export function renderTables(report: BenchReport): string {
  const { rows, targets, figures, failures, notes } = report;
  const sections = [
    [machineLine(report)],
    ...(failures.length === 0
      ? []
      : [failures.map(({ scenario, message }) => `**The scenario “${scenario}” failed:** ${message}`)]),
    ...(targets.length === 0 ? [] : [targetTable(targets)]),
    ...(rows.length === 0 ? [] : [throughputTable(rows)]),
    ...(Object.keys(figures).length === 0 ? [] : [figureTable(figures)]),
    parameterLines(report),
    notes,
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** When and where it was measured. */
export function machineLine({ date, machine }: Pick<BenchReport, "date" | "machine">): string {
  const versions = [
    `Node ${machine.node}`,
    `nats-server ${machine.natsServer}`,
    `SQLite ${machine.sqlite}`,
    `DuckDB ${machine.duckdb}`,
    ...(machine.postgres === "" ? [] : [machine.postgres]),
  ];
  return (
    `Measured on ${date}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, files on ${machine.fileSystem}, ` +
    `${versions.join(", ")}.`
  );
}

export function targetTable(targets: readonly TargetRow[]): string[] {
  return [
    "| target | wanted | measured | |",
    "| --- | --- | ---: | --- |",
    ...targets.map(
      ({ what, target, measured, verdict }) => `| ${what} | ${target} | ${measured} | ${verdict} |`,
    ),
  ];
}

export function throughputTable(rows: readonly ReportRow[]): string[] {
  return [
    "| scenario | contender | events/s | min – max | the worker is | CPU s per M events | peak RSS |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows.map(
      (row) =>
        `| ${row.scenario} | ${row.contender} | ${whole(row.eventsPerSecond)} | ${whole(row.slowest)} – ${whole(row.fastest)} | ` +
        `${row.workerRatio === undefined ? "" : `${row.workerRatio.toFixed(2)} ×`} | ${row.cpuSecondsPerMillion.toFixed(2)} | ` +
        `${whole(row.peakRssBytes / 2 ** 20)} MiB |`,
    ),
  ];
}

/** @param ids those that are told, also where they were not measured; all that were measured where absent */
export function figureTable(figures: Figures, ids?: readonly FigureId[]): string[] {
  const told = ids ?? figureIds().filter((id) => figures[id] !== undefined);
  return [
    "| figure | measured |",
    "| --- | ---: |",
    ...told.map((id) => {
      const value = figures[id];
      return `| ${FIGURES[id].label} | ${value === undefined ? "not measured" : formatFigure(id, value)} |`;
    }),
  ];
}

/** What was run, and the hashes of its results: another run with these parameters and another hash is a wrong one. */
export function parameterLines({ parameters, hashes }: Pick<BenchReport, "parameters" | "hashes">): string[] {
  return [
    ...Object.entries(parameters).map(
      ([name, value]) => `- ${name}: ${typeof value === "number" ? value.toLocaleString("en") : value}`,
    ),
    ...Object.entries(hashes).map(
      ([name, hash]) => `- ${name}: all results have the hash ${hash.slice(0, 16)}`,
    ),
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
