import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";

type TotalRow = [meter: string, events: number, sum: string];

export const METER_TOTALS_SPACE = "meter-totals";
const packr = new Packr({ useRecords: false });

/** A meter's total as it is stored: accepted events, and the sum of their values at the meter's scale. */
export interface StoredTotal {
  readonly meter: string;
  readonly events: number;
  readonly sum: bigint;
}

export function readTotal(value: Uint8Array): StoredTotal {
  const row: TotalRow = packr.unpack(value);
  const [meter, events, sum] = row;
  return { meter, events, sum: BigInt(sum) };
}

export function writeTotal({ meter, events, sum }: StoredTotal): Uint8Array {
  const row: TotalRow = [meter, events, sum.toString()];
  return packr.pack(row);
}

/** Flushed to `high` before a further value (≤ 2^52) could take the sum past 2^53. */
const LOW_LIMIT = 2 ** 52;

/** What was accepted of one meter. */
export class MeterTotal {
  /** Number of its row: meters are numbered at their first event, in the order of the log. −1 before it. */
  #key: number;
  readonly #nextKey: () => number;
  #events: number;
  /** Exact sum of the values as they were accepted, at the meter's scale. */
  #low = 0;
  #high: bigint;
  changed = false;

  constructor(key: number, events: number, sum: bigint, nextKey: () => number) {
    this.#key = key;
    this.#events = events;
    this.#high = sum;
    this.#nextKey = nextKey;
  }

  get key(): number {
    return this.#key;
  }

  get events(): number {
    return this.#events;
  }

  get sum(): bigint {
    return this.#high + BigInt(this.#low);
  }

  add(value: number | bigint): void {
    if (this.#key < 0) this.#key = this.#nextKey();
    this.#events++;
    this.changed = true;
    if (typeof value === "bigint") {
      this.#high += value;
      return;
    }
    this.#low += value;
    if (this.#low > LOW_LIMIT || this.#low < -LOW_LIMIT) {
      this.#high += BigInt(this.#low);
      this.#low = 0;
    }
  }

  /** The same for a value of a column, which is a number. */
  addFrom(values: Float64Array, at: number): void {
    this.add(values[at]!);
  }

  /** An accepted value was taken back. */
  remove(value: bigint): void {
    this.#events--;
    this.#high -= value;
    this.changed = true;
  }
}

/**
 * What was accepted, by meter, counted beside the cells and not through them: reconciliation compares the two.
 */
export class MeterTotals implements CheckpointParticipant {
  readonly #totals = new Map<string, MeterTotal>();
  #rows = 0;
  readonly #nextKey = (): number => this.#rows++;

  /** The total of a meter, from 0 where it is new. */
  of(meter: string): MeterTotal {
    let total = this.#totals.get(meter);
    if (total === undefined) {
      total = new MeterTotal(-1, 0, 0n, this.#nextKey);
      this.#totals.set(meter, total);
    }
    return total;
  }

  /** Accepted events and the sum of their values by meter. */
  entries(): { readonly meter: string; readonly events: number; readonly sum: bigint }[] {
    const counted = [...this.#totals].filter(([, { events }]) => events > 0);
    return counted
      .sort(([, a], [, b]) => a.key - b.key)
      .map(([meter, total]) => ({
        meter,
        events: total.events,
        sum: total.sum,
      }));
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(METER_TOTALS_SPACE)) {
      const { meter, events, sum } = readTotal(value);
      this.#rows = Math.max(this.#rows, key + 1);
      this.#totals.set(meter, new MeterTotal(key, events, sum, this.#nextKey));
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const [meter, total] of this.#totals) {
      if (!total.changed) continue;
      total.changed = false;
      const { key, events, sum } = total;
      rows.push({ space: METER_TOTALS_SPACE, key, value: writeTotal({ meter, events, sum }) });
    }
  }
}
