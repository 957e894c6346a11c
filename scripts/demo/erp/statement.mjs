// @ts-check
import { AMOUNT_SCALE, decimalText, decimalUnits } from "../broker-view.mjs";
import { figure } from "../display.mjs";
import { POSTED_STATES } from "../status.mjs";

/**
 * What one side has, in the units of `decimalUnits`. Values of credit memos are negative.
 * @typedef {object} Holdings
 * @property {ReadonlyMap<string, { currency: string, units: bigint }>} documents invoices and credit memos by their numbers
 * @property {readonly { currency: string, units: bigint }[]} journals with the sum of their debits
 * @property {number} repeated documents that are there a second time, or were written twice
 * @property {number} faulty documents that are not what they say, or not finished
 */

/**
 * One line: what the books say, and what each ERP has.
 * @typedef {{ what: string, books: string, erps: Record<string, string>, equal: boolean }} PostingComparison
 */

/**
 * What the worker's own commands say.
 * @typedef {object} Books
 * @property {readonly { number: string | null, kind: string, status: string, currency: string, total: string, periodEnd: string }[]} invoices
 * @property {readonly { document: string | null, currency: string, lines: readonly { account: string, debit: string }[] }[]} entries of the ledger
 * @property {readonly { connection: string, kind: string, state: string }[]} postings
 */

/**
 * What the books have made: documents by their numbers, and what is accrued, an amount an entry. A journal sums up many entries, so their number is not a
 * matter of the books.
 * @param {Books} books
 */
export function made({ invoices, entries }) {
  const documents = new Map(
    invoices
      .filter(({ status }) => status === "final")
      .map(({ number, kind, currency, total }) => [
        number ?? "",
        { currency, units: signedUnits(kind === "credit-memo", decimalUnits(total)) },
      ]),
  );
  // What takes an accrual back has the same account on its other side.
  const accrued = entries
    .filter(({ document }) => document === null)
    .flatMap(({ currency, lines }) =>
      lines
        .filter(({ account }) => account === "unbilled-receivable")
        .map(({ debit }) => ({ currency, units: decimalUnits(debit) })),
    )
    .filter(({ units }) => units > 0n);
  return { documents, accrued };
}

/**
 * @param {Books} books
 * @param {ReadonlyMap<string, Holdings>} erps by connection
 * @returns {PostingComparison[]} none without ERPs
 */
export function comparePostings(books, erps) {
  if (erps.size === 0) return [];
  const { documents, accrued } = made(books);
  const names = [...erps.keys()];
  /**
   * @param {string} what
   * @param {string} expected
   * @param {(holdings: Holdings, name: string) => string} found
   * @returns {PostingComparison}
   */
  const line = (what, expected, found) => {
    const values = Object.fromEntries([...erps].map(([name, holdings]) => [name, found(holdings, name)]));
    return { what, books: expected, erps: values, equal: names.every((name) => values[name] === expected) };
  };
  const currencies = [...new Set([...documents.values(), ...accrued].map(({ currency }) => currency))].sort();
  return [
    line("invoices", figure(documents.size), (held) => figure(held.documents.size)),
    line("  with another amount", "0", (held) => figure(differing(documents, held.documents))),
    ...currencies.flatMap((currency) => [
      line(`  their value, ${currency}`, sumText(documents.values(), currency), (held) =>
        sumText(held.documents.values(), currency),
      ),
      line(`accrued by journals, ${currency}`, sumText(accrued, currency), (held) =>
        sumText(held.journals, currency),
      ),
      line(`gap, ${currency}`, decimalText(0n), (held) =>
        decimalText(
          sumOf([...documents.values(), ...accrued], currency) -
            sumOf([...held.documents.values(), ...held.journals], currency),
        ),
      ),
    ]),
    line("documents there twice", "0", (held) => figure(held.repeated)),
    line("documents with a fault", "0", (held) => figure(held.faulty)),
    line("documents not confirmed", "0", (_, name) =>
      figure(
        books.postings.filter(
          ({ connection, state }) => connection === name && !POSTED_STATES.includes(state),
        ).length,
      ),
    ),
  ];
}

/**
 * @param {boolean} isCredit
 * @param {bigint} units
 */
export function signedUnits(isCredit, units) {
  const size = units < 0n ? -units : units;
  return isCredit ? -size : size;
}

/** @param {string} cents whole number */
export function unitsOfCents(cents) {
  return BigInt(cents) * 10n ** BigInt(AMOUNT_SCALE - CENT_DIGITS);
}
const CENT_DIGITS = 2;

/**
 * @param {Holdings["documents"]} made
 * @param {Holdings["documents"]} held
 */
function differing(made, held) {
  const numbers = new Set([...made.keys(), ...held.keys()]);
  return [...numbers].filter((number) => {
    const left = made.get(number);
    const right = held.get(number);
    return left?.units !== right?.units || left?.currency !== right?.currency;
  }).length;
}

/**
 * @param {Iterable<{ currency: string, units: bigint }>} amounts
 * @param {string} currency
 */
function sumOf(amounts, currency) {
  return [...amounts]
    .filter((amount) => amount.currency === currency)
    .reduce((sum, { units }) => sum + units, 0n);
}

/**
 * @param {Iterable<{ currency: string, units: bigint }>} amounts
 * @param {string} currency
 */
function sumText(amounts, currency) {
  return decimalText(sumOf(amounts, currency));
}
