import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ChaosReport, reportTable } from "../support/chaos/chaos-report.ts";
import type { Assignment } from "../support/chaos/schedule.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";

const HELP = `npm run chaos -- [--seed N] [--seeds N] [--minutes M] [--assignment static|elastic] [--erps KEYS] [--write] [--keep-logs]

Runs three brokers and three workers under load while they are killed, paused and cut off, and compares what came of it.

  --seed N          the schedule and the load follow from it; a random one where it is not given
  --seeds N         so many runs one after another, with the seeds from --seed on (1 where that is not given)
  --minutes M       how long things fail in each run, 0.25 to 15 (2)
  --assignment A    static: each worker has its partitions and its disk; elastic: leases say who has which (static)
  --erps KEYS       simulated ERPs, with commas between (business-central,drop)
  --write           keeps the results in test/chaos/results/; --seeds does so by itself
  --keep-logs       keeps the logs of runs that go well, too
  --help            this text

Exit code 0: all is as it must be; 1: something differs, and the logs are in the folder that is named; 2: wrong usage.
`;

const EXIT_DIFFERS = 1;
const EXIT_USAGE = 2;
const LEAST_MINUTES = 0.25;
const MOST_MINUTES = 15;
const MOST_SEEDS = 1_000;
const MOST_SEED = 2 ** 32 - 1;
const MINUTE_MS = 60_000;
const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

interface Options {
  readonly seeds: readonly number[];
  readonly minutes: number;
  readonly assignment: Assignment;
  readonly erps: string;
  readonly isWritten: boolean;
  readonly keepsAllLogs: boolean;
}

/** @throws {RangeError} what is wrong with them */
function optionsOf(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string", default: "2" },
      assignment: { type: "string", default: "static" },
      erps: { type: "string", default: "business-central,drop" },
      write: { type: "boolean", default: false },
      "keep-logs": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const number = (name: string, text: string, least: number, most: number): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most))
      throw new RangeError(`--${name} must be a number from ${least} to ${most}`);
    return value;
  };
  const integer = (name: string, text: string, least: number, most: number): number => {
    const value = number(name, text, least, most);
    if (!Number.isInteger(value)) throw new RangeError(`--${name} must be a whole number`);
    return value;
  };
  const count = integer("seeds", values.seeds ?? "1", 1, MOST_SEEDS);
  const random = String(values.seeds === undefined ? Math.floor(Math.random() * MOST_SEED) : 1);
  const first = integer("seed", values.seed ?? random, 0, MOST_SEED - MOST_SEEDS);
  if (values.assignment !== "static" && values.assignment !== "elastic")
    throw new RangeError("--assignment must be static or elastic");
  return {
    seeds: Array.from({ length: count }, (_, index) => first + index),
    minutes: number("minutes", values.minutes, LEAST_MINUTES, MOST_MINUTES),
    assignment: values.assignment,
    erps: values.erps,
    isWritten: values.write || values.seeds !== undefined,
    keepsAllLogs: values["keep-logs"],
  };
}

/** Runs a seed as a test of its own; its report, undefined where something differs. */
async function run(seed: number, options: Options, folder: string): Promise<ChaosReport | undefined> {
  const reportFile = join(folder, `${seed}.json`);
  const vitest = join(PROJECT_ROOT, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [vitest, "run", "--project", "long", "--allowOnly=false", "test/chaos/chaos.test.ts"],
    {
      cwd: PROJECT_ROOT,
      env: {
        ...process.env,
        TRIBUTARY_LONG: "1",
        TRIBUTARY_CHAOS_SEED: String(seed),
        TRIBUTARY_CHAOS_FAULTS_MS: String(Math.round(options.minutes * MINUTE_MS)),
        TRIBUTARY_CHAOS_ASSIGNMENT: options.assignment,
        TRIBUTARY_CHAOS_ERPS: options.erps,
        TRIBUTARY_CHAOS_REPORT: reportFile,
        TRIBUTARY_CHAOS_KEEP_LOGS: options.keepsAllLogs ? "1" : "",
      },
      stdio: "inherit",
    },
  );
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) return undefined;
  const report: ChaosReport = JSON.parse(readFileSync(reportFile, "utf8"));
  return report;
}

async function main(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-chaos-reports-"));
  const reports: ChaosReport[] = [];
  const failed: number[] = [];
  try {
    for (const seed of options.seeds) {
      const report = await run(seed, options, folder);
      if (report === undefined) failed.push(seed);
      else reports.push(report);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.isWritten) write(options, reports, failed);
  process.stdout.write(reportTable(reports));
  process.stdout.write(`${reports.length} of ${options.seeds.length} seeds as they must be\n`);
  if (failed.length === 0) return;
  process.stdout.write(`seeds that differ: ${failed.join(", ")}\n`);
  process.exitCode = EXIT_DIFFERS;
}

function write(options: Options, reports: readonly ChaosReport[], failed: readonly number[]): void {
  const machine = {
    node: process.version,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const at = new Date().toISOString();
  const results = { at, machine, minutes: options.minutes, assignment: options.assignment, failed, reports };
  mkdirSync(RESULTS, { recursive: true });
  const name = `${at.slice(0, "2026-01-01".length)}-${options.assignment}-${options.seeds[0]}-${options.seeds.length}`;
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.txt`), reportTable(reports));
}

let options: Options | "help" | undefined;
try {
  options = optionsOf(process.argv.slice(2));
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n${HELP}`);
  process.exitCode = EXIT_USAGE;
}
if (options === "help") process.stdout.write(HELP);
else if (options !== undefined) await main(options);
