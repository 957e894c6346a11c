import type { LoadShape } from "../../src/load/event-plan.ts";
import { HOUR_MS } from "../harness/sums.ts";

export const PARTITIONS = 16;
/** Each costs a worker a store, streams and consumers: with a small load most of its time. */
export const SMOKE_PARTITIONS = 4;
export const EVENTS_PER_BATCH = 1_000;
/**
 * Columnar batches where throughput is compared: what a message costs by itself, and the names of its accounts, are shared by as
 * many events. All contenders read the same messages.
 */
export const EVENTS_PER_COLUMNAR_BATCH = 4_000;
export const FEW_ACCOUNTS = 10_000;
export const SMOKE_ACCOUNTS = 500;
/** Two full hours and the begin of a third: most windows complete, are rated and published in the timed run. */
const SPAN_MS = 2.5 * HOUR_MS;
/** Event times end this long before now, so that none is ahead of its arrival. */
const BEFORE_NOW_MS = 60_000;

export function loadShape(events: number, accounts: number, spanMs = SPAN_MS): LoadShape {
  return {
    seed: 1,
    events,
    accounts,
    meters: 2,
    regions: ["eu", "us"],
    skew: 0,
    duplicateRatio: 0.01,
    disorderMs: 60_000,
    lateRatio: 0,
    startMs: Math.floor((Date.now() - BEFORE_NOW_MS - spanMs) / 1_000) * 1_000,
    spanMs,
  };
}

/** The same within one hour: no window completes, so that all of a load costs the same, whatever came before. */
export function loadShapeOfAnHour(events: number, accounts: number): LoadShape {
  const startMs = Math.floor((Date.now() - BEFORE_NOW_MS) / HOUR_MS - 1) * HOUR_MS;
  return { ...loadShape(events, accounts), startMs, spanMs: HOUR_MS - 1 };
}
