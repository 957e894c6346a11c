// @ts-check
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProcess } from "../child-process.mjs";
import { decimalUnits } from "../broker-view.mjs";
import { currencyOf, LEASE, REQUEST_DEADLINE } from "./catalog.mjs";
import { signedUnits } from "./statement.mjs";
import { DemoFault, waitFor } from "../wait.mjs";

const SIMULATOR = fileURLToPath(new URL("../../../test/simulators/netsuite/main.ts", import.meta.url));
/** Its TypeScript is translated when it starts. */
const START_DEADLINE_MS = 60_000;
const CONTROL_TIMEOUT_MS = 10_000;
const STORM_MS = 1_500;

/** What goes wrong with the first requests that create something, in this order. */
const FAULTS = [
  { fault: { kind: "lost-after-commit" }, times: 2, method: "PUT", path: "/invoice/" },
  { fault: { kind: "throttle-storm", ms: STORM_MS }, times: 1, method: "PUT", path: "/invoice/" },
  { fault: { kind: "lost-before-commit" }, times: 1, method: "PUT", path: "/invoice/" },
  { fault: { kind: "lost-after-commit" }, times: 1, method: "PUT", path: "/journalEntry/" },
];

/**
 * A record of the simulated account, as its control interface shows it.
 * @typedef {object} NetSuiteRecord
 * @property {string} type
 * @property {string | null} externalId null: NetSuite made it by itself
 * @property {number} commits how often it was written
 * @property {string} total
 * @property {Record<string, unknown>} fields references are ids
 * @property {Record<string, readonly { debit?: string }[]>} sublists
 */

/**
 * @typedef {object} NetSuiteView
 * @property {import("./statement.mjs").Holdings} holdings
 * @property {{ total: number, lost: number, refused: number }} requests lost: the connection was broken instead of an answer;
 *   refused: 429
 */

/** A strict stand-in for a NetSuite account, as a process of its own that outlasts the workers. */
export class DemoNetSuite {
  #process;
  #controlToken;
  #token;
  #url = "";

  /** @param {string} folder for its configuration and log */
  constructor(folder) {
    this.#controlToken = secret();
    this.#token = {
      consumerKey: secret(),
      consumerSecret: secret(),
      tokenKey: secret(),
      tokenSecret: secret(),
    };
    const config = join(folder, "netsuite.json");
    writeFileSync(config, JSON.stringify({ controlToken: this.#controlToken, token: this.#token }), {
      mode: 0o600,
    });
    this.#process = new ChildProcess({
      args: ["--import", import.meta.resolve("tsx"), SIMULATOR, "--config", config],
      logFile: join(folder, "netsuite.log"),
      // What is translated is kept in the folder for temporary files: it goes with the demo's own.
      environment: { TMPDIR: folder },
      onLine: (line) => {
        this.#url = JSON.parse(line).url;
      },
    });
  }

  /** Where it listens; empty before it is ready. */
  get url() {
    return this.#url;
  }

  /**
   * Waits until it listens, and tells it what has to go wrong.
   * @param {AbortSignal} signal
   */
  async ready(signal) {
    const isReady = async () => {
      if (this.#url !== "") return true;
      if (!this.#process.isRunning) {
        throw new DemoFault(
          `The simulated NetSuite ended (${await this.#process.ended}):\n${this.#process.logTail()}`,
        );
      }
      return undefined;
    };
    await waitFor("the simulated NetSuite is ready", isReady, { deadlineMs: START_DEADLINE_MS, signal });
    for (const rule of FAULTS) await this.#control({ do: "add-fault", rule });
  }

  /** The worker's settings of this connection, secrets included. */
  settings() {
    return {
      adapter: "netsuite",
      account: "1234567_SB1",
      url: this.#url,
      authentication: {
        kind: "token",
        consumer_key: this.#token.consumerKey,
        consumer_secret: this.#token.consumerSecret,
        token_id: this.#token.tokenKey,
        token_secret: this.#token.tokenSecret,
      },
      // The real thing takes minutes; a simulated account is known to have what it will have at once.
      settle_delay: "500ms",
      deadline: REQUEST_DEADLINE,
      posting: { lease: LEASE },
    };
  }

  /** What the account has, and how its requests ended. @returns {Promise<NetSuiteView>} */
  async view() {
    /** @type {{ records: NetSuiteRecord[], requests: { status: number }[] }} */
    const { records, requests } = await this.#control({ do: "ledger" });
    const documents = records.filter(({ type }) => type === "invoice" || type === "creditMemo");
    // The entry that reverses an accrual is NetSuite's own: it has no external id.
    const journals = records.filter(({ type, externalId }) => type === "journalEntry" && externalId !== null);
    const posted = [...documents, ...journals];
    return {
      holdings: {
        documents: new Map(
          documents.map(({ type, fields, total }) => [
            String(fields["tranId"]),
            {
              currency: currencyOf(String(fields["currency"])),
              units: signedUnits(type === "creditMemo", decimalUnits(total)),
            },
          ]),
        ),
        journals: journals.map(({ fields, sublists }) => ({
          currency: currencyOf(String(fields["currency"])),
          units: (sublists["line"] ?? []).reduce((sum, { debit = "0" }) => sum + decimalUnits(debit), 0n),
        })),
        repeated:
          posted.length -
          new Set(posted.map(({ externalId }) => externalId)).size +
          posted.filter(({ commits }) => commits > 1).length,
        faulty: posted.filter(({ externalId }) => externalId === null).length,
      },
      requests: {
        total: requests.length,
        lost: requests.filter(({ status }) => status === 0).length,
        refused: requests.filter(({ status }) => status === 429).length,
      },
    };
  }

  async stop() {
    await this.#process.end("SIGTERM");
  }

  /**
   * @param {object} command
   * @returns {Promise<any>}
   */
  async #control(command) {
    const response = await fetch(`${this.#url}/control`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#controlToken}`, "content-type": "application/json" },
      body: JSON.stringify(command),
      signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
    });
    if (!response.ok) throw new DemoFault(`The simulated NetSuite answers ${response.status}.`);
    return response.json();
  }
}

function secret() {
  return randomBytes(16).toString("hex");
}
