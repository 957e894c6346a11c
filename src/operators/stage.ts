import type { DecodedRun, RetractedEvent } from "../model/event-batch.ts";
import type { LogMessage } from "../model/log.ts";
import type { PartitionStore } from "../model/store.ts";
import type { PlacedControlRecord } from "../model/control.ts";
import type { CompiledCatalog, CompiledMeter } from "../billing/catalog/compiled.ts";
import type { RefusedMessage } from "./producers/take-numbers.ts";
import type { StoredDocument } from "./invoice/billing-book.ts";

/**
 * What flows through the operators: runs of usage and, between them, the control records that apply at that place.
 * Every operator passes every item on, in order, so that a record takes effect at the same event in all of them.
 */
export type PipelineItem = UsageItem | ControlItem;

/** Place of an event in the usage log. */
export interface FirstPlace {
  readonly sequence: number;
  readonly index: number;
}

/** What the event that a retraction takes back was found to be. */
export interface FoundTarget extends FirstPlace {
  /** Whether its payload is the one that the retraction carries. */
  readonly isSame: boolean;
}

/** What has become of a retraction that waited for its event: written with the event's row, behind it. */
export interface SettledRetraction {
  readonly retraction: WaitingRetraction;
  /** Reason code for which it is rejected; 0: accepted, the event is taken back. */
  readonly reason: number;
}

/** A retraction whose event has not been accepted yet. */
export interface WaitingRetraction extends RetractedEvent {
  /** Its own 16-byte key. */
  readonly ownKey: Uint8Array;
  readonly sequence: number;
  readonly index: number;
  readonly region: string;
  readonly arrivalMs: number;
  readonly contentType: string;
  /** Event time of the event that it takes back. */
  readonly timeMs: number;
  /** The retraction as it came in. */
  readonly text: string;
}

export interface UsageItem {
  readonly kind: "usage";
  readonly run: DecodedRun;
  /** What each event adds to which series: read by `validate`, given their series by `enrich`. */
  readonly targets: MeterTargets;
  /** Where the event stands that a conflicting one contradicts, by row; filled by `deduplicate`. */
  readonly firstPlaces: Map<number, FirstPlace>;
  /** The events that retractions take back, by row, as they were when the row's turn came; filled by `deduplicate`. */
  readonly foundTargets: Map<number, FoundTarget>;
  /** Retractions that waited and were settled by a row; filled by the window stage. */
  readonly settledRetractions: Map<number, SettledRetraction[]>;
  /** True for parked events that are tried again: they passed deduplication and moved the watermark before. */
  readonly unparked: boolean;
  /** Numbered messages that don't count; filled by `takeNumbers`. */
  refused?: RefusedMessage[];
  /**
   * Up to where a region is complete by its producers' manifests (milliseconds); set by `takeNumbers` for a run that is
   * one manifest and nothing else. `message` is the manifest.
   */
  complete?: { readonly region: string; readonly completeMs: number; readonly message: LogMessage };
}

export interface ControlItem {
  readonly kind: "control";
  readonly placed: PlacedControlRecord;
  /** For a record of kind `catalog`: the compiled version that takes effect. */
  readonly catalog?: CompiledCatalog;
  /** For a record that corrects a final invoice: the invoice. */
  readonly document?: StoredDocument | undefined;
  /** What has left the engine's memory, as of this place; absent where the record was applied before (a restore). */
  readonly stored?: Pick<PartitionStore, "row"> | undefined;
}

/**
 * Contributions of a batch's events to series, in row order: an event that feeds three meters has three entries.
 * A series is one (account, meter, group) of the partition.
 */
export interface MeterTargets {
  count: number;
  row: Uint32Array;
  /** Index into `meters`. */
  meter: Uint32Array;
  meters: readonly CompiledMeter[];
  /** Number of the series; set by `enrich`, which leaves only the entries of accepted events. */
  series: Uint32Array;
  /** The value at the meter's scale as an exact integer, |value| ≤ 2^52 (1 for count, 0 where `large` or `member` has it). */
  value: Float64Array;
  /** Values beyond 2^52, by entry. */
  readonly large: Map<number, bigint>;
  /** Members of `unique` meters, by entry. */
  readonly member: Map<number, string>;
}

/** A run of usage as it enters the operators. */
export function usageItem(
  run: DecodedRun,
  unparked: boolean,
  targets = emptyTargets(run.batch.count),
): UsageItem {
  return {
    kind: "usage",
    run,
    targets,
    firstPlaces: new Map(),
    foundTargets: new Map(),
    settledRetractions: new Map(),
    unparked,
  };
}

export function emptyTargets(capacity: number): MeterTargets {
  return {
    count: 0,
    row: new Uint32Array(capacity),
    meter: new Uint32Array(capacity),
    meters: [],
    series: new Uint32Array(capacity),
    value: new Float64Array(capacity),
    large: new Map(),
    member: new Map(),
  };
}

/** Targets without entries for a batch of so many rows; in the same memory where it is enough. */
export function restartedTargets(targets: MeterTargets, capacity: number): MeterTargets {
  if (targets.row.length < capacity) return emptyTargets(capacity);
  targets.count = 0;
  targets.meters = [];
  targets.large.clear();
  targets.member.clear();
  return targets;
}

/** Adds an entry, growing the columns by doubling; returns its index. */
export function addTarget(targets: MeterTargets, row: number, meter: number, value: number): number {
  const entry = targets.count;
  if (entry === targets.row.length) {
    const capacity = Math.max(64, entry * 2);
    const grow = (column: Uint32Array): Uint32Array => {
      const larger = new Uint32Array(capacity);
      larger.set(column);
      return larger;
    };
    targets.row = grow(targets.row);
    targets.meter = grow(targets.meter);
    targets.series = grow(targets.series);
    const values = new Float64Array(capacity);
    values.set(targets.value);
    targets.value = values;
  }
  targets.row[entry] = row;
  targets.meter[entry] = meter;
  targets.value[entry] = value;
  targets.count = entry + 1;
  return entry;
}

/** Aggregations by which a series' cells are kept. Codes are stored: never renumber one. */
export const Aggregation = {
  sum: 1,
  count: 2,
  min: 3,
  max: 4,
  latest: 5,
  unique: 6,
  time_weighted: 7,
} as const;
