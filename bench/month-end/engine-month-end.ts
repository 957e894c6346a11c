import { EngineDriver, heapBytes } from "./engine-driver.ts";
import {
  expectedHash,
  monthEndCatalog,
  monthUsage,
  nextMonthUsage,
  type MonthEnd,
} from "./month-end-load.ts";

export interface EngineMonthEnd {
  readonly documents: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** What is done in one piece: billing runs, numberings, the freezing of checkpoints. */
  readonly slices: { readonly count: number; readonly p99Ms: number; readonly maxMs: number };
  /** The event that ends the month: its windows complete, its periods close. */
  readonly closeMs: number;
  /** Bytes a document: control records, rows of checkpoints, outbox. */
  readonly controlBytes: number;
  readonly rowBytes: number;
  readonly outboxBytes: number;
  /** Heap in bytes a contract: of the catalog, and of all state before and behind the month's end. */
  readonly catalogHeap: number;
  readonly openHeap: number;
  readonly billedHeap: number;
  readonly peakRssBytes: number;
  /** Of all totals; that of an independent calculation, or nothing is told. */
  readonly hash: string;
}

/** Bills all contracts for a month in one engine, without a broker and a disk. RangeError where a total is wrong. */
export async function engineMonthEnd(monthEnd: MonthEnd): Promise<EngineMonthEnd> {
  const { accounts } = monthEnd;
  const expected = expectedHash(monthEnd);
  const emptyHeap = heapBytes();
  const catalog = monthEndCatalog(monthEnd);
  const catalogHeap = heapBytes() - emptyHeap;
  const driver = new EngineDriver(catalog);
  driver.process(monthUsage(monthEnd));
  driver.checkpoint();
  const openHeap = heapBytes() - emptyHeap - catalogHeap;
  const closeFromMs = performance.now();
  driver.process(nextMonthUsage(monthEnd, 1));
  const closeMs = performance.now() - closeFromMs;
  driver.checkpoint();
  driver.beginMeasuring();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await driver.bill();
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  const { documents, slicesMs, controlBytes, rowBytes, outboxBytes } = driver;
  const hash = driver.takeHash();
  if (documents !== accounts || hash !== expected)
    throw new RangeError(`the ${documents} documents of ${accounts} contracts are not what was reckoned`);
  const slices = slicesMs.toSorted((a, b) => a - b);
  return {
    documents,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    slices: {
      count: slices.length,
      p99Ms: slices[Math.floor(slices.length * 0.99)] ?? 0,
      maxMs: slices.at(-1) ?? 0,
    },
    closeMs,
    controlBytes: controlBytes / documents,
    rowBytes: rowBytes / documents,
    outboxBytes: outboxBytes / documents,
    catalogHeap: catalogHeap / accounts,
    openHeap: openHeap / accounts,
    billedHeap: (heapBytes() - emptyHeap - catalogHeap) / accounts,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    hash,
  };
}
