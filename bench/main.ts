import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { locateNatsServer } from "../scripts/bootstrap/nats-server-locate.mjs";
import { describeMachine } from "./harness/machine.ts";
import { PROJECT_ROOT } from "./harness/project-root.ts";
import { buildReport } from "./report/build-report.ts";
import { plotsOf } from "./report/plots.ts";
import { renderTables } from "./report/render-table.ts";
import type { BenchReport } from "./report/report.ts";
import { floorFaults } from "./report/smoke-floors.ts";
import { runScenarios } from "./run-scenarios.ts";
import { PARTITIONS, SMOKE_PARTITIONS } from "./scenarios/load-shapes.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";

/** As the exit codes of `tributary`: a fault, wrong usage, books that do not balance. */
const Exit = { done: 0, fault: 1, usage: 2, wrongResult: 4, interrupted: 130 } as const;
/** The middle one counts, so that one disturbance does not. */
const DEFAULT_ROUNDS = 3;

interface Options {
  readonly only?: readonly string[];
  readonly smoke?: boolean;
  readonly scale: number;
  readonly rounds: number;
  readonly output?: string;
  readonly json?: boolean;
}

const program = new Command("bench")
  .description(
    "Measures the worker beside other ways to do the same job, on this machine, in one go. Results are compared before\n" +
      `any speed is told. Scenarios: ${SCENARIOS.map(({ name }) => `"${name}"`).join(", ")}.`,
  )
  .option("--only <name>", "a scenario, may be given several times", (name, before?: string[]) => [
    ...(before ?? []),
    name,
  ])
  .option("--smoke", "small loads and generous floors: under a minute, to see that all works")
  .option("--scale <factor>", "factor on the sizes of all loads", factor, 1)
  .option("--rounds <count>", "runs of each contender, in turn", wholeNumber, DEFAULT_ROUNDS)
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

function factor(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("must be greater than 0, 1 at most");
  return value;
}

async function run({ only, smoke: isSmoke = false, scale, ...options }: Options): Promise<number> {
  const unknown = (only ?? []).filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`there is no scenario ${unknown.join(", ")}\n`);
    return Exit.usage;
  }
  const rounds = isSmoke ? 1 : options.rounds;
  const partitions = isSmoke ? SMOKE_PARTITIONS : PARTITIONS;
  const chosen = SCENARIOS.filter(({ name, isInSmoke }) =>
    only === undefined ? !isSmoke || isInSmoke : only.includes(name),
  );
  const { path: natsServer } = await locateNatsServer({ projectRoot: PROJECT_ROOT });
  const { done, results, failures, hasWrongResult } = await runScenarios(chosen, {
    isSmoke,
    scale,
    rounds,
    partitions,
    onProgress: (text) => {
      process.stderr.write(`[bench] ${text}\n`);
    },
  });
  const report = buildReport({
    results,
    failures,
    machine: describeMachine(natsServer),
    date: new Date().toISOString().slice(0, 10),
    scale: isSmoke ? undefined : scale,
    parameters: { partitions, rounds, scale },
  });
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : renderTables(report),
  );
  if (options.output !== undefined) writeReport(report, options.output);
  const faults = isSmoke ? floorFaults(report.rows, done) : [];
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (hasWrongResult) return Exit.wrongResult;
  return failures.length === 0 && faults.length === 0 ? Exit.done : Exit.fault;
}

function writeReport(report: BenchReport, folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(folder, "report.md"), renderTables(report));
  for (const [name, plot] of plotsOf(report)) writeFileSync(join(folder, name), `${plot}\n`);
}

// Files and processes go with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(Exit.interrupted));
await program.parseAsync();
