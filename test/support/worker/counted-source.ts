import type { UsageEvent } from "../../../src/producer/index.ts";
import { ACCOUNTS, HOUR_MS, REQUEST } from "./usage-catalog.ts";

/** Events that follow from their number: what a producer can read again from any place. */

/** Event times go over so many hours up to `endMs`. */
const HOURS = 6;

export function sourceEvent(number: number, total: number, endMs: number): UsageEvent {
  const startMs = endMs - HOURS * HOUR_MS;
  return {
    source: number % 3 === 0 ? "gateway" : "proxy",
    type: REQUEST,
    account: ACCOUNTS[number % ACCOUNTS.length] ?? "",
    timeMs: startMs + Math.floor((number / total) * HOURS * HOUR_MS),
    data: { status: "200", "size.bytes": number % 1_000, latency: 1.5, user: `u-${number % 5}` },
  };
}

/** Sums of `size.bytes` by account and hour of the first `total` events, each counted once. */
export function sourceSums(total: number, endMs: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (let number = 0; number < total; number++) {
    const { account, timeMs } = sourceEvent(number, total, endMs);
    const hour = new Date(Math.floor(timeMs / HOUR_MS) * HOUR_MS).toISOString();
    const key = `${account} ${hour}`;
    sums.set(key, (sums.get(key) ?? 0) + (number % 1_000));
  }
  return sums;
}
