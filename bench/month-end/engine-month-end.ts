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
  /** What is done in one piece: slices of billing runs and numberings, the freezing of checkpoints. */
  readonly slices: SliceFigures;
  /** The event that ends the month: its windows complete, its periods close. */
  readonly closeMs: number;
  readonly closeSlices: SliceFigures;
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

export interface SliceFigures {
  readonly count: number;
  readonly p99Ms: number;
  readonly maxMs: number;
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
  driver.beginMeasuring();
  const closeFromMs = performance.now();
  driver.process(nextMonthUsage(monthEnd, 1));
  const closeMs = performance.now() - closeFromMs;
  const closeSlices = figuresOf(driver.slicesMs);
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
  return {
    documents,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    slices: figuresOf(slicesMs),
    closeMs,
    closeSlices,
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

function figuresOf(slicesMs: readonly number[]): SliceFigures {
  const sorted = slicesMs.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    maxMs: sorted.at(-1) ?? 0,
  };
}
