import { DURATION_UNIT_MS } from "../model/duration.ts";

/**
 * Keys of events that one partition can remember. 400 million are 800 MB of filters in memory, 13 GB of files and the
 * same again while a generation is merged, and some seconds of reading at a start; it has been measured to 100 million.
 */
export const DEDUPE_KEYS_CAPACITY = 400_000_000;
/** A key is remembered until its generation, a quarter of the horizon, has ended and the horizon is over. */
const LONGEST_STAY = 1.25;

export interface DedupeLoad {
  /** Events a day of all partitions that are deduplicated by their ids. */
  readonly eventsPerDay: number;
  readonly partitionCount: number;
  readonly dedupeHorizonMs: number;
}

/** Keys that a partition has to remember at most where events are spread over all of them evenly. */
export function keysPerPartition({ eventsPerDay, partitionCount, dedupeHorizonMs }: DedupeLoad): number {
  const days = (dedupeHorizonMs * LONGEST_STAY) / DURATION_UNIT_MS.d;
  return Math.ceil((eventsPerDay * days) / partitionCount);
}

/** What is wrong with so many events, undefined where nothing is. */
export function capacityFault(load: DedupeLoad): string | undefined {
  const keys = keysPerPartition(load);
  if (keys <= DEDUPE_KEYS_CAPACITY) return undefined;
  return (
    `${load.eventsPerDay} events a day and the catalog's dedupe_horizon make ${keys} remembered ids a partition, ` +
    `${DEDUPE_KEYS_CAPACITY} are its capacity: let producers send batches that are deduplicated by their sequence, or choose more ` +
    `partitions or a shorter dedupe_horizon`
  );
}
