// @ts-check
import { ChildProcess } from "./child-process.mjs";
import { DemoFault } from "./wait.mjs";
import { PRODUCER } from "./workspace.mjs";

/**
 * What the producer says at its end.
 * @typedef {object} ProducerResult
 * @property {number} requests lines of the log
 * @property {number} published events, those with faults included
 * @property {number} messages
 * @property {number} acknowledged
 * @property {import("../../examples/access-log/disturbance.mjs").Expectation} expected
 */

/** The example producer as a process of its own. */
export class DemoProducer {
  #process;
  /** @type {ProducerResult | undefined} */
  #result;
  published = 0;
  total = 0;

  /**
   * @param {import("./workspace.mjs").Workspace} workspace
   * @param {{ serverUrl: string, rate: number, seed: number, end: string, accountKey: string }} options
   */
  constructor(workspace, { serverUrl, rate, seed, end, accountKey }) {
    const flags = ["--servers", serverUrl, "--rate", String(rate), "--seed", String(seed), "--end", end];
    this.#process = new ChildProcess({
      args: [PRODUCER, ...flags, "--account-key", accountKey, "--json"],
      logFile: workspace.producerLog,
      onLine: (line) => this.#read(line),
    });
  }

  get isRunning() {
    return this.#process.isRunning;
  }

  /**
   * @returns {Promise<ProducerResult>}
   * @throws {DemoFault} when it failed
   */
  async result() {
    const ended = await this.#process.ended;
    if (this.#result === undefined || ended !== "exit code 0") {
      throw new DemoFault(`The producer ended with ${ended}:\n${this.#process.logTail()}`);
    }
    return this.#result;
  }

  async kill() {
    await this.#process.end("SIGKILL");
  }

  /** @param {string} line */
  #read(line) {
    const record = JSON.parse(line);
    this.published = record.published;
    if (record.done === true) this.#result = record;
    else this.total = record.total;
  }
}

/**
 * Has the producer write the contracts of the log's accounts.
 * @param {import("./workspace.mjs").Workspace} workspace
 * @param {{ end: string, accountKey: string, leastRequests: number }} options accounts with at least so many
 *   requests are billed by calendar months, the others by months from the 15th on
 */
export async function writeContracts(workspace, { end, accountKey, leastRequests }) {
  const flags = ["--end", end, "--account-key", accountKey, "--calendar-months", String(leastRequests)];
  const producer = new ChildProcess({
    args: [PRODUCER, "--contracts", workspace.contracts, ...flags],
    logFile: workspace.producerLog,
  });
  const ended = await producer.ended;
  if (ended !== "exit code 0") {
    throw new DemoFault(`The producer wrote no contracts (${ended}):\n${producer.logTail()}`);
  }
}
