// @ts-check
/**
 * An example producer: reads a web server's access log and publishes each request as a usage event.
 * `node examples/access-log/producer.mjs --help` lists the options.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "nats";
import { contractsOf, readAccessLog, usageEvent } from "./access-log.mjs";
import { disturb } from "./disturbance.mjs";
import { messagesOf } from "./messages.mjs";
import { Publisher } from "./publisher.mjs";

const PROGRESS_INTERVAL_MS = 200;
const DEFAULT_LOG = fileURLToPath(new URL("data/apache_access.log.gz", import.meta.url));
const EXIT_FAULT = 1;
const EXIT_USAGE = 2;

const HELP = `usage: node examples/access-log/producer.mjs [options]

Publishes the requests of an access log as usage events to usage.in.<account>.<region>, and waits until the broker has
acknowledged every message. Prints what it sent to standard output.

  --servers <urls>      addresses of NATS, separated by commas (default nats://127.0.0.1:4222)
  --log <file>          log in the combined format, may be gzipped (default: the one of this example)
  --end <time>          RFC 3339; times are moved so that the log ends then (default: now). Sending the log again with the
                        same end repeats its events; with another one it sends other contents under the same ids
  --rate <number>       events a second at most (default 0: no limit)
  --seed <number>       of what is disturbed: repetitions, disorder, faulty events (default 1)
  --undisturbed         send every event once, in the order of the log
  --partitions <number> the server's partition count; batches then hold events of several accounts of a partition and
                        go to usage.<partition>.<region> (default: batches by account, placed by the server)
  --account-key <text>  key of the hash that accounts are made from client addresses with (default: that of the example)
  --contracts <file>    write a contract for each account to this file, as part of a catalog, and send nothing
  --calendar-months <number>
                        of the contracts, those of accounts with at least so many requests are billed by calendar
                        months, the others by months from the 15th on (default 0: all by calendar months)
  --json                progress and result as lines of JSON
  --help                this text
`;

/**
 * @param {string} text
 * @param {string} name
 * @param {number} least
 * @returns {number}
 */
function wholeNumber(text, name, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TypeError(`--${name} must be a whole number from ${least}`);
  }
  return value;
}

/** @param {readonly string[]} args */
function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: "string", default: "nats://127.0.0.1:4222" },
      log: { type: "string", default: DEFAULT_LOG },
      end: { type: "string", default: new Date().toISOString() },
      rate: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
      undisturbed: { type: "boolean", default: false },
      partitions: { type: "string" },
      "account-key": { type: "string", default: "access-log example" },
      contracts: { type: "string" },
      "calendar-months": { type: "string", default: "0" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const endMs = Date.parse(values.end);
  if (Number.isNaN(endMs)) throw new TypeError("--end must be a time such as 2026-11-01T00:00:00Z");
  return {
    ...values,
    endMs,
    rate: wholeNumber(values.rate, "rate", 0),
    seed: wholeNumber(values.seed, "seed", 0),
    leastRequests: wholeNumber(values["calendar-months"], "calendar-months", 0),
    partitions: values.partitions === undefined ? undefined : wholeNumber(values.partitions, "partitions", 1),
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */
/** @typedef {import("./disturbance.mjs").Delivery} Delivery */

/**
 * @param {Options} options
 * @param {readonly Delivery[]} deliveries
 * @param {(published: number, acknowledged: number) => void} onProgress
 */
async function publishAll(options, deliveries, onProgress) {
  const connection = await connect({ servers: options.servers.split(","), name: "access-log-producer" });
  try {
    const publisher = new Publisher(connection.jetstream());
    const startMs = performance.now();
    // Recognises a repetition of a message, not of its events: those have an identity of their own.
    const runId = randomUUID();
    let published = 0;
    let messages = 0;
    let reportedMs = startMs;
    for (const message of messagesOf(deliveries, options.seed, options.partitions)) {
      await publisher.publish({ ...message, messageId: `${runId}:${messages}` });
      messages++;
      published += message.events;
      const nowMs = performance.now();
      if (nowMs - reportedMs >= PROGRESS_INTERVAL_MS) {
        reportedMs = nowMs;
        onProgress(published, publisher.acknowledged);
      }
      const aheadMs = options.rate === 0 ? 0 : (published / options.rate) * 1000 - (nowMs - startMs);
      if (aheadMs > 1) await delay(aheadMs);
    }
    await publisher.drain();
    return { published, messages, acknowledged: publisher.acknowledged };
  } finally {
    await connection.close();
  }
}

/** @param {Options} options */
async function run(options) {
  const requests = readAccessLog(options.log, options["account-key"]);
  const lastMs = requests.reduce((latest, { timeMs }) => Math.max(latest, timeMs), 0);
  const firstMs = requests.reduce((earliest, { timeMs }) => Math.min(earliest, timeMs), lastMs);
  const shiftMs = options.endMs - lastMs;
  if (options.contracts !== undefined) {
    mkdirSync(dirname(options.contracts), { recursive: true });
    const contracts = contractsOf(requests, firstMs + shiftMs, options.leastRequests);
    writeFileSync(options.contracts, `${JSON.stringify(contracts, null, 1)}\n`);
    print(options, { contracts: contracts.length }, `${contracts.length} contracts written`);
    return;
  }
  const events = requests.map((request) => ({
    account: request.account,
    region: request.region,
    event: usageEvent(request, shiftMs),
  }));
  const { deliveries, expected } = options.undisturbed
    ? { deliveries: events, expected: undefined }
    : disturb(events, options.seed);
  const result = await publishAll(options, deliveries, (published, acknowledged) => {
    const text = `${published} of ${deliveries.length} events published, ${acknowledged} messages acknowledged`;
    print(options, { published, total: deliveries.length, acknowledged }, text);
  });
  print(
    options,
    { done: true, requests: requests.length, ...result, ...(expected === undefined ? {} : { expected }) },
    `${result.published} events in ${result.messages} messages, all acknowledged` +
      (expected === undefined ? "" : `; a worker should find ${JSON.stringify(expected)}`),
  );
}

/**
 * @param {Options} options
 * @param {object} record
 * @param {string} text
 */
function print(options, record, text) {
  process.stdout.write(`${options.json ? JSON.stringify(record) : text}\n`);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {readonly string[]} args */
async function main(args) {
  /** @type {Options} */
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${HELP}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return EXIT_FAULT;
  }
}

process.exitCode = await main(process.argv.slice(2));
