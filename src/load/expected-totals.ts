import { createHash } from "node:crypto";
import { DEFAULT_PARTITION_COUNT } from "../model/partition.ts";
import { accountPartitions } from "./account-partitions.ts";
import { plannedShape, type LoadForm } from "./encode/load-encoder.ts";
import { CellSums } from "./cell-sums.ts";
import { EventPlan, type LoadShape } from "./event-plan.ts";

const HOUR_MS = 3_600_000;
const BLOCK_SIZE = 8_192;
/** Rows that the hash is fed with at a time. */
const HASHED_ROWS = 4_096;

/** How many events there are of each outcome; a load has no other ones. */
export interface LoadCounts {
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
}

/** One sum, in the plan's numbers. */
export interface CellTotal {
  readonly account: number;
  readonly meter: number;
  /** Start of the UTC hour, milliseconds since the epoch. */
  readonly startMs: number;
  /** An integer. */
  readonly sum: number;
}

/** What a load must come to. */
export interface ExpectedTotals {
  readonly counts: LoadCounts;
  /** Counts of each partition. */
  readonly partitions: readonly LoadCounts[];
  /** Cells that any accepted event counts in. */
  readonly cellCount: number;
  /** Sum of all cells. */
  readonly sum: bigint;
  /** `totalsHash` of the cells. */
  readonly hash: string;
  /** In ascending order of account, meter and start. */
  cells(): Generator<CellTotal>;
}

/**
 * Counts a plan without running a pipeline: each number counts where it stands first. 16 bytes and up to twice as much
 * again for each cell, and nothing for an event.
 * @param options.events count only the plan's first so many: what was published before a load was stopped
 * @param options.form the wire form that was published; with `numbered`, only batches are repeated
 * @param options.repeated events in repeated batches, by partition: as the publisher has counted them
 */
export function expectedTotals(
  shape: LoadShape,
  options: {
    readonly partitionCount?: number;
    readonly events?: number;
    readonly form?: LoadForm;
    readonly repeated?: readonly number[];
  } = {},
): ExpectedTotals {
  const partitionCount = options.partitionCount ?? DEFAULT_PARTITION_COUNT;
  const events = Math.min(shape.events, options.events ?? shape.events);
  const plan = new EventPlan(plannedShape(shape, options.form ?? "event"));
  const partitionOfAccount = accountPartitions(shape.accounts, partitionCount);
  const accepted = new Float64Array(partitionCount);
  const duplicates = Float64Array.from({ length: partitionCount }, (_, at) => options.repeated?.[at] ?? 0);
  const sums = new CellSums();
  const firstHour = Math.floor(shape.startMs / HOUR_MS);
  const hours = Math.floor((shape.startMs + shape.spanMs) / HOUR_MS) - firstHour + 1;
  if (shape.accounts * shape.meters * hours > Number.MAX_SAFE_INTEGER)
    throw new RangeError("more possible cells than 2^53");
  for (let first = 0; first < events; first += BLOCK_SIZE) {
    const block = plan.block(first, Math.min(BLOCK_SIZE, events - first));
    for (let row = 0; row < block.count; row++) {
      const account = block.account[row]!;
      const partition = partitionOfAccount[account]!;
      if (block.isDuplicate[row] === 1) {
        duplicates[partition] = duplicates[partition]! + 1;
        continue;
      }
      accepted[partition] = accepted[partition]! + 1;
      const hour = Math.floor(block.timeMs[row]! / HOUR_MS) - firstHour;
      sums.add((account * shape.meters + block.meter[row]!) * hours + hour, block.value[row]!);
    }
  }
  const { keys, sums: values } = sums.sorted();
  const cells = function* (): Generator<CellTotal> {
    for (let cell = 0; cell < keys.length; cell++) {
      const key = keys[cell]!;
      const series = Math.floor(key / hours);
      yield {
        account: Math.floor(series / shape.meters),
        meter: series % shape.meters,
        startMs: (firstHour + (key % hours)) * HOUR_MS,
        sum: values[cell]!,
      };
    }
  };
  const partitions = Array.from(accepted, (acceptedHere, partition) =>
    countsOf(acceptedHere, duplicates[partition]!),
  );
  return {
    counts: countsOf(
      accepted.reduce((total, count) => total + count, 0),
      duplicates.reduce((total, count) => total + count, 0),
    ),
    partitions,
    cellCount: keys.length,
    sum: values.reduce((total, value) => total + BigInt(value), 0n),
    hash: totalsHash(cells()),
    cells,
  };
}

function countsOf(accepted: number, duplicate: number): LoadCounts {
  return { read: accepted + duplicate, accepted, duplicate };
}

/**
 * SHA-256, hexadecimal, of cells in ascending order of (account, meter, start), all as numbers: each cell is four
 * little-endian 64-bit floats, account, meter, start in milliseconds and sum. Two systems have the same totals when
 * they have the same hash. Throws RangeError for cells in another order, cells that repeat and values that are no
 * integers below 2^53: no such thing may pass as a total.
 */
export function totalsHash(cells: Iterable<CellTotal>): string {
  const hash = createHash("sha256");
  const chunk = new DataView(new ArrayBuffer(HASHED_ROWS * 32));
  let at = 0;
  let last: CellTotal | undefined;
  for (const cell of cells) {
    const { account, meter, startMs, sum } = cell;
    if (![account, meter, startMs, sum].every((value) => Number.isSafeInteger(value)))
      throw new RangeError(`a cell of account ${account}, meter ${meter} holds no integers`);
    if (last !== undefined && !isBefore(last, cell))
      throw new RangeError(`the cells of account ${account}, meter ${meter} are out of order or repeat`);
    last = cell;
    chunk.setFloat64(at, account, true);
    chunk.setFloat64(at + 8, meter, true);
    chunk.setFloat64(at + 16, startMs, true);
    chunk.setFloat64(at + 24, sum, true);
    at += 32;
    if (at === chunk.byteLength) {
      hash.update(chunk);
      at = 0;
    }
  }
  hash.update(new Uint8Array(chunk.buffer, 0, at));
  return hash.digest("hex");
}

function isBefore(a: CellTotal, b: CellTotal): boolean {
  if (a.account !== b.account) return a.account < b.account;
  if (a.meter !== b.meter) return a.meter < b.meter;
  return a.startMs < b.startMs;
}
