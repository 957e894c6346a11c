// @ts-check
import { decimalText, decimalUnits } from "./broker-view.mjs";
import { figure } from "./display.mjs";
import { OUTCOMES } from "./status.mjs";

/**
 * One line of the comparison: what two independent routes say.
 * @typedef {{ what: string, expected: string, found: string, equal: boolean }} Comparison
 */

/** @typedef {{ currency: string, amount: string }} Amount */

/** @typedef {{ account: string, meter: string, value: string }} Aggregate */

/**
 * Compares what the worker holds with what the producer has sent, what an independent count of the log says, and
 * what was published.
 *
 * @param {object} facts
 * @param {readonly Aggregate[]} facts.aggregates
 * @param {import("./status.mjs").Counts} facts.counts
 * @param {{ messages: number, undecodable: number }} facts.messages
 * @param {readonly Amount[]} facts.unbilled by account
 * @param {readonly Amount[]} facts.invoiced by account
 * @param {import("./producer.mjs").ProducerResult} facts.sent
 * @param {ReturnType<typeof import("./independent-count.mjs").countLog>} facts.log
 * @param {ReadonlyMap<string, string>} facts.published amounts of the rated aggregates, by currency
 * @returns {Comparison[]}
 */
export function compare({ aggregates, counts, messages, unbilled, invoiced, sent, log, published }) {
  const { expected } = sent;
  const requests = sumBy(aggregates, "requests");
  const bytes = sumBy(aggregates, "egress");
  const differing = [...new Set([...log.accounts.keys(), ...requests.keys(), ...bytes.keys()])].filter(
    (account) => {
      const usage = log.accounts.get(account) ?? { requests: 0, bytes: 0n };
      return requests.get(account) !== BigInt(usage.requests) || (bytes.get(account) ?? 0n) !== usage.bytes;
    },
  );
  return [
    line("messages", sent.messages, messages.messages),
    line("  of them undecodable", expected.undecodable, messages.undecodable),
    line("events read", expected.read, counts.read),
    ...OUTCOMES.map((name) =>
      line(name === "late" ? "  of them late" : `  ${name}`, expected[name], counts[name]),
    ),
    line("requests counted", log.requests, total(requests)),
    line("bytes counted", log.bytes, total(bytes)),
    line("accounts", log.accounts.size, requests.size),
    line("accounts that differ", 0, differing.length),
    ...amountLines([...unbilled, ...invoiced], published),
  ];
}

/**
 * Value of usage by currency: that of the published aggregates added up, and that of the books, invoiced or not.
 * @param {readonly Amount[]} amounts of the books
 * @param {ReadonlyMap<string, string>} published
 * @returns {Comparison[]}
 */
function amountLines(amounts, published) {
  /** @type {Map<string, bigint>} */
  const booked = new Map([...published.keys()].map((currency) => [currency, 0n]));
  for (const { currency, amount } of amounts) {
    booked.set(currency, (booked.get(currency) ?? 0n) + decimalUnits(amount));
  }
  return [...booked].map(([currency, units]) => {
    const expected = published.get(currency) ?? "0.00";
    const found = decimalText(units);
    return { what: `unbilled and invoiced, ${currency}`, expected, found, equal: expected === found };
  });
}

/**
 * @param {string} what
 * @param {number | bigint} expected
 * @param {number | bigint} found
 * @returns {Comparison}
 */
function line(what, expected, found) {
  return {
    what,
    expected: figure(expected),
    found: figure(found),
    equal: BigInt(expected) === BigInt(found),
  };
}

/**
 * @param {readonly Aggregate[]} aggregates
 * @param {string} meter
 * @returns {Map<string, bigint>} by account
 */
function sumBy(aggregates, meter) {
  /** @type {Map<string, bigint>} */
  const sums = new Map();
  for (const { account, value } of aggregates.filter((aggregate) => aggregate.meter === meter)) {
    sums.set(account, (sums.get(account) ?? 0n) + BigInt(value));
  }
  return sums;
}

/** @param {ReadonlyMap<string, bigint>} sums */
function total(sums) {
  return [...sums.values()].reduce((sum, value) => sum + value, 0n);
}

/**
 * @param {readonly Comparison[]} comparisons
 * @returns {string}
 */
export function comparisonTable(comparisons) {
  return verdictTable(
    ["expected", "worker"],
    comparisons.map(({ what, expected, found, equal }) => ({ what, figures: [expected, found], equal })),
  );
}

/**
 * @param {readonly string[]} heads of the columns of figures
 * @param {readonly { what: string, figures: readonly string[], equal: boolean }[]} lines
 * @returns {string}
 */
export function verdictTable(heads, lines) {
  const rows = [
    ["", ...heads, ""],
    ...lines.map(({ what, figures, equal }) => [what, ...figures, equal ? "equal" : "DIFFERENT"]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(([what = "", ...cells]) => {
      const figures = cells.slice(0, -1).map((cell, column) => cell.padStart(widths[column + 1] ?? 0));
      return [what.padEnd(widths[0] ?? 0), ...figures, cells.at(-1)].join("  ").trimEnd();
    })
    .join("\n");
}
