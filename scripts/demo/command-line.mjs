// @ts-check
import { fileURLToPath } from "node:url";
import { runCommand } from "../bootstrap/run-command.mjs";
import { childEnvironment } from "./child-process.mjs";
import { DemoFault } from "./wait.mjs";

/** The built command line, as `tributary`. */
export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;

/**
 * Runs a command of `tributary`.
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export async function tributary(args) {
  return runCommand(process.execPath, [MAIN, ...args], {
    env: childEnvironment(),
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
}

/**
 * Runs a command with `--json` and returns what it printed.
 * @param {readonly string[]} args
 * @param {readonly number[]} [codes] exit codes that come with an answer
 * @returns {Promise<any>}
 */
export async function tributaryJson(args, codes = [0]) {
  const { code, stdout, stderr } = await tributary([...args, "--json"]);
  if (!codes.includes(code))
    throw new DemoFault(`tributary ${args.join(" ")} ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout);
}
