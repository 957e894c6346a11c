// @ts-check
import pc from "picocolors";
import { OUTCOMES } from "./status.mjs";

/** A terminal can be rewritten often; elsewhere each line stays. */
const TERMINAL_INTERVAL_MS = 150;
const PLAIN_INTERVAL_MS = 1_000;
/** The rate is taken over so long. */
const RATE_INTERVAL_MS = 500;

/**
 * What the line of progress shows.
 * @typedef {object} Progress
 * @property {number} published events
 * @property {import("./status.mjs").Counts | undefined} counts undefined while no worker runs
 * @property {number} committed events that are committed while no worker runs
 * @property {number} rated aggregates
 * @property {ReadonlyMap<string, string>} amounts charges of the rated aggregates, by currency
 * @property {ReadonlyMap<string, import("./status.mjs").PostedCount>} posted by ERP connection
 */

/** @param {number | bigint} value */
export function figure(value) {
  return value.toLocaleString("en-US");
}

/** One line that is rewritten where a person watches, a line a second elsewhere. */
export class Display {
  #output;
  #shownMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;
  /** @type {{ atMs: number, read: number } | undefined} */
  #measured;
  #rate = 0;

  /** @param {NodeJS.WriteStream} output */
  constructor(output) {
    this.#output = output;
  }

  /** @param {string} text a step, on a line that stays */
  step(text) {
    this.#endLine();
    this.#output.write(`${pc.bold(pc.cyan("▸"))} ${text}\n`);
  }

  /** @param {string} text more about the step */
  detail(text) {
    this.#endLine();
    for (const line of text.split("\n")) this.#output.write(`  ${pc.dim(line)}\n`);
  }

  /** @param {string} text */
  alarm(text) {
    this.#endLine();
    this.#output.write(`${pc.bold(pc.red("✖"))} ${pc.bold(text)}\n`);
  }

  /** @param {string} text */
  success(text) {
    this.#endLine();
    this.#output.write(`${pc.bold(pc.green("✔"))} ${pc.bold(text)}\n`);
  }

  /** @param {string} text lines to be read, set off */
  statement(text) {
    this.#endLine();
    const lines = text.split("\n").map((line) => (line === "" ? "" : `    ${line}`));
    this.#output.write(`\n${lines.join("\n")}\n\n`);
  }

  /** @param {Progress} progress */
  progress(progress) {
    const nowMs = performance.now();
    this.#measure(progress.counts?.read, nowMs);
    if (nowMs - this.#shownMs < (this.#output.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
    this.#shownMs = nowMs;
    const text = progressText(progress, this.#rate);
    if (!this.#output.isTTY) {
      this.#output.write(`  ${text}\n`);
      return;
    }
    this.#output.write(`\r\u001b[2K  ${text.slice(0, Math.max(20, this.#output.columns - 3))}`);
    this.#isOpen = true;
  }

  /**
   * @param {number | undefined} read
   * @param {number} nowMs
   */
  #measure(read, nowMs) {
    const last = this.#measured;
    if (read === undefined || last === undefined || read < last.read) {
      this.#measured = read === undefined ? undefined : { atMs: nowMs, read };
      this.#rate = 0;
    } else if (nowMs - last.atMs >= RATE_INTERVAL_MS) {
      this.#rate = Math.round(((read - last.read) / (nowMs - last.atMs)) * 1000);
      this.#measured = { atMs: nowMs, read };
    }
  }

  #endLine() {
    if (this.#isOpen) this.#output.write("\n");
    this.#isOpen = false;
    this.#shownMs = Number.NEGATIVE_INFINITY;
  }
}

/**
 * @param {Progress} progress
 * @param {number} rate
 * @returns {string}
 */
function progressText({ published, counts, committed, rated, amounts, posted }, rate) {
  const value = [...amounts].map(([currency, amount]) => `${amount} ${currency}`).join(", ") || "0";
  const shown = OUTCOMES.filter((name) => name === "accepted" || (counts?.[name] ?? 0) > 0);
  return [
    `sent ${figure(published)}`,
    counts === undefined ? "no worker" : `${figure(rate)} events/s`,
    `backlog ${figure(Math.max(0, published - (counts?.read ?? committed)))}`,
    `rated ${value}`,
    `aggregates ${figure(rated)}`,
    ...[...posted].map(([name, count]) => `${name} ${figure(count.posted)}/${figure(count.documents)}`),
    ...(counts === undefined ? [] : [shown.map((name) => `${name} ${figure(counts[name])}`).join(" ")]),
  ].join(" · ");
}
