// @ts-check
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { guardProcess } from "../nats-server/guard.mjs";

const LOG_TAIL_LINES = 15;

/**
 * @typedef {object} ChildOptions
 * @property {readonly string[]} args of Node
 * @property {string} logFile takes what it prints, appended; standard output not where `onLine` is given
 * @property {Readonly<Record<string, string>>} [environment] variables beside those of this process
 * @property {(line: string) => void} [onLine] told each line of standard output
 * @property {boolean} [takesLines] whether `write` can be used
 */

/** A Node process of ours. It does not outlive this one, however this one ends. */
export class ChildProcess {
  /** @type {import("node:child_process").ChildProcess} */
  #child;
  /** @type {Promise<string>} */
  #ended;
  #logFile;

  /** @param {ChildOptions} options */
  constructor({ args, logFile, environment, onLine, takesLines = false }) {
    this.#logFile = logFile;
    const log = openSync(logFile, "a");
    // A process group of its own: Ctrl-C is for the demo, which ends the others in their order.
    this.#child = spawn(process.execPath, [...args], {
      detached: true,
      env: { ...childEnvironment(), ...environment },
      stdio: [takesLines ? "pipe" : "ignore", onLine === undefined ? log : "pipe", log],
    });
    closeSync(log);
    const release = this.#child.pid === undefined ? () => undefined : guardProcess(this.#child.pid);
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      // "close" comes behind the last line of output, "exit" may not.
      this.#child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.#ended.then(release);
    if (onLine !== undefined && this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", onLine);
    }
  }

  /** @param {string} line for its standard input */
  write(line) {
    this.#child.stdin?.write(`${line}\n`);
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  get isRunning() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @returns {Promise<string>} how it ended: `exit code 0`, a signal's name, or why it could not start */
  get ended() {
    return this.#ended;
  }

  /**
   * @param {NodeJS.Signals} signal
   * @param {number} [deadlineMs] after which it is killed
   * @returns {Promise<string>} how it ended
   */
  async end(signal, deadlineMs = 10_000) {
    this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill("SIGKILL"), deadlineMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(force);
    }
  }

  /** The end of its log, for a message about its failure. */
  logTail() {
    if (!existsSync(this.#logFile)) return "";
    return readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  }
}

/** Settings that somebody has in the environment for workers and commands are not meant for the demo's. */
export function childEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TRIBUTARY_")));
}
