// @ts-check
import { ChildProcess } from "./child-process.mjs";
import { MAIN } from "./command-line.mjs";
import { readPosted, readStatus } from "./status.mjs";
import { DemoFault, waitFor } from "./wait.mjs";

/** Starting takes a second or two; a slow machine under load more. */
const READY_DEADLINE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 2_000;
/** Longer than the worker's own deadline for draining. */
const STOP_DEADLINE_MS = 45_000;

/** The worker, and the ones that follow it after a crash: all with the same configuration and state. */
export class DemoWorker {
  #workspace;
  #signal;
  /** @type {ChildProcess | undefined} */
  #process;

  /**
   * @param {import("./workspace.mjs").Workspace} workspace
   * @param {AbortSignal} signal ends waiting
   */
  constructor(workspace, signal) {
    this.#workspace = workspace;
    this.#signal = signal;
  }

  /**
   * Starts it and waits until it says that it is ready.
   * @param {() => void} [onWait] called again and again meanwhile
   */
  async start(onWait = () => undefined) {
    const { config, workerLog } = this.#workspace;
    this.#process = new ChildProcess({ args: [MAIN, "run", "--config", config], logFile: workerLog });
    const isReady = async () => {
      onWait();
      return (await this.#get("/readyz")) === undefined ? undefined : true;
    };
    await waitFor("the worker is ready", isReady, { deadlineMs: READY_DEADLINE_MS, signal: this.#signal });
    return this.#process.pid;
  }

  /** What it has processed; undefined while it does not answer. */
  async status() {
    const answer = await this.#get("/status");
    return answer === undefined ? undefined : readStatus(await answer.json());
  }

  /** How many documents its ERP connections have, by their names; undefined while it does not answer. */
  async posted() {
    const answer = await this.#get("/metrics");
    return answer === undefined ? undefined : readPosted(await answer.text());
  }

  /** Ends it as a crash does: no signal that it could catch, nothing finished, nothing written. */
  async kill() {
    await this.#process?.end("SIGKILL");
  }

  /** @returns {Promise<string>} how it ended */
  async stop() {
    return (await this.#process?.end("SIGTERM", STOP_DEADLINE_MS)) ?? "not started";
  }

  /** @param {string} path */
  async #get(path) {
    if (this.#process?.isRunning !== true) {
      throw new DemoFault(
        `The worker ended (${await this.#process?.ended}). Its log ends with:\n${this.#process?.logTail()}`,
      );
    }
    try {
      const response = await fetch(`${this.#workspace.adminUrl}${path}`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (response.ok) return response;
      await response.arrayBuffer();
    } catch {
      // Not there yet: who waits has a deadline.
    }
    return undefined;
  }
}
