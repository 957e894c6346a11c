import type { LoadCounts } from "../../src/load/expected-totals.ts";

/** What one run of a contender came to. Speeds are of the time between its first event and its last. */
export interface Measurement {
  readonly contender: string;
  readonly events: number;
  readonly seconds: number;
  /** Processor time of the contender in that time, user and system; a database server's is not in it. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Undefined for a contender that counts events only. */
  readonly result: { readonly counts: LoadCounts; readonly hash: string } | undefined;
  /** Further figures, by name. */
  readonly notes: Readonly<Record<string, number | string>>;
}

/** What a contender's process is told. */
export interface ContenderTask {
  readonly url: string;
  readonly partitionCount: number;
  /** Events of the load, and messages that hold them. */
  readonly events: number;
  readonly meters: number;
  /** Folder for its files; empty at the start. */
  readonly folder: string;
}

export function eventsPerSecond({ events, seconds }: Pick<Measurement, "events" | "seconds">): number {
  return events / seconds;
}

export function eventsPerCpuSecond({
  events,
  cpuSeconds,
}: Pick<Measurement, "events" | "cpuSeconds">): number {
  return events / cpuSeconds;
}
