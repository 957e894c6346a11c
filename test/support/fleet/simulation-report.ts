import type { ScheduleFigures } from "./ownership-schedule.ts";

/** What many schedules had, summed. */
export interface ScheduleTotals {
  schedules: number;
  events: number;
  processes: number;
  owners: number;
  published: number;
  documents: number;
  /** Partitions that stopped for good, by error code: the fences that former owners met. */
  readonly stops: Record<string, number>;
}

/** A seed whose schedule violated an invariant, and what was wrong. */
export interface ViolatedSchedule {
  readonly seed: number;
  readonly message: string;
}

/** The result of a run of many schedules. */
export interface SimulationReport {
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly machine: { readonly node: string; readonly cores: number; readonly memoryGiB: number };
  readonly firstSeed: number;
  readonly processes: number;
  readonly elapsedMs: number;
  readonly totals: ScheduleTotals;
  readonly violated: readonly ViolatedSchedule[];
}

export function noTotals(): ScheduleTotals {
  return { schedules: 0, events: 0, processes: 0, owners: 0, published: 0, documents: 0, stops: {} };
}

/** Adds a schedule to the totals. */
export function addSchedule(totals: ScheduleTotals, figures: ScheduleFigures): void {
  const stops: Record<string, number> = {};
  for (const stop of figures.stops) {
    const code = stop.split(":", 1)[0] ?? stop;
    stops[code] = (stops[code] ?? 0) + 1;
  }
  addTotals(totals, { ...figures, schedules: 1, stops });
}

export function addTotals(totals: ScheduleTotals, more: ScheduleTotals): void {
  totals.schedules += more.schedules;
  totals.events += more.events;
  totals.processes += more.processes;
  totals.owners += more.owners;
  totals.published += more.published;
  totals.documents += more.documents;
  for (const [code, count] of Object.entries(more.stops))
    totals.stops[code] = (totals.stops[code] ?? 0) + count;
}
