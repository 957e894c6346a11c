import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectBroker } from "../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../src/ingest/jetstream/topology.ts";
import { publishLoad } from "../../src/load/publisher.ts";
import { requestTimes } from "../../test/support/erp/request-log.ts";
import type { Ledger, LedgerRecord } from "../../test/simulators/netsuite/ledger.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { WrongResult } from "../harness/sums.ts";
import type { MonthEnd } from "../month-end/month-end-load.ts";
import { BenchWorker, catalogFolder, writeWorkerConfig } from "../worker/bench-worker.ts";
import {
  billedUsage,
  centsOf,
  CONNECTION,
  expectedInvoices,
  hashOfInvoices,
  PREFIX,
  usageBehind,
  writeDrainCatalog,
} from "./drain-load.ts";
import { type Quota, type QuotaUse, quotaUse } from "./quota-use.ts";
import { SimulatedNetsuite } from "./simulated-netsuite.ts";

const ENCODING = { form: "columnar", batchSize: 1_000 } as const;
/** Of each request, as performance.md wants it. */
export const LATENCY_MS = 300;
/** Places that the simulated account has beyond the quota: what is sent beyond it is seen, and not refused. */
const FURTHER_PLACES = 5;
/** Before it is measured: the first access token, and requests that begin together. */
const WARM_UP_MS = 2_000;
const POLL_INTERVAL_MS = 100;
const DEADLINE_MS = 10 * 60_000;
/** Documents that still wait for their first request: with fewer of them it is no backlog any more. */
const BACKLOG_PER_PLACE = 4;

export interface WorkerDrainOptions {
  readonly monthEnd: MonthEnd;
  readonly partitionCount: number;
  readonly quota: Quota;
  readonly onProgress: (text: string) => void;
}

export interface WorkerDrain extends QuotaUse {
  /** Customers, invoices and journals that the ERP has. */
  readonly documents: number;
  readonly requests: number;
  /** How long it was measured, seconds. */
  readonly seconds: number;
  /** Of all invoices, as the ERP has them; that of an independent calculation, or nothing is told. */
  readonly hash: string;
}

/**
 * Lets a real worker post a month's documents to a simulated NetSuite, both processes of their own. Measured while a backlog stands, by the
 * ERP's own log. WrongResult where a document is missing, there twice, or of another amount.
 */
export async function workerDrain(options: WorkerDrainOptions): Promise<WorkerDrain> {
  const { monthEnd, partitionCount, quota, onProgress } = options;
  const environment = await BenchEnvironment.start(partitionCount);
  let netsuite: SimulatedNetsuite | undefined;
  let worker: BenchWorker | undefined;
  try {
    const folder = join(environment.folder, "worker");
    writeDrainCatalog(catalogFolder(folder), monthEnd);
    const broker = await connectBroker({ servers: [environment.url], name: "bench-erp-drain" });
    try {
      await ensureTopology(broker, { partitionCount });
      await publishLoad(broker, billedUsage(monthEnd), { ...ENCODING, partitionCount });
      await publishLoad(broker, usageBehind(monthEnd), { ...ENCODING, partitionCount });
    } finally {
      await broker.close();
    }
    netsuite = await SimulatedNetsuite.start({
      folder: join(environment.folder, "netsuite"),
      latencyMs: LATENCY_MS,
      concurrency: quota.maxConcurrent + FURTHER_PLACES,
    });
    const connections = join(environment.folder, "erp-connections.json");
    const posting = {
      max_concurrent: quota.maxConcurrent,
      ...(quota.requestsPerSecond === undefined ? {} : { requests_per_second: quota.requestsPerSecond }),
    };
    writeFileSync(connections, JSON.stringify({ [CONNECTION]: netsuite.settings(posting) }), { mode: 0o600 });
    const settings = { erp_connections: connections };
    worker = new BenchWorker(writeWorkerConfig({ url: environment.url, partitionCount, folder, settings }));
    onProgress(`${monthEnd.accounts.toLocaleString("en")} customers and their invoices, ${told(quota)}`);
    return await measure(options, worker, netsuite);
  } finally {
    await worker?.kill();
    await netsuite?.stop();
    await environment.stop();
  }
}

async function measure(
  { monthEnd, quota }: WorkerDrainOptions,
  worker: BenchWorker,
  netsuite: SimulatedNetsuite,
): Promise<WorkerDrain> {
  // Beside customers and invoices, each partition has a journal.
  const atLeast = 2 * monthEnd.accounts;
  const least = BACKLOG_PER_PLACE * quota.maxConcurrent;
  await until(async () => known(await postingStates(worker)) >= atLeast);
  const fromMs = Date.now() + WARM_UP_MS;
  let toMs = Date.now();
  let documents = 0;
  await until(async () => {
    const lookedMs = Date.now();
    const states = await postingStates(worker);
    if ((states.get("planned") ?? 0) >= least) toMs = lookedMs;
    documents = known(states);
    return documents >= atLeast && states.get("reconciled") === documents;
  });
  await worker.stop();
  if (toMs <= fromMs) throw new RangeError("the backlog was gone before it could be measured");
  const ledger = await netsuite.ledger();
  const hash = checkedHash(ledger, monthEnd);
  const { requests, highestConcurrency } = ledger;
  const seen = { times: requestTimes(requests), highestConcurrency };
  return {
    ...quotaUse(quota, seen, fromMs, toMs),
    documents,
    requests: requests.length,
    seconds: (toMs - fromMs) / 1_000,
    hash,
  };
}

/** Each customer and invoice once, and of the amount that was reckoned. */
function checkedHash({ records }: Ledger, monthEnd: MonthEnd): string {
  const customers = new Map(
    records
      .filter(({ type }) => type === "customer")
      .map(({ id, fields }) => [id, String(fields["companyName"])]),
  );
  const invoices = records.filter(({ type }) => type === "invoice");
  // What NetSuite makes by itself, to take an accrual back, has no id of ours.
  const own = records.filter(({ reversalOf }) => reversalOf === null);
  const ids = new Set(own.map(({ type, externalId }) => `${type} ${externalId}`));
  const isWhole = customers.size === monthEnd.accounts && invoices.length === monthEnd.accounts;
  if (!isWhole || ids.size !== own.length || !invoices.every(isPostedOnce))
    throw new WrongResult(
      `${customers.size} customers and ${invoices.length} invoices of ${monthEnd.accounts} accounts, ${ids.size} ids`,
    );
  const hash = hashOfInvoices(
    invoices.map(({ fields, total }) => [
      customers.get(String(fields["entity"])) ?? "nobody",
      centsOf(total),
    ]),
  );
  if (hash !== expectedInvoices(monthEnd))
    throw new WrongResult("the ERP's invoices are not what was reckoned");
  return hash;
}

function isPostedOnce({ commits, externalId }: LedgerRecord): boolean {
  return commits === 1 && externalId?.startsWith(PREFIX) === true;
}

/** Documents of the connection by their state; empty before the worker tells. */
async function postingStates(worker: BenchWorker): Promise<ReadonlyMap<string, number>> {
  const metrics = await worker.metrics();
  const samples = metrics.matchAll(/^tributary_documents\{([^}]*)\} (\d+)$/gmu);
  return new Map(
    Array.from(samples, ([, labels = "", count]) => [
      /state="([\w-]+)"/u.exec(labels)?.[1] ?? "",
      Number(count),
    ]),
  );
}

function known(states: ReadonlyMap<string, number>): number {
  return [...states.values()].reduce((sum, count) => sum + count, 0);
}

function told({ maxConcurrent, requestsPerSecond }: Quota): string {
  const rate = requestsPerSecond === undefined ? "" : `, ${requestsPerSecond} requests a second`;
  return `${maxConcurrent} requests at a time${rate}`;
}

async function until(isReached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error("the worker did not post its documents in time");
    await delay(POLL_INTERVAL_MS);
  }
}
