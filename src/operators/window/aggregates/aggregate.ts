import { Aggregation } from "../../stage.ts";
import { addToCount } from "./count.ts";
import { addToLatest } from "./latest.ts";
import { addToMax } from "./max.ts";
import { addToMin } from "./min.ts";
import { addToSum } from "./sum.ts";

/** Stored code of an aggregation (see Aggregation). */
export type AggregationCode = (typeof Aggregation)[keyof typeof Aggregation];

/**
 * Adds a value to the record at `at` (in doubles) of a slab; `words` is the same slab in words. The value comes as a
 * pair (see exact-pair.ts). The record's count of events is still that before the value.
 */
export type AddToRecord = (
  doubles: Float64Array,
  words: Uint32Array,
  at: number,
  high: number,
  low: number,
  timeMs: number,
  sequence: number,
  index: number,
) => void;

/** Aggregations whose whole state is in the record, by code. `unique` and `time_weighted` have state beside it. */
export const RECORD_AGGREGATES: readonly (AddToRecord | undefined)[] = [
  undefined,
  addToSum,
  addToCount,
  addToMin,
  addToMax,
  addToLatest,
];
