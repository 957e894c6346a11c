// @ts-check
import { parseArgs } from "node:util";
import { DEFAULT_ERPS, ERPS } from "./erp/catalog.mjs";

export const HELP = `usage: npm run demo -- [options]

Turns 10,000 real requests of a web server's log into usage events, with repetitions, disorder and faulty events among
them, lets a worker count, rate and bill them, kills it half-way, starts it again, and compares the result with an
independent count of the log. A month ends within the log: the invoices of the accounts with the most requests and
the month's accrual are posted to simulated ERPs, which lose answers and refuse requests on purpose, and to a folder
of files, while usage goes on; at the end both are compared with the worker's books. The other accounts are
billed from the 15th to the 15th. Everything runs on loopback addresses, in a temporary folder that is removed at the
end.

  --keep            leave server and worker running at the end, until Ctrl-C
  --erp <names>     where documents are posted, separated by commas: ${ERPS.join(", ")}; or none
                    (default ${DEFAULT_ERPS.join(",")})
  --rate <number>   events a second that are sent (default 2000)
  --seed <number>   of what is disturbed (default 1)
  --report <file>   write what was seen to this file, as JSON
  --help            this text
`;

/** Lets the crash fall in the middle, and the whole be over in half a minute. */
const DEFAULT_RATE = 2_000;

/**
 * @typedef {object} DemoOptions
 * @property {boolean} keep
 * @property {readonly import("./erp/catalog.mjs").Erp[]} erps
 * @property {number} rate
 * @property {number} seed
 * @property {string | undefined} report
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} args
 * @returns {DemoOptions}
 * @throws {TypeError} naming the option that is wrong
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: "boolean", default: false },
      erp: { type: "string", default: DEFAULT_ERPS.join(",") },
      rate: { type: "string", default: String(DEFAULT_RATE) },
      seed: { type: "string", default: "1" },
      report: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    ...values,
    report: values.report,
    erps: erpNames(values.erp),
    rate: wholeNumber("rate", values.rate, 1),
    seed: wholeNumber("seed", values.seed, 0),
  };
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 */
function wholeNumber(name, text, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TypeError(`--${name} must be a whole number from ${least}`);
  }
  return value;
}

/** @param {string} text */
function erpNames(text) {
  if (text === "none") return [];
  const names = text.split(",");
  const erps = ERPS.filter((erp) => names.includes(erp));
  if (erps.length !== names.length) {
    throw new TypeError(`--erp must be none or some of ${ERPS.join(",")}`);
  }
  return erps;
}
