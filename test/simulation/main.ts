import { fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  addTotals,
  noTotals,
  type SimulationReport,
  type ViolatedSchedule,
} from "../support/fleet/simulation-report.ts";
import type { RangeResult, SeedRange } from "./schedules-process.ts";

const HELP = `npm run simulation -- [--schedules N] [--first-seed N] [--processes N] [--write]

Simulates a partition and the processes that want to own it, by seeded schedules: they die, sleep past their leases, lose their disks, begin with old
snapshots, and get no answers. After each, what was published must be what the logs say, once, and the state their function.

  --schedules N     so many (10000)
  --first-seed N    the seed of the first one; the others follow (1)
  --processes N     run at the same time (one for each core)
  --write           keeps the result in test/simulation/results/
  --help            this text

Exit code 0: no schedule violated an invariant; 1: those that are named did; 2: wrong usage.
One schedule again: --schedules 1 --first-seed N.
`;

const EXIT_VIOLATED = 1;
const EXIT_USAGE = 2;
const MOST_SCHEDULES = 10_000_000;
const MOST_SEED = 2 ** 31;
const MOST_PROCESSES = 256;
/** Some seconds' work: progress is told as often, and no process waits long for the last one. */
const SCHEDULES_A_RANGE = 50;
const PROGRESS_INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;
/** Engines come and go: with V8's own limit for young objects a tenth of the time goes to the garbage collector. */
const NODE_OPTIONS = ["--import", "tsx", "--max-semi-space-size=64"];
const RESULTS = fileURLToPath(new URL("results/", import.meta.url));
const CHILD = fileURLToPath(new URL("schedules-process.ts", import.meta.url));

interface Options {
  readonly schedules: number;
  readonly firstSeed: number;
  readonly processes: number;
  readonly isWritten: boolean;
}

/** @throws {RangeError} what is wrong with them */
function optionsOf(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      schedules: { type: "string", default: "10000" },
      "first-seed": { type: "string", default: "1" },
      processes: { type: "string", default: String(availableParallelism()) },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const integer = (name: string, text: string, least: number, most: number): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`--${name} must be a whole number from ${least} to ${most}`);
    return value;
  };
  return {
    schedules: integer("schedules", values.schedules, 1, MOST_SCHEDULES),
    firstSeed: integer("first-seed", values["first-seed"], 0, MOST_SEED),
    processes: integer("processes", values.processes, 1, MOST_PROCESSES),
    isWritten: values.write,
  };
}

async function simulate({ schedules, firstSeed, processes }: Options): Promise<SimulationReport> {
  const at = new Date().toISOString();
  const beganMs = performance.now();
  const totals = noTotals();
  const violated: ViolatedSchedule[] = [];
  let nextSeed = firstSeed;
  const takeRange = (): SeedRange | undefined => {
    const first = nextSeed;
    const count = Math.min(SCHEDULES_A_RANGE, firstSeed + schedules - first);
    nextSeed += count;
    return count === 0 ? undefined : { first, count };
  };
  const perMinute = (): number => totals.schedules / ((performance.now() - beganMs) / MINUTE_MS);
  const progress = setInterval(() => {
    const leftMinutes = (schedules - totals.schedules) / perMinute();
    process.stdout.write(
      `${totals.schedules} of ${schedules} schedules, ${Math.round(perMinute())} a minute, ${Math.ceil(leftMinutes)} min to go\n`,
    );
  }, PROGRESS_INTERVAL_MS);
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(CHILD, [], { execArgv: NODE_OPTIONS });
      const give = (): void => {
        const range = takeRange();
        if (range === undefined) child.disconnect();
        else child.send(range);
      };
      child.on("message", (result: RangeResult) => {
        addTotals(totals, result.totals);
        for (const each of result.violated) {
          process.stdout.write(`seed ${each.seed}: ${each.message}\n`);
          violated.push(each);
        }
        give();
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`a process of the simulation ended with ${String(code ?? signal)}`));
      });
      give();
    });
  try {
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    clearInterval(progress);
  }
  const machine = {
    node: process.version,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const elapsedMs = Math.round(performance.now() - beganMs);
  return { at, machine, firstSeed, processes, elapsedMs, totals, violated };
}

async function main(options: Options): Promise<void> {
  const report = await simulate(options);
  const { totals, violated, elapsedMs, at, firstSeed } = report;
  if (options.isWritten) {
    mkdirSync(RESULTS, { recursive: true });
    const name = `${at.slice(0, "2026-01-01".length)}-${firstSeed}-${totals.schedules}.json`;
    writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(
    `${totals.schedules} schedules in ${(elapsedMs / MINUTE_MS).toFixed(1)} min: ${totals.processes} processes, ${totals.owners} owners, ` +
      `${totals.published} publications, ${totals.documents} documents; stopped: ${JSON.stringify(totals.stops)}\n` +
      `${violated.length} violated an invariant\n`,
  );
  if (violated.length > 0) process.exitCode = EXIT_VIOLATED;
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
