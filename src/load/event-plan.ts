import { TributaryError } from "../model/errors.ts";
import { below, drawStart, drawWord, TWO_32 } from "./random.ts";
import { ZipfRanks } from "./zipf.ts";

/** What a load looks like. The same shape is the same events on every machine. */
export interface LoadShape {
  /** An integer, 0 … 2^32 − 1. */
  readonly seed: number;
  /** Events in all, duplicates included. */
  readonly events: number;
  readonly accounts: number;
  readonly meters: number;
  /** Region tokens of subjects; each event is in one of them, evenly. */
  readonly regions: readonly string[];
  /** Exponent of Zipf's law over the accounts; 0 = all equally often. */
  readonly skew: number;
  /** Share of events that repeat an earlier one, 0 … 1. */
  readonly duplicateRatio: number;
  /** Event times stand up to this behind the front of the load. */
  readonly disorderMs: number;
  /** Share of the other events whose time is further behind than `disorderMs`, 0 … 1. */
  readonly lateRatio: number;
  /** First event time, milliseconds since the epoch. */
  readonly startMs: number;
  /** Event times are in [startMs, startMs + spanMs). */
  readonly spanMs: number;
}

/** Events in the order in which they are published, as columns. A block is never written to again. */
export interface PlannedBlock {
  readonly count: number;
  /** Number of the event: place in the plan of its first occurrence, from 0. Its id is `eventId(number)`. */
  readonly id: Float64Array;
  readonly account: Uint32Array;
  readonly meter: Uint32Array;
  /** Index into the shape's regions. */
  readonly region: Uint32Array;
  /** Event time, an integer. */
  readonly timeMs: Float64Array;
  /** An integer, 1 … MAX_EVENT_VALUE. */
  readonly value: Float64Array;
  /** 1 where an earlier event of the plan is repeated whole. */
  readonly isDuplicate: Uint8Array;
}

export const MAX_EVENT_VALUE = 1_000;
/** Columns that an event's words depend on fit in memory up to here (8 bytes an account). */
export const MAX_ACCOUNTS = 100_000_000;
export const MAX_METERS = 65_536;
/** Late events stand up to this behind the disorder bound: past the end of one window and of the next. */
export const LATE_REACH_MS = 2 * 3_600_000;

/** Which word of an event decides what. Changing one changes every plan. */
const DRAW = {
  /** Repeats another, is late, or neither. */
  kind: 0,
  duplicateMagnitude: 1,
  duplicateDistance: 2,
  accountColumn: 3,
  accountThreshold: 4,
  meter: 5,
  region: 6,
  delay: 7,
  value: 8,
} as const;

/**
 * Every event follows from the shape and its number alone; nothing is carried from one to the next. So a duplicate may
 * repeat any earlier event without a memory of them, and blocks can be had in any order.
 */
export class EventPlan {
  readonly shape: LoadShape;
  readonly #accounts: ZipfRanks;
  readonly #seed: number;
  readonly #duplicateBelow: number;
  /** The words behind `#duplicateBelow` and below this. */
  readonly #lateBelow: number;

  /** @throws TributaryError `usage-invalid` for a shape that makes no sense */
  constructor(shape: LoadShape) {
    checkShape(shape);
    this.shape = shape;
    this.#accounts = new ZipfRanks(shape.accounts, shape.skew);
    this.#seed = shape.seed | 0;
    this.#duplicateBelow = shape.duplicateRatio * TWO_32;
    this.#lateBelow = this.#duplicateBelow + shape.lateRatio * (TWO_32 - this.#duplicateBelow);
  }

  /** Events `first` … `first + count − 1` in the order of the plan. */
  block(first: number, count: number): PlannedBlock {
    const id = new Float64Array(count);
    const account = new Uint32Array(count);
    const meter = new Uint32Array(count);
    const region = new Uint32Array(count);
    const timeMs = new Float64Array(count);
    const value = new Float64Array(count);
    const isDuplicate = new Uint8Array(count);
    const { meters, events, startMs, spanMs, disorderMs } = this.shape;
    const regions = this.shape.regions.length;
    const accounts = this.#accounts;
    const seed = this.#seed;
    const duplicateBelow = this.#duplicateBelow;
    const lateBelow = this.#lateBelow;
    for (let row = 0; row < count; row++) {
      let number = first + row;
      let start = drawStart(seed, number);
      let kind = drawWord(start, DRAW.kind);
      // What is repeated may be a repetition itself. The first event of all repeats nothing.
      while (kind < duplicateBelow && number > 0) {
        isDuplicate[row] = 1;
        number -= repetitionDistance(start, number);
        start = drawStart(seed, number);
        kind = drawWord(start, DRAW.kind);
      }
      id[row] = number;
      account[row] = accounts.rank(
        drawWord(start, DRAW.accountColumn),
        drawWord(start, DRAW.accountThreshold),
      );
      meter[row] = meters === 1 ? 0 : below(drawWord(start, DRAW.meter), meters);
      region[row] = regions === 1 ? 0 : below(drawWord(start, DRAW.region), regions);
      value[row] = 1 + below(drawWord(start, DRAW.value), MAX_EVENT_VALUE);
      const front = startMs + Math.floor((number / events) * spanMs);
      const delayWord = drawWord(start, DRAW.delay);
      const isLate = kind >= duplicateBelow && kind < lateBelow;
      const delay = isLate
        ? disorderMs + 1 + below(delayWord, LATE_REACH_MS)
        : below(delayWord, disorderMs + 1);
      timeMs[row] = Math.max(startMs, front - delay);
    }
    return { count, id, account, meter, region, timeMs, value, isDuplicate };
  }
}

/**
 * How many places before `number` (≥ 1) stands what it repeats: 1 … number. Distances of every order of magnitude are
 * equally likely: most retries come soon, some after very long.
 */
function repetitionDistance(start: number, number: number): number {
  const magnitudes = number < TWO_32 ? 32 - Math.clz32(number) : Math.floor(Math.log2(number));
  const least = 2 ** below(drawWord(start, DRAW.duplicateMagnitude), magnitudes);
  const most = Math.min(2 * least - 1, number);
  return least + below(drawWord(start, DRAW.duplicateDistance), most - least + 1);
}

/** The plan's events in order. All blocks have `blockSize` events, but the last may have fewer. */
export function* planBlocks(shape: LoadShape, blockSize: number): Generator<PlannedBlock> {
  const plan = new EventPlan(shape);
  for (let first = 0; first < shape.events; first += blockSize)
    yield plan.block(first, Math.min(blockSize, shape.events - first));
}

/** Throws TributaryError `usage-invalid` for a shape that makes no sense. */
export function checkShape(shape: LoadShape): void {
  const integer = (name: keyof LoadShape, least: number, most: number): void => {
    const value = shape[name];
    if (!Number.isInteger(value) || Number(value) < least || Number(value) > most)
      throw new TributaryError("usage-invalid", `${name} must be a whole number from ${least} to ${most}`);
  };
  const number = (name: keyof LoadShape, most: number): void => {
    const value = Number(shape[name]);
    if (!(value >= 0 && value <= most))
      throw new TributaryError("usage-invalid", `${name} must be a number from 0 to ${most}`);
  };
  integer("seed", 0, TWO_32 - 1);
  integer("events", 0, Number.MAX_SAFE_INTEGER);
  integer("accounts", 1, MAX_ACCOUNTS);
  integer("meters", 1, MAX_METERS);
  integer("disorderMs", 0, TWO_32);
  integer("startMs", 0, Number.MAX_SAFE_INTEGER);
  integer("spanMs", 1, 100 * 366 * 86_400_000);
  number("skew", 10);
  number("duplicateRatio", 1);
  number("lateRatio", 1);
  const { regions } = shape;
  if (regions.length === 0 || new Set(regions).size !== regions.length)
    throw new TributaryError("usage-invalid", "regions must be named, at least one, each once");
  for (const region of regions)
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(region))
      throw new TributaryError("usage-invalid", `region ${JSON.stringify(region)} can't stand in a subject`);
}
