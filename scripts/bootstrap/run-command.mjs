// @ts-check
import { spawn } from "node:child_process";

/** What a command that does not end on SIGTERM gets before SIGKILL. */
const KILL_AFTER_MS = 2_000;
/** The exit code that shells give to a command that could not be started. */
const NOT_STARTED = 127;

/**
 * @typedef {object} CommandResult
 * @property {number} code exit code; 127 when the command could not be started, 128 when a signal ended it
 * @property {string} stdout empty unless captured
 * @property {string} stderr empty unless captured
 * @property {boolean} timedOut
 */

/**
 * Runs a command without a shell and waits for its end. Never throws: the caller judges the exit code.
 * SIGINT and SIGTERM that reach this process while the command runs are passed on to it.
 *
 * `output`: "capture" collects both streams; "progress" sends both to stderr; "inherit" leaves them as they are.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, output?: "capture" | "progress" | "inherit" }} [options]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, options = {}) {
  const { cwd, env = process.env, timeoutMs, output = "capture" } = options;
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      shell: false,
      stdio: output === "inherit" ? "inherit" : ["ignore", ...streams(output)],
    });
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (stderr += text));

    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", forward);
    process.on("SIGTERM", forward);
    /** @type {NodeJS.Timeout[]} */
    const timers = [];
    if (timeoutMs !== undefined) {
      timers.push(
        setTimeout(() => {
          timedOut = true;
          child.kill("SIGTERM");
          timers.push(setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS));
        }, timeoutMs),
      );
    }

    /** @param {number} code */
    const finish = (code) => {
      for (const timer of timers) clearTimeout(timer);
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
      resolve({ code, stdout, stderr, timedOut });
    };
    child.once("error", (error) => {
      stderr += error.message;
      finish(NOT_STARTED);
    });
    child.once("close", (code) => finish(code ?? 128));
  });
}

/**
 * @param {"capture" | "progress"} output
 * @returns {["pipe", "pipe"] | [2, 2]}
 */
function streams(output) {
  return output === "capture" ? ["pipe", "pipe"] : [2, 2];
}

/**
 * The end of a command's output, for a message about its failure.
 * @param {CommandResult} result
 * @param {number} [lineCount]
 * @returns {string}
 */
export function lastLines(result, lineCount = 3) {
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").filter((line) => line.trim() !== "");
  const text = lines.slice(-lineCount).join(" / ");
  return result.timedOut ? `timed out; ${text}` : text;
}
