// @ts-check
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Event source: with the id it identifies an event, whenever and however often it is sent. */
export const SOURCE = "access-log";
export const EVENT_TYPE = "web.request";

/** 64 bits tell some thousand accounts apart. */
const ACCOUNT_HEX_DIGITS = 16;

/** Combined log format up to the size: address, two names, [time], "request", status, size. */
const LINE =
  /^(?<address>\S+) \S+ \S+ \[(?<time>[^\]]+)\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<size>\d+|-)(?: |$)/;
const TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * One request of the log.
 * @typedef {object} Request
 * @property {number} line from 1
 * @property {string} account hash of the client's address; the address itself goes nowhere
 * @property {string} region `eu` or `us`
 * @property {number} timeMs
 * @property {string} method
 * @property {string} statusClass `2xx` …
 * @property {number} bytes of the response; 0 where the log has none
 */

/**
 * A usage event in the JSON format of CloudEvents 1.0. Usage counts for `subject`, the account.
 * @typedef {object} UsageEvent
 * @property {"1.0"} specversion
 * @property {string} id
 * @property {string} source
 * @property {string} type
 * @property {string} subject
 * @property {string} time RFC 3339
 * @property {Record<string, unknown>} data
 */

/**
 * Reads a log, gzipped if its name ends so.
 * @param {string} path
 * @param {string} accountKey secret of the account's hash: without one, anybody could try all addresses
 * @returns {Request[]} in the order of the lines
 * @throws {Error} naming the first line that is in another format
 */
export function readAccessLog(path, accountKey) {
  const content = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(content) : content).toString("utf8");
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return lines.map((line, index) => parseLine(line, index + 1, accountKey));
}

/**
 * @param {string} text
 * @param {number} line
 * @param {string} accountKey
 * @returns {Request}
 */
function parseLine(text, line, accountKey) {
  const groups = LINE.exec(text)?.groups;
  if (groups === undefined) throw new Error(`line ${line} is not in the combined log format`);
  const { address = "", time = "", request = "", status = "", size = "" } = groups;
  const account = createHmac("sha256", accountKey).update(address).digest("hex").slice(0, ACCOUNT_HEX_DIGITS);
  const method = request.split(" ", 1)[0] ?? "";
  return {
    line,
    account,
    region: regionOf(account),
    timeMs: parseTime(time, line),
    method: /^[A-Z]+$/.test(method) ? method : "other",
    statusClass: `${status.slice(0, 1)}xx`,
    bytes: size === "-" ? 0 : Number(size),
  };
}

/**
 * @param {string} text such as `17/May/2015:10:05:03 +0000`
 * @param {number} line
 * @returns {number}
 */
function parseTime(text, line) {
  const [, day, month = "", year, clock, offsetHours, offsetMinutes] = TIME.exec(text) ?? [];
  const monthNumber = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  const timeMs = Date.parse(`${year}-${monthNumber}-${day}T${clock}${offsetHours}:${offsetMinutes}`);
  if (Number.isNaN(timeMs))
    throw new Error(`line ${line} has no time in the form 17/May/2015:10:05:03 +0000`);
  return timeMs;
}

/**
 * Where an account's requests are served. The log does not say; any rule does that always gives the same.
 * @param {string} account
 * @returns {string}
 */
function regionOf(account) {
  return Number.parseInt(account.slice(0, 1), 16) % 2 === 0 ? "eu" : "us";
}

/**
 * @param {Request} request
 * @param {number} shiftMs moves the log's time
 * @returns {UsageEvent}
 */
export function usageEvent(request, shiftMs) {
  return {
    specversion: "1.0",
    id: String(request.line),
    source: SOURCE,
    type: EVENT_TYPE,
    subject: request.account,
    time: new Date(request.timeMs + shiftMs).toISOString(),
    data: { method: request.method, status_class: request.statusClass, bytes: request.bytes },
  };
}

/** Billing periods of the accounts that are not billed by calendar months begin on this day. */
const MID_MONTH_DAY = 15;

/**
 * A contract for each account of the log, as entries of the catalog's folder `contracts/`.
 * @param {readonly Request[]} requests
 * @param {number} firstMs time of the earliest event; contracts start with the month before it
 * @param {number} [leastRequests] accounts with at least so many requests are billed by calendar months (default: all),
 *   the others by months from the 15th on
 * @returns {object[]}
 */
export function contractsOf(requests, firstMs, leastRequests = 0) {
  const first = new Date(firstMs);
  const start = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() - 1, 1))
    .toISOString()
    .slice(0, 10);
  /** @type {Map<string, { region: string, count: number }>} */
  const accounts = new Map();
  for (const { account, region } of requests) {
    accounts.set(account, { region, count: (accounts.get(account)?.count ?? 0) + 1 });
  }
  return [...accounts].map(([account, { region, count }]) => ({
    id: `web-${account}`,
    customer: `visitors-${region}`,
    account,
    plan: { key: "web", version: 1 },
    time_zone: region === "eu" ? "Europe/Berlin" : "America/New_York",
    ...(count < leastRequests ? { billing_anchor_day: MID_MONTH_DAY } : {}),
    start,
  }));
}
