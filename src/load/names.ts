/** How the numbers of a plan are called on the wire, in the catalog and in the results. */

/** Property of `data` that holds an event's value. */
export const VALUE_PROPERTY = "value";

export function eventId(number: number): string {
  return `e-${number}`;
}

/** A source for each region: a region's producers know nothing of the others. */
export function eventSource(region: string): string {
  return `load/${region}`;
}

export function accountName(account: number): string {
  return `account_${account}`;
}

export function meterKey(meter: number): string {
  return `meter_${meter}`;
}

/** Each meter reads a type of its own, so that an event counts in one meter. */
export function eventType(meter: number): string {
  return `load.meter_${meter}`;
}

/** Name of a region's producer of numbered batches: one for each seed, so that every load begins with number 1. */
export function producerName(seed: number, region: string): string {
  return `load-${seed}/${region}`;
}

/** Epoch of numbered batches: a load that is published again is all duplicates. */
export const LOAD_EPOCH = 1;
