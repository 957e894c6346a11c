import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { locateNatsServer } from "../scripts/bootstrap/nats-server-locate.mjs";
import { describeMachine } from "./harness/machine.ts";
import { PROJECT_ROOT } from "./harness/project-root.ts";
import { throughputPlot } from "./report/plots.ts";
import { renderTables } from "./report/render-table.ts";
import { rowsOf, type BenchReport } from "./report/report.ts";
import { floorFaults } from "./report/smoke-floors.ts";
import { targetRows } from "./report/targets.ts";
import { SCENARIOS, scenarioOptions } from "./scenarios/scenarios.ts";
import { throughput, WrongResult, type ThroughputResult } from "./scenarios/throughput.ts";

/** As the exit codes of `tributary`: a fault, wrong usage, books that do not balance. */
const Exit = { done: 0, fault: 1, usage: 2, wrongResult: 4 } as const;

interface Options {
  readonly only?: readonly string[];
  readonly smoke?: boolean;
  readonly events?: number;
  readonly rounds: number;
  readonly output?: string;
  readonly json?: boolean;
}

const program = new Command("bench")
  .description(
    "Measures the worker beside other ways to do the same job, on this machine, in one go. Results are compared before\n" +
      `any speed is told. Scenarios: ${SCENARIOS.map(({ name }) => name).join("; ")}.`,
  )
  .option("--only <names>", "scenarios, comma-separated", (text) =>
    text.split(",").map((name) => name.trim()),
  )
  .option("--smoke", "small loads and generous floors: under a minute, to see that all works")
  .option("--events <count>", "events of each scenario", wholeNumber)
  .option("--rounds <count>", "runs of each contender", wholeNumber, 3)
  .option("--output <folder>", "write report.json, report.md and plots into this folder")
  .option("--json", "print the report as JSON")
  .action(async (options: Options) => {
    process.exitCode = await run(options);
  });

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("must be a whole number, 1 or more");
  return value;
}

async function run(options: Options): Promise<number> {
  const unknown = (options.only ?? []).filter(
    (name) => !SCENARIOS.some((scenario) => scenario.name === name),
  );
  if (unknown.length > 0) {
    process.stderr.write(`there is no scenario ${unknown.join(", ")}\n`);
    return Exit.usage;
  }
  const onProgress = (text: string): void => {
    process.stderr.write(`[bench] ${text}\n`);
  };
  const results: ThroughputResult[] = [];
  const isSmoke = options.smoke === true;
  try {
    for (const scenario of SCENARIOS) {
      if (options.only === undefined ? isSmoke && !scenario.isInSmoke : !options.only.includes(scenario.name))
        continue;
      results.push(
        await throughput({
          ...scenarioOptions(scenario, { isSmoke, events: options.events, rounds: options.rounds }),
          onProgress,
        }),
      );
    }
  } catch (error) {
    if (!(error instanceof WrongResult)) throw error;
    process.stderr.write(`wrong result: ${error.message}\n`);
    return Exit.wrongResult;
  }
  const report = await reportOf(results, options);
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : renderTables(report),
  );
  if (options.output !== undefined) writeReport(report, options.output);
  if (!isSmoke) return Exit.done;
  const faults = floorFaults(report.rows);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  return faults.length === 0 ? Exit.done : Exit.fault;
}

async function reportOf(results: readonly ThroughputResult[], options: Options): Promise<BenchReport> {
  const { path } = await locateNatsServer({ projectRoot: PROJECT_ROOT });
  const rows = results.flatMap(rowsOf);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(path),
    parameters: {
      partitions: results[0]?.partitionCount ?? 0,
      rounds: options.smoke === true ? 1 : options.rounds,
      ...Object.fromEntries(results.map(({ name, shape }) => [`${name}: events`, shape.events])),
      ...Object.fromEntries(results.map(({ name, shape }) => [`${name}: accounts`, shape.accounts])),
    },
    hashes: Object.fromEntries(results.map(({ name, hash }) => [name, hash])),
    rows,
    // A small load is mostly start-up: it says nothing about the targets.
    targets: options.smoke === true ? [] : targetRows(rows, results),
    notes: [
      ...results.flatMap(({ name, skipped }) =>
        skipped.map(({ contender, why }) => `${name}: ${contender} was left out, ${why}.`),
      ),
      ...results.map(
        ({ name, publishedPerSecond, contenders }) =>
          `${name}: published at ${Math.round(publishedPerSecond).toLocaleString("en")} events/s; ` +
          `${Number(contenders[0]?.runs[0]?.notes["windowsRated"] ?? 0).toLocaleString("en")} windows were rated in the timed run.`,
      ),
    ],
  };
}

function writeReport(report: BenchReport, folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(folder, "report.md"), renderTables(report));
  writeFileSync(join(folder, "throughput.svg"), `${throughputPlot(report.rows)}\n`);
}

await program.parseAsync();
