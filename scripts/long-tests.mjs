// @ts-check
/**
 * Runs the long forms of test suites, all of them or those that are named, one after the other:
 *
 *   node scripts/long-tests.mjs [suite…]
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { say, withProgress } from "./bootstrap/progress.mjs";
import { runCommand } from "./bootstrap/run-command.mjs";
import { LONG_SUITES } from "./long-tests/suites.mjs";

const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * @param {string} name
 * @param {import("./long-tests/suites.mjs").LongSuite} suite
 * @returns {Promise<boolean>} whether all of its tests pass
 */
async function passes(name, { files, env }) {
  const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
  // However long it takes: deadlines are meant for the short forms.
  const args = [vitest, "run", "--allowOnly=false", "--testTimeout=0", ...files];
  const { code } = await withProgress(name, () =>
    runCommand(process.execPath, args, {
      cwd: projectRoot,
      env: { ...process.env, TRIBUTARY_LONG: "1", ...env },
      output: "inherit",
    }),
  );
  return code === 0;
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => LONG_SUITES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `there is no suite ${unknown.join(", ")}; there are ${Object.keys(LONG_SUITES).join(", ")}\n`,
  );
  process.exitCode = EXIT_USAGE;
} else {
  /** @type {string[]} */
  const failed = [];
  for (const [name, suite] of Object.entries(LONG_SUITES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    if (!(await passes(name, suite))) failed.push(name);
  }
  if (failed.length > 0) {
    say(`failed: ${failed.join(", ")}`);
    process.exitCode = EXIT_FAILED;
  }
}
