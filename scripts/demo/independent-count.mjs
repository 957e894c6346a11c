// @ts-check
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Address, then status and size behind the request's closing quotation mark. */
const REQUEST = /^([^ ]+) .*?\] ".*?" ([1-5]\d\d) (-|\d+) "/gm;

/**
 * @typedef {object} AccountUsage
 * @property {number} requests
 * @property {bigint} bytes
 */

/**
 * Counts requests and bytes by account straight from the log, by another route than the producer and the worker take:
 * an expression of its own over the whole text, no events, no windows. Only what an account is, is the same.
 *
 * @param {string} path of the gzipped log
 * @param {string} accountKey
 * @returns {{ requests: number, bytes: bigint, accounts: Map<string, AccountUsage> }}
 */
export function countLog(path, accountKey) {
  const text = gunzipSync(readFileSync(path)).toString("utf8");
  /** @type {Map<string, AccountUsage>} */
  const addresses = new Map();
  let requests = 0;
  let bytes = 0n;
  for (const [, address = "", , size = "-"] of text.matchAll(REQUEST)) {
    const sent = size === "-" ? 0n : BigInt(size);
    const usage = addresses.get(address) ?? { requests: 0, bytes: 0n };
    addresses.set(address, { requests: usage.requests + 1, bytes: usage.bytes + sent });
    requests += 1;
    bytes += sent;
  }
  const accounts = new Map([...addresses].map(([address, usage]) => [accountOf(address, accountKey), usage]));
  if (accounts.size !== addresses.size) throw new Error("two addresses have the same account");
  return { requests, bytes, accounts };
}

/**
 * @param {string} address
 * @param {string} accountKey
 * @returns {string}
 */
function accountOf(address, accountKey) {
  return createHmac("sha256", accountKey).update(address).digest().subarray(0, 8).toString("hex");
}
