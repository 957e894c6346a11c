import { existsSync, readFileSync } from "node:fs";
import { plotFilesOf } from "../../bench/report/plot-files.ts";
import {
  figureTable,
  machineLine,
  parameterLines,
  targetTable,
  throughputTable,
} from "../../bench/report/render-table.ts";
import { figureIds } from "../../bench/report/figures.ts";
import type { BenchReport } from "../../bench/report/report.ts";

/** Where `npm run bench -- --output bench/results` writes the run that is committed. */
export const COMMITTED_REPORT = "bench/results/report.json";
const MARKERS = { begin: "<!-- benchmarks -->", end: "<!-- /benchmarks -->" } as const;
const NO_RUN = "No run is committed yet: `npm run bench` measures on your machine.";

/** The committed run; undefined while there is none. */
export function committedReport(projectRoot: URL, path = COMMITTED_REPORT): BenchReport | undefined {
  const file = new URL(path, projectRoot);
  if (!existsSync(file)) return undefined;
  const report: BenchReport = JSON.parse(readFileSync(file, "utf8"));
  return report;
}

/** docs/benchmarks.md. */
export function renderBenchmarksPage(report: BenchReport | undefined): string {
  return `${[
    "# Benchmarks",
    "",
    "Figures differ from machine to machine, ratios hardly: the worker and the references drain the same streams one after the",
    "other, in turn, in one command, and a ratio is the median over the rounds. Totals are compared before any speed is told: a",
    "wrong result ends the command with exit code 4. In the timed runs fsync is on, deduplication is exact, counts balance. What",
    "the references are, and what each scenario does, is in [bench/README.md](../bench/README.md); where the time goes, in",
    "[performance.md](performance.md). Written from `bench/results/report.json` by `npm run docs`.",
    "",
    "```sh",
    "npm run bench -- --output bench/results",
    "npm run docs",
    "```",
    "",
    ...(report === undefined ? [NO_RUN] : runSections(report)),
  ].join("\n")}\n`;
}

function runSections(report: BenchReport): string[] {
  const { targets, rows, figures, notes, failures } = report;
  return [
    machineLine(report),
    "",
    ...failures.flatMap(({ scenario, message }) => [`**The scenario “${scenario}” failed:** ${message}`, ""]),
    "## Targets",
    "",
    "Rows marked ● must be met, the others are aims.",
    "",
    ...targetTable(targets),
    "",
    "## Throughput",
    "",
    "“The worker is” says how many times as fast as the contender of the row it is.",
    "",
    ...throughputTable(rows),
    "",
    ...plotFilesOf(report).flatMap(({ file, shows }) => [`![${shows}](../bench/results/${file})`, ""]),
    "## Further figures",
    "",
    ...figureTable(figures),
    "",
    "## Parameters and results",
    "",
    ...parameterLines(report),
    ...notes.map((note) => `- ${note}`),
  ];
}

/** The README with its quotation of the committed run brought up to date. Throws where its markers are missing. */
export function withBenchmarks(readme: string, report: BenchReport | undefined): string {
  const begin = readme.indexOf(MARKERS.begin);
  const end = readme.indexOf(MARKERS.end);
  if (begin < 0 || end < begin) throw new RangeError(`the README needs ${MARKERS.begin} and ${MARKERS.end}`);
  const quotation =
    report === undefined
      ? [NO_RUN]
      : [
          machineLine(report),
          "",
          ...targetTable(report.targets.filter(({ verdict }) => verdict !== "not measured")),
        ];
  return [readme.slice(0, begin + MARKERS.begin.length), "", ...quotation, "", readme.slice(end)].join("\n");
}

/** Where `npm run bench -- --only fleet --only failover --output …` writes the run that docs/scaling.md quotes. */
export const FLEET_REPORT = "bench/results/fleet/report.json";

const COST = /<!-- cost: ([\w, ]+) -->[\d.]+<!-- \/cost -->/g;

/**
 * A page with the costs that it quotes of a whole run brought up to date: microseconds of processor time an event costs the worker in a scenario.
 * Throws where the run lacks one of them.
 */
export function withCosts(page: string, report: BenchReport): string {
  return page.replaceAll(COST, (_, scenario: string) => {
    const row = report.rows.find((each) => each.scenario === scenario && each.contender === "tributary");
    if (row === undefined) throw new RangeError(`the run has no scenario ${scenario}`);
    return `<!-- cost: ${scenario} -->${row.cpuSecondsPerMillion.toFixed(1)}<!-- /cost -->`;
  });
}

const QUOTATION = /<!-- figures: ([\w, ]+) -->\n[\s\S]*?<!-- \/figures -->/g;

/**
 * A page with its quotations of a run's figures brought up to date. What an older run has not measured is told as not measured. Throws where there is no
 * such figure.
 */
export function withFigures(page: string, report: BenchReport): string {
  return page.replaceAll(QUOTATION, (_, names: string) => {
    const wanted = names.split(",").map((name) => name.trim());
    const known = figureIds();
    const unknown = wanted.find((name) => !known.some((id) => id === name));
    if (unknown !== undefined) throw new RangeError(`there is no figure ${unknown}`);
    const ids = known.filter((id) => wanted.includes(id));
    return [
      `<!-- figures: ${names} -->`,
      "",
      ...figureTable(report.figures, ids),
      "",
      "<!-- /figures -->",
    ].join("\n");
  });
}
