import { Aggregation } from "../../../../src/operators/stage.ts";
import type { AggregationCode } from "../../../../src/operators/window/aggregates/aggregate.ts";

/** An event as the naive model keeps it. */
export interface ModelEvent {
  readonly value: bigint;
  readonly member: string;
  readonly timeMs: number;
  readonly sequence: number;
  readonly index: number;
}

/** Value of a cell (or of several, in any order of events) by the plainest means; no state is kept but the events. */
export function naiveValue(aggregation: AggregationCode, events: readonly ModelEvent[]): bigint {
  const values = events.map((event) => event.value);
  switch (aggregation) {
    case Aggregation.sum:
      return values.reduce((a, b) => a + b, 0n);
    case Aggregation.count:
      return BigInt(events.length);
    case Aggregation.min:
      return values.reduce((a, b) => (b < a ? b : a), values[0] ?? 0n);
    case Aggregation.max:
      return values.reduce((a, b) => (b > a ? b : a), values[0] ?? 0n);
    case Aggregation.latest:
      return inOrder(events).at(-1)?.value ?? 0n;
    case Aggregation.unique:
      return BigInt(new Set(events.map((event) => event.member)).size);
    case Aggregation.time_weighted:
      throw new Error("use naiveIntegral");
  }
  throw new Error("unknown aggregation");
}

/** Integral millisecond by millisecond: at each one the level of the last event so far. */
export function naiveIntegral(
  events: readonly ModelEvent[],
  carryIn: bigint,
  startMs: number,
  endMs: number,
): bigint {
  let total = 0n;
  for (let nowMs = startMs; nowMs < endMs; nowMs += 1) total += naiveLevel(events, carryIn, nowMs);
  return total;
}

export function naiveLevel(events: readonly ModelEvent[], carryIn: bigint, nowMs: number): bigint {
  return inOrder(events).findLast((event) => event.timeMs <= nowMs)?.value ?? carryIn;
}

function inOrder(events: readonly ModelEvent[]): ModelEvent[] {
  return events.toSorted((a, b) => a.timeMs - b.timeMs || a.sequence - b.sequence || a.index - b.index);
}
