// @ts-check
import { setTimeout as delay } from "node:timers/promises";
import { tributaryJson } from "../command-line.mjs";
import { writeErpCatalog } from "./catalog.mjs";
import { dropHoldings, dropSettings, makeDrop } from "./file-drop.mjs";
import { SimulatedErps } from "./simulated.mjs";
import { comparePostings } from "./statement.mjs";

/** How often the worker is asked how many documents are posted. */
const LOOK_INTERVAL_MS = 500;
/** Lost answers and refusals cost seconds; a slow machine more. */
const SETTLE_DEADLINE_MS = 180_000;

/** Looking whether everything is posted starts three commands. */
const SETTLE_INTERVAL_MS = 500;

/** @typedef {import("./statement.mjs").Books} Books */

/** The ERPs that the demo's worker posts to. */
export class DemoErps {
  #workspace;
  #worker;
  #erps;
  /** @type {SimulatedErps | undefined} */
  #simulated;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** @type {ReadonlyMap<string, import("../status.mjs").PostedCount>} as far as is known, by connection */
  counts = new Map();

  /**
   * @param {import("../workspace.mjs").Workspace} workspace
   * @param {import("../worker.mjs").DemoWorker} worker
   * @param {readonly import("./catalog.mjs").Erp[]} erps
   */
  constructor(workspace, worker, erps) {
    this.#workspace = workspace;
    this.#worker = worker;
    this.#erps = erps;
  }

  /**
   * Starts what is posted to, and adds the connections to the catalog.
   * @param {AbortSignal} signal
   * @returns {Promise<Record<string, object>>} settings of the connections, for the worker
   */
  async open(signal) {
    const simulated = this.#erps.filter((erp) => erp !== "file");
    if (simulated.length > 0) this.#simulated = new SimulatedErps(this.#workspace.folder, simulated);
    const { settings = {}, mappings = new Map() } = (await this.#simulated?.ready(signal)) ?? {};
    writeErpCatalog(this.#workspace.catalog, this.#erps, mappings);
    if (!this.#erps.includes("file")) return settings;
    makeDrop(this.#workspace.drop);
    return { ...settings, file: dropSettings(this.#workspace.drop) };
  }

  /** What runs, for people. */
  description() {
    const names = this.#erps.filter((erp) => erp !== "file");
    return [
      ...(names.length === 0
        ? []
        : [
            `Simulated ERPs run (${names.join(", ")}); they will lose answers and refuse requests on purpose`,
          ]),
      ...(this.#erps.includes("file") ? [`Files for another system go to ${this.#workspace.drop}`] : []),
    ];
  }

  /** Whether an ERP has a document, or (without ERPs) nothing needs to be waited for. */
  get hasPosted() {
    return this.#erps.length === 0 || [...this.counts.values()].some(({ posted }) => posted > 0);
  }

  /** Asks the worker what is posted, unless it was asked a moment ago. */
  async look() {
    if (this.#erps.length === 0 || performance.now() - this.#lookedMs < LOOK_INTERVAL_MS) return;
    this.counts = (await this.#worker.posted()) ?? this.counts;
    this.#lookedMs = performance.now();
  }

  /**
   * Waits until what is due is billed, and each ERP has all of it. What is still missing when the time is over shows in the
   * statement.
   * @param {AbortSignal} signal
   * @param {number} billedToMs billing periods that ended by then are due
   * @param {() => Promise<void>} onWait called again and again meanwhile
   */
  async settle(signal, billedToMs, onWait) {
    const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
    while (performance.now() < deadlineMs) {
      await this.look();
      await onWait();
      const isPosted = this.#erps.every((erp) => {
        const { posted, documents } = this.counts.get(erp) ?? { posted: 0, documents: 0 };
        return documents > 0 && posted === documents;
      });
      if (isPosted && (await this.#isSettled(billedToMs))) return;
      await delay(SETTLE_INTERVAL_MS, undefined, { signal });
    }
  }

  /** @param {number} billedToMs */
  async #isSettled(billedToMs) {
    const { books, comparisons } = await this.statement();
    const isDue = (/** @type {Books["invoices"][number]} */ { status, periodEnd }) =>
      status !== "final" && Date.parse(periodEnd) <= billedToMs;
    return !books.invoices.some(isDue) && comparisons.every(({ equal }) => equal);
  }

  /** The worker's books beside what the ERPs have. */
  async statement() {
    const config = ["--config", this.#workspace.config];
    const [invoices, entries, postings] = await Promise.all([
      tributaryJson(["inspect", "invoices", ...config]),
      tributaryJson(["ledger", "entries", ...config]),
      tributaryJson(["inspect", "postings", ...config]),
    ]);
    /** @type {Books} */
    const books = { invoices, entries, postings };
    const memos = books.invoices.flatMap(({ kind, number }) =>
      kind === "credit-memo" && number !== null ? [number] : [],
    );
    const simulated = await this.#simulated?.view(new Set(memos));
    /** @type {Map<string, import("./statement.mjs").Holdings>} */
    const holdings = new Map(simulated?.holdings);
    if (this.#erps.includes("file")) holdings.set("file", dropHoldings(this.#workspace.drop));
    return { books, requests: simulated?.requests, comparisons: comparePostings(books, holdings) };
  }

  async stop() {
    await this.#simulated?.stop();
  }
}
