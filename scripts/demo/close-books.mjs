// @ts-check
import { writeFileSync } from "node:fs";
import { tributary, tributaryJson } from "./command-line.mjs";
import { figure } from "./display.mjs";
import { made } from "./erp/statement.mjs";
import { countLog } from "./independent-count.mjs";
import { compare, comparisonTable, verdictTable } from "./statement.mjs";
import { ACCESS_LOG } from "./workspace.mjs";

/** The log is public and so are its addresses: nothing is hidden by this key. */
export const ACCOUNT_KEY = "tributary demo";
/** `tributary reconcile` found a difference; it has an answer all the same. */
const EXIT_UNBALANCED = 4;

/**
 * The statement, the comparison with what was sent and with the independent count, and that with the ERPs.
 * @param {import("./options.mjs").DemoOptions} options
 * @param {import("./display.mjs").Display} display
 * @param {import("./run-demo.mjs").Stage} stage
 * @param {{ sent: import("./producer.mjs").ProducerResult, crash: import("./run-demo.mjs").Crash }} run
 * @returns {Promise<boolean>} whether everything is accounted for
 */
export async function closeBooks(options, display, { workspace, broker, erps }, { sent, crash }) {
  const config = ["--config", workspace.config];
  display.step("tributary reconcile: the balance of the worker's books");
  const statement = await tributary(["reconcile", ...config]);
  display.statement(statement.stdout.trimEnd() || statement.stderr.trimEnd());
  const books = await tributaryJson(["reconcile", ...config], [0, EXIT_UNBALANCED]);
  const { aggregates } = await tributaryJson(["inspect", "aggregates", ...config]);
  const log = countLog(ACCESS_LOG, ACCOUNT_KEY);
  const { counts, messages, unbilled, invoiced } = books;
  const published = broker.amounts();
  const comparisons = compare({ aggregates, counts, messages, unbilled, invoiced, sent, log, published });
  display.step("The same against what was sent, and an independent count of the log");
  display.statement(comparisonTable(comparisons));
  const posting = await showPostings(display, erps, options.erps);
  const isBalanced = statement.code === 0 && books.balanced === true;
  const isEqual = [...comparisons, ...posting.comparisons].every(({ equal }) => equal);
  if (options.report !== undefined) {
    const report = {
      isBalanced,
      isEqual,
      crash,
      accountKey: ACCOUNT_KEY,
      sent,
      counts,
      messages,
      unbilled,
      invoiced,
      posting,
      published: Object.fromEntries(published),
      rated: broker.rated,
      comparisons,
      aggregates,
    };
    writeFileSync(options.report, `${JSON.stringify(report, null, 1)}\n`);
  }
  if (isBalanced && isEqual) {
    display.success("Every event is accounted for: nothing lost, nothing counted twice, through the crash.");
    if (options.erps.length > 0) display.success("Every document is where it belongs, once, to the cent.");
  } else {
    display.alarm(
      isBalanced
        ? "The books balance, but differ from what was sent or posted."
        : "The books do not balance.",
    );
  }
  return isBalanced && isEqual;
}

/**
 * @param {import("./display.mjs").Display} display
 * @param {import("./erp/erps.mjs").DemoErps} erps
 * @param {readonly string[]} names of the ERPs
 */
async function showPostings(display, erps, names) {
  const { books, requests, comparisons } = await erps.statement();
  const { documents, accrued } = made(books);
  display.step(
    `The month is billed: ${figure(documents.size)} invoices; ${figure(accrued.length)} entries accrue what is not.`,
  );
  if (requests !== undefined) {
    display.detail(
      `The simulated ERPs got ${figure(requests.total)} requests, left ${figure(requests.lost)} without an answer and refused ${figure(requests.refused)}.`,
    );
  }
  if (comparisons.length > 0) {
    display.step("The worker's books against what the ERPs have");
    const lines = comparisons.map(({ what, books: expected, erps: found, equal }) => ({
      what,
      figures: [expected, ...names.map((name) => found[name] ?? "")],
      equal,
    }));
    display.statement(verdictTable(["books", ...names], lines));
  }
  return { invoices: documents.size, accruals: accrued.length, requests, comparisons };
}
