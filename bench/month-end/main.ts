import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { engineMonthEnd } from "./engine-month-end.ts";
import { lastMonthEnd } from "./month-end-load.ts";
import { workerMonthEnd } from "./worker-month-end.ts";

const USAGE = `A month's end in one engine, then in a worker with a broker of its own: the month's last event, then invoices of all
accounts while usage of the next month comes in. All totals are compared with an independent calculation before any speed is told.

npm run bench:month-end -- [options]
  --only <engine|worker>  one of the two (repeatable; both by default)
  --accounts <number>     accounts, one contract each (repeatable; 100000)
  --partitions <number>   partitions of the worker (16)
  --threads <number>      threads of the worker (1)
  --rate <number>         events of the next month, a second (100000)
  --json                  all figures as JSON too
  --help                  this text
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: ["engine", "worker"] },
    accounts: { type: "string", multiple: true, default: ["100000"] },
    partitions: { type: "string", default: "16" },
    rate: { type: "string", default: "100000" },
    threads: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name} must be a whole number, 1 or more`);
  return value;
}

const endMs = lastMonthEnd(Date.now());
const text = (value: number, digits = 0): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const MEBIBYTE = 2 ** 20;

async function engine(accounts: number): Promise<unknown> {
  const result = await engineMonthEnd({ endMs, accounts });
  const { documents, seconds, cpuSeconds, slices } = result;
  print(
    `engine, ${text(accounts)} accounts: ${text((documents / seconds) * 60)} invoices/min, ` +
      `${text((cpuSeconds / documents) * 1e6)} µs of processor time each; in one piece p99 ${text(slices.p99Ms, 1)} ms, ` +
      `most ${text(slices.maxMs, 1)} ms; the month's last event ${text(result.closeMs)} ms in ` +
      `${text(result.closeSlices.count)} slices, most ${text(result.closeSlices.maxMs, 1)} ms`,
  );
  print(
    `  bytes an invoice: control ${text(result.controlBytes)}, rows ${text(result.rowBytes)}, outbox ` +
      `${text(result.outboxBytes)}; heap a contract: catalog ${text(result.catalogHeap)}, state ` +
      `${text(result.openHeap)} before and ${text(result.billedHeap)} behind; RSS ` +
      `${text(result.peakRssBytes / MEBIBYTE)} MiB; results ${result.hash.slice(0, 12)}`,
  );
  return { scenario: "engine", accounts, ...result };
}

async function worker(accounts: number): Promise<unknown> {
  const partitionCount = wholeNumber("partitions", values.partitions);
  const eventsPerSecond = wholeNumber("rate", values.rate);
  const threads = wholeNumber("threads", values.threads);
  const result = await workerMonthEnd({
    monthEnd: { endMs, accounts },
    partitionCount,
    eventsPerSecond,
    settings: { threads },
    onProgress: (line) => process.stderr.write(`[month-end] ${line}\n`),
  });
  const { documents, seconds, cpuSeconds, loopDelay } = result;
  print(
    `worker, ${text(accounts)} accounts, ${partitionCount} partitions, ${threads} thread(s): ` +
      `${text((documents / seconds) * 60)} invoices/min published (numbered ${text((documents / result.numberedSeconds) * 60)}), ` +
      `${text(seconds, 1)} s, ${text(cpuSeconds, 1)} s of processor time`,
  );
  print(
    `  next month: ${text(result.publishedPerSecond)} events/s published, ${text(result.processedPerSecond)} processed, ` +
      `backlog at most ${text(result.maxBacklogEvents)}, at the end ${text(result.endBacklogEvents)}; event loop late ` +
      `p50 ${text(loopDelay.p50Ms, 1)}, p99 ${text(loopDelay.p99Ms, 1)}, most ${text(loopDelay.maxMs)} ms; RSS ` +
      `${text(result.peakRssBytes / MEBIBYTE)} MiB; results ${result.hash.slice(0, 12)}`,
  );
  return { scenario: "worker", accounts, threads, ...result };
}

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
for (const name of values.only)
  if (name !== "engine" && name !== "worker") throw new RangeError(`--only must be engine or worker`);
print(`${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}`);
const results: unknown[] = [];
for (const count of values.accounts) {
  const accounts = wholeNumber("accounts", count);
  if (values.only.includes("engine")) results.push(await engine(accounts));
  if (values.only.includes("worker")) results.push(await worker(accounts));
}
if (values.json) print(JSON.stringify(results, undefined, 2));
