// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmCommand } from "./dependencies.mjs";
import { say, seconds } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { countTests } from "./test-counts.mjs";

/** The scripts of package.json that come before the tests, in order: the cheap ones first. */
const STEPS = ["format:check", "lint", "typecheck", "build"];

/**
 * Runs all checks and tests, and prints `N passed, N failed` as the very last line. Stops at the first step that fails,
 * which counts as one failed.
 *
 * @param {{ projectRoot: string, env: NodeJS.ProcessEnv, vitestArgs: readonly string[] }} options
 * @returns {Promise<number>} the exit code
 */
export async function runChecks({ projectRoot, env, vitestArgs }) {
  const [npm, ...npmPrefix] = npmCommand(env);
  for (const step of STEPS) {
    const code = await timed(step, () =>
      runCommand(npm, [...npmPrefix, "run", "--silent", step], { cwd: projectRoot, env, output: "inherit" }),
    );
    if (code !== 0) {
      printCounts({ passed: 0, failed: 1 });
      return 1;
    }
  }
  const reportFolder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  try {
    const report = join(reportFolder, "report.json");
    const code = await timed("vitest", () =>
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

/** @param {{ passed: number, failed: number }} counts */
export function printCounts({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
}

/**
 * @param {string} label
 * @param {() => Promise<import("./run-command.mjs").CommandResult>} action
 * @returns {Promise<number>} the exit code
 */
async function timed(label, action) {
  const start = performance.now();
  const { code } = await action();
  say(`${label}: ${code === 0 ? "passed" : "FAILED"} in ${seconds(performance.now() - start)}`);
  return code;
}
