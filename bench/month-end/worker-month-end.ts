import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PublishedDocument } from "../../src/billing/invoices/billing-document.ts";
import { minorUnitsOfText } from "../../src/billing/rating/money.ts";
import { connectBroker, type BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { DOCUMENT_STREAM, numberingStream } from "../../src/ingest/jetstream/names.ts";
import { openPublicationLog } from "../../src/ingest/jetstream/publication-log.ts";
import { ensureTopology } from "../../src/ingest/jetstream/topology.ts";
import { publishLoad, type LoadResult } from "../../src/load/publisher.ts";
import { BenchWorker, catalogFolder, writeWorkerConfig } from "../worker/bench-worker.ts";
import { BenchEnvironment } from "../harness/bench-environment.ts";
import { WrongResult } from "../harness/sums.ts";
import { processCpuSeconds, processPeakRssBytes } from "../worker/process-usage.ts";
import {
  expectedHash,
  hashOfTotals,
  LEGAL_ENTITY,
  type MonthEnd,
  monthUsage,
  nextMonthUsage,
  writeMonthEndCatalog,
} from "./month-end-load.ts";

const POLL_INTERVAL_MS = 100;
const ENCODING = { form: "columnar", batchSize: 1_000 } as const;
/** A million contracts are read from files, checked and compiled before the worker reads its first message. */
const START_DEADLINE_MS = 20 * 60_000;
const BILLING_DEADLINE_MS = 20 * 60_000;

export interface WorkerMonthEndOptions {
  readonly monthEnd: MonthEnd;
  readonly partitionCount: number;
  /** Events of the next month that are published a second meanwhile. */
  readonly eventsPerSecond: number;
  readonly onProgress: (text: string) => void;
  /** Further settings of the worker. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface WorkerMonthEnd {
  readonly documents: number;
  /** From the first event behind the month's end to the last document on its stream: numbered and committed before. */
  readonly seconds: number;
  /** Until all had a number. */
  readonly numberedSeconds: number;
  /** Processor time of the worker in that time. */
  readonly cpuSeconds: number;
  /** Events of the next month, published and processed in that time, a second. */
  readonly publishedPerSecond: number;
  readonly processedPerSecond: number;
  /** Events that were published and not processed: the most at any look, and at the end. */
  readonly maxBacklogEvents: number;
  readonly endBacklogEvents: number;
  /** How late the worker's event loop ran in that time. */
  readonly loopDelay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  readonly peakRssBytes: number;
  /** Of all totals, read back from the stream; that of an independent calculation, or nothing is told. */
  readonly hash: string;
}

/** Lets a real worker bill a month while the next one's usage comes in. WrongResult where a document is wrong. */
export async function workerMonthEnd(options: WorkerMonthEndOptions): Promise<WorkerMonthEnd> {
  const { monthEnd, partitionCount, onProgress } = options;
  const environment = await BenchEnvironment.start(partitionCount);
  try {
    const broker = await connectBroker({ servers: [environment.url], name: "bench-month-end" });
    try {
      const configFile = writeWorker(environment, options);
      await ensureTopology(broker, { partitionCount });
      onProgress(`publishing the month's usage of ${monthEnd.accounts.toLocaleString("en")} accounts`);
      const usage = monthUsage(monthEnd);
      await publishLoad(broker, usage, { ...ENCODING, partitionCount });
      const worker = new BenchWorker(configFile);
      try {
        onProgress("the worker reads its catalog and the month's usage");
        await until(START_DEADLINE_MS, async () => (await eventsRead(worker)) >= usage.events);
        return await measure(options, broker, worker, usage.events);
      } finally {
        await worker.kill();
      }
    } finally {
      await broker.close();
    }
  } finally {
    await environment.stop();
  }
}

async function measure(
  { monthEnd, partitionCount, eventsPerSecond, onProgress }: WorkerMonthEndOptions,
  broker: BrokerConnection,
  worker: BenchWorker,
  eventsBefore: number,
): Promise<WorkerMonthEnd> {
  const { accounts } = monthEnd;
  const shape = nextMonthUsage(monthEnd, eventsPerSecond * (BILLING_DEADLINE_MS / 1_000));
  const stop = new AbortController();
  let published = 0;
  let maxBacklogEvents = 0;
  let numberedSeconds = 0;
  // The delays are those since the last scrape.
  await worker.get("/metrics");
  const cpuBefore = processCpuSeconds(worker.pid);
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  onProgress(`the month ends; ${eventsPerSecond.toLocaleString("en")} events/s of the next one come in`);
  const load = publishLoad(broker, shape, {
    ...ENCODING,
    partitionCount,
    rate: eventsPerSecond,
    signal: stop.signal,
    onProgress: ({ events }) => (published = events),
  });
  let processed = 0;
  const look = async (): Promise<boolean> => {
    const publishedBefore = published;
    processed = (await eventsRead(worker)) - eventsBefore;
    maxBacklogEvents = Math.max(maxBacklogEvents, publishedBefore - processed);
    if (numberedSeconds === 0 && (await numberedDocuments(broker)) >= accounts) numberedSeconds = seconds();
    return numberedSeconds > 0 && (await publishedDocuments(broker, partitionCount)) >= accounts;
  };
  const failed = load.then(
    () => undefined,
    (fault: unknown) => {
      throw fault;
    },
  );
  await Promise.race([until(BILLING_DEADLINE_MS, look), failed]);
  const took = seconds();
  const cpuSeconds = processCpuSeconds(worker.pid) - cpuBefore;
  const loopDelay = delaysIn((await worker.get("/metrics")) ?? "");
  const publishedThen = published;
  stop.abort();
  const { events }: LoadResult = await load;
  onProgress("reading all documents back");
  await until(BILLING_DEADLINE_MS, async () => (await eventsRead(worker)) >= eventsBefore + events);
  const peakRssBytes = processPeakRssBytes(worker.pid);
  const totals = await totalsOnStream(broker);
  const hash = hashOfTotals(totals);
  if (totals.length !== accounts || hash !== expectedHash(monthEnd))
    throw new WrongResult(
      `the ${totals.length} documents of ${accounts} contracts are not what was reckoned`,
    );
  await worker.stop();
  return {
    documents: totals.length,
    seconds: took,
    numberedSeconds,
    cpuSeconds,
    publishedPerSecond: publishedThen / took,
    processedPerSecond: processed / took,
    maxBacklogEvents,
    endBacklogEvents: publishedThen - processed,
    loopDelay,
    peakRssBytes,
    hash,
  };
}

function writeWorker(
  environment: BenchEnvironment,
  { monthEnd, partitionCount, settings = {} }: WorkerMonthEndOptions,
): string {
  const folder = join(environment.folder, "worker");
  writeMonthEndCatalog(catalogFolder(folder), monthEnd);
  return writeWorkerConfig({ url: environment.url, partitionCount, folder, settings });
}

async function until(deadlineMs: number, isReached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error("the worker did not come so far in time");
    await delay(POLL_INTERVAL_MS);
  }
}

async function eventsRead(worker: BenchWorker): Promise<number> {
  return (await worker.status())?.totals["read"] ?? 0;
}

async function numberedDocuments(broker: BrokerConnection): Promise<number> {
  return (await broker.manager.streams.info(numberingStream(LEGAL_ENTITY))).state.messages;
}

/** Each partition's last message says how many documents there are up to it. */
async function publishedDocuments(broker: BrokerConnection, partitionCount: number): Promise<number> {
  const log = openPublicationLog(broker, DOCUMENT_STREAM);
  const ends = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => log.last(`documents.${partition}`)),
  );
  return ends.reduce((sum, { ordinal }) => sum + ordinal, 0);
}

async function totalsOnStream(broker: BrokerConnection): Promise<[id: string, cents: bigint][]> {
  const { state } = await broker.manager.streams.info(DOCUMENT_STREAM);
  const totals: [string, bigint][] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const { data } = await broker.manager.streams.getMessage(DOCUMENT_STREAM, { seq });
    const events: { readonly data: PublishedDocument }[] = JSON.parse(Buffer.from(data).toString("utf8"));
    for (const { data: document } of events) totals.push([document.id, minorUnitsOfText(document.total)]);
  }
  return totals;
}

function delaysIn(metrics: string): WorkerMonthEnd["loopDelay"] {
  const delayMs = (quantile: string): number => {
    const sample = new RegExp(
      `^tributary_event_loop_delay_seconds\\{quantile="${quantile}"\\} (\\S+)$`,
      "mu",
    ).exec(metrics);
    return Number(sample?.[1] ?? Number.NaN) * 1_000;
  };
  return { p50Ms: delayMs("0.5"), p99Ms: delayMs("0.99"), maxMs: delayMs("1") };
}
