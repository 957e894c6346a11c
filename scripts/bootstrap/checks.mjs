// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmCommand } from "./dependencies.mjs";
import { say, seconds } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { countTests } from "./test-counts.mjs";

/** The scripts of package.json that come before the tests, in lanes that run side by side and take about the same time. */
const LANES = [["format:check"], ["build", "typecheck", "lint"]];

/**
 * Runs all checks and tests, and prints `N passed, N failed` as the very last line. The tests run where all steps before them
 * have passed; each of those that has not counts as one failed.
 *
 * @param {{ projectRoot: string, env: NodeJS.ProcessEnv, vitestArgs: readonly string[] }} options
 * @returns {Promise<number>} the exit code
 */
export async function runChecks({ projectRoot, env, vitestArgs }) {
  const failed = await runLanes(projectRoot, env);
  if (failed > 0) {
    printCounts({ passed: 0, failed });
    return 1;
  }
  const reportFolder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  try {
    const report = join(reportFolder, "report.json");
    const { code } = await timed("vitest", () =>
      runCommand(
        process.execPath,
        [
          join(projectRoot, "node_modules/vitest/vitest.mjs"),
          "run",
          "--allowOnly=false",
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${report}`,
          ...vitestArgs,
        ],
        { cwd: projectRoot, env, output: "inherit" },
      ),
    );
    const counts = countTests(existsSync(report) ? readFileSync(report, "utf8") : undefined, code);
    printCounts(counts);
    return counts.failed === 0 ? 0 : 1;
  } finally {
    rmSync(reportFolder, { recursive: true, force: true });
  }
}

/**
 * @param {string} projectRoot
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} how many steps failed; those behind one of them in its lane were not run
 */
async function runLanes(projectRoot, env) {
  const [npm, ...npmPrefix] = npmCommand(env);
  /** @param {string} step */
  const passes = async (step) => {
    // Collected, so that what two steps say does not mix.
    const run = () => runCommand(npm, [...npmPrefix, "run", "--silent", step], { cwd: projectRoot, env });
    const { code, stdout, stderr } = await timed(step, run);
    if (code !== 0) process.stderr.write(`${stdout}${stderr}`);
    return code === 0;
  };
  const lanes = LANES.map(async (steps) => {
    for (const step of steps) if (!(await passes(step))) return false;
    return true;
  });
  return (await Promise.all(lanes)).filter((passed) => !passed).length;
}

/** @param {{ passed: number, failed: number }} counts */
export function printCounts({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
}

/**
 * @param {string} label
 * @param {() => Promise<import("./run-command.mjs").CommandResult>} action
 */
async function timed(label, action) {
  const start = performance.now();
  const result = await action();
  say(`${label}: ${result.code === 0 ? "passed" : "FAILED"} in ${seconds(performance.now() - start)}`);
  return result;
}
