import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";

type TotalRow = [meter: string, events: number, sum: string];

const SPACE = "meter-totals";
const packr = new Packr({ useRecords: false });

interface Total {
  readonly key: number;
  events: number;
  /** Exact sum of the values as they were accepted, at the meter's scale. */
  low: number;
  high: bigint;
  changed: boolean;
}

/** Flushed to `high` before a further value (≤ 2^52) could take the sum past 2^53. */
const LOW_LIMIT = 2 ** 52;

/**
 * What was accepted, by meter, counted beside the cells and not through them: reconciliation compares the two.
 */
export class MeterTotals implements CheckpointParticipant {
  readonly #totals = new Map<string, Total>();
  /** The meter added to last, which is mostly the one added to next. */
  #lastMeter: string | undefined;
  #last: Total = { key: -1, events: 0, low: 0, high: 0n, changed: false };

  add(meter: string, value: number | bigint): void {
    const total = meter === this.#lastMeter ? this.#last : this.#totalOf(meter);
    total.events++;
    total.changed = true;
    if (typeof value === "bigint") {
      total.high += value;
      return;
    }
    total.low += value;
    if (total.low > LOW_LIMIT || total.low < -LOW_LIMIT) {
      total.high += BigInt(total.low);
      total.low = 0;
    }
  }

  /** An accepted value was taken back. */
  remove(meter: string, value: bigint): void {
    const total = this.#totalOf(meter);
    total.events--;
    total.high -= value;
    total.changed = true;
  }

  #totalOf(meter: string): Total {
    let total = this.#totals.get(meter);
    if (total === undefined) {
      total = { key: this.#totals.size, events: 0, low: 0, high: 0n, changed: true };
      this.#totals.set(meter, total);
    }
    this.#lastMeter = meter;
    this.#last = total;
    return total;
  }

  /** Accepted events and the sum of their values by meter. */
  entries(): { readonly meter: string; readonly events: number; readonly sum: bigint }[] {
    return [...this.#totals].map(([meter, total]) => ({
      meter,
      events: total.events,
      sum: total.high + BigInt(total.low),
    }));
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(SPACE)) {
      const row: TotalRow = packr.unpack(value);
      const [meter, events, sum] = row;
      this.#totals.set(meter, { key, events, low: 0, high: BigInt(sum), changed: false });
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const [meter, total] of this.#totals) {
      if (!total.changed) continue;
      total.changed = false;
      const sum = total.high + BigInt(total.low);
      rows.push({ space: SPACE, key: total.key, value: packr.pack([meter, total.events, sum.toString()]) });
    }
  }
}
