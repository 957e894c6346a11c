// @ts-check
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProcess } from "../child-process.mjs";
import { DemoFault, waitFor } from "../wait.mjs";
import { ERP_ADAPTERS, LEASE, REQUEST_DEADLINE } from "./catalog.mjs";
import { signedUnits, unitsOfCents } from "./statement.mjs";

const SERVER = fileURLToPath(new URL("../../../test/support/erp/simulated/serve.ts", import.meta.url));
/** Its TypeScript is translated when it starts. */
const START_DEADLINE_MS = 90_000;
/** The real things take minutes; simulated ones are known to have what they will have at once. */
const SETTLE_DELAY = "500ms";

/** @typedef {import("./catalog.mjs").Erp} Erp */

/**
 * What a simulated ERP has and was asked, as `serve.ts` tells it; amounts are cents.
 * @typedef {object} View
 * @property {readonly { number: string, currency: string, total: string }[]} documents those of credit memos are positive too
 * @property {readonly { externalId: string, currency: string, debits: string, isReversal?: boolean }[]} journals
 * @property {Requests} requests
 * @property {readonly string[]} wrongRequests
 */

/** @typedef {{ total: number, lost: number, refused: number }} Requests lost: broken instead of answered; refused: too many */

/** Strict stand-ins for ERPs, in a process of their own that outlasts the workers. */
export class SimulatedErps {
  #erps;
  #process;
  #settingsFile;
  #isReady = false;
  /** @type {((answer: Record<string, View>) => void)[]} */
  #waiting = [];

  /**
   * @param {string} folder for what they keep
   * @param {readonly Erp[]} erps
   */
  constructor(folder, erps) {
    this.#erps = erps;
    this.#settingsFile = join(folder, "erp-settings.json");
    this.#process = new ChildProcess({
      args: [
        "--import",
        import.meta.resolve("tsx"),
        SERVER,
        "--settings-file",
        this.#settingsFile,
        ...erps.map((erp) => ERP_ADAPTERS[erp]),
      ],
      logFile: join(folder, "erps.log"),
      // What is translated is kept in the folder for temporary files: it goes with the demo's own.
      environment: { TMPDIR: folder },
      takesLines: true,
      onLine: (line) => this.#take(JSON.parse(line)),
    });
  }

  /**
   * Waits until they listen.
   * @param {AbortSignal} signal
   * @returns {Promise<{ settings: Record<string, object>, mappings: Map<Erp, readonly import("./catalog.mjs").MappingRow[]> }>} the
   *   worker's settings of the connections, secrets included, and rows of their mappings
   */
  async ready(signal) {
    const isReady = async () => {
      if (this.#isReady) return true;
      if (!this.#process.isRunning) {
        throw new DemoFault(
          `The simulated ERPs ended (${await this.#process.ended}):\n${this.#process.logTail()}`,
        );
      }
      return undefined;
    };
    await waitFor("the simulated ERPs are ready", isReady, { deadlineMs: START_DEADLINE_MS, signal });
    const answers = JSON.parse(readFileSync(this.#settingsFile, "utf8"));
    const settings = Object.fromEntries(
      this.#erps.map((erp) => [
        erp,
        {
          ...answers[ERP_ADAPTERS[erp]].settings,
          settle_delay: SETTLE_DELAY,
          deadline: REQUEST_DEADLINE,
          posting: { lease: LEASE },
        },
      ]),
    );
    const mappings = new Map(this.#erps.map((erp) => [erp, answers[ERP_ADAPTERS[erp]].mapping]));
    return { settings, mappings };
  }

  /**
   * What they have, and how their requests ended.
   * @param {ReadonlySet<string>} creditMemos their numbers
   * @returns {Promise<{ holdings: Map<string, import("./statement.mjs").Holdings>, requests: Requests }>}
   */
  async view(creditMemos) {
    /** @type {Record<string, View>} */
    const views = await new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      void this.#process.ended.then((how) => reject(new DemoFault(`The simulated ERPs ended (${how}).`)));
      this.#process.write("view");
    });
    /** @type {Map<string, import("./statement.mjs").Holdings>} */
    const holdings = new Map();
    for (const erp of this.#erps) {
      const view = views[ERP_ADAPTERS[erp]];
      if (view !== undefined) holdings.set(erp, holdingsOf(view, creditMemos));
    }
    const requests = Object.values(views).reduce(
      (sum, { requests: { total, lost, refused } }) => ({
        total: sum.total + total,
        lost: sum.lost + lost,
        refused: sum.refused + refused,
      }),
      { total: 0, lost: 0, refused: 0 },
    );
    return { holdings, requests };
  }

  async stop() {
    await this.#process.end("SIGTERM");
  }

  /** @param {any} answer the first says that they are ready, each other one is a view */
  #take(answer) {
    if (this.#isReady) this.#waiting.shift()?.(answer);
    else this.#isReady = true;
  }
}

/**
 * @param {View} view
 * @param {ReadonlySet<string>} creditMemos
 * @returns {import("./statement.mjs").Holdings}
 */
function holdingsOf({ documents, journals, wrongRequests }, creditMemos) {
  const posted = [...documents.map(({ number }) => number), ...journals.map(({ externalId }) => externalId)];
  return {
    documents: new Map(
      documents.map(({ number, currency, total }) => [
        number,
        { currency, units: signedUnits(creditMemos.has(number), unitsOfCents(total)) },
      ]),
    ),
    // Where an ERP reverses nothing by itself, what takes an accrual back is a journal too.
    journals: journals
      .filter(({ isReversal }) => isReversal !== true)
      .map(({ currency, debits }) => ({ currency, units: unitsOfCents(debits) })),
    repeated: posted.length - new Set(posted).size,
    faulty: wrongRequests.length,
  };
}
