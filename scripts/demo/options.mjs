// @ts-check
import { parseArgs } from "node:util";

export const HELP = `usage: npm run demo -- [options]

Turns 10,000 real requests of a web server's log into usage events, with repetitions, disorder and faulty events among
them, lets a worker count and rate them, kills it half-way, starts it again, and compares the result with an
independent count of the log. Everything runs on loopback addresses, in a temporary folder that is removed at the end.

  --keep            leave server and worker running at the end, until Ctrl-C
  --rate <number>   events a second that are sent (default 2000)
  --seed <number>   of what is disturbed (default 1)
  --report <file>   write what was seen to this file, as JSON
  --help            this text
`;

/** Lets the crash fall in the middle, and the whole be over in a quarter of a minute. */
const DEFAULT_RATE = 2_000;

/**
 * @typedef {object} DemoOptions
 * @property {boolean} keep
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
      rate: { type: "string", default: String(DEFAULT_RATE) },
      seed: { type: "string", default: "1" },
      report: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    ...values,
    report: values.report,
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
