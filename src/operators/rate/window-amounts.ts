import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import { Packr } from "msgpackr";
import type { CompiledContract, CompiledPrice } from "../../billing/catalog/compiled.ts";
import { windowCommitmentsOf } from "../../billing/invoices/window-charges.ts";
import { Exact } from "../../billing/rating/exact.ts";
import { quantityDivisor } from "../../billing/rating/quantity.ts";
import { startOfUtcDay } from "../../billing/zone-days.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { Place } from "./charge-place.ts";
import { KeyedRows, type RowCodec } from "./keyed-rows.ts";
import type { WindowFiring } from "./series-info.ts";

/** Windows of one day are one row: a window that is emitted writes little, and a month of them is few rows in memory. */
const DAY_MS = 86_400_000;

/** What the windows of a price period that start on one day (UTC) cost at the price's normal rate, over all groups. */
export interface WindowDay {
  /** Number of the price period's row. */
  readonly pricePeriod: number;
  readonly dayMs: number;
  /** Exact charge by the window's start, in the unit of `CompiledPrice.windowCharge`. */
  readonly amounts: Map<number, string>;
}

const packr = new Packr({ useRecords: false });
type Row = [pricePeriod: number, dayMs: number, amounts: [startMs: number, amount: string][]];

function dayKey(pricePeriod: number, dayMs: number): string {
  return `${pricePeriod}/${dayMs}`;
}

export const windowDayCodec: RowCodec<WindowDay> = {
  keyOf: ({ pricePeriod, dayMs }) => dayKey(pricePeriod, dayMs),
  encode({ pricePeriod, dayMs, amounts }) {
    const row: Row = [pricePeriod, dayMs, [...amounts]];
    return packr.pack(row);
  },
  decode(value) {
    const row: Row = packr.unpack(value);
    const [pricePeriod, dayMs, amounts] = row;
    return { pricePeriod, dayMs, amounts: new Map(amounts) };
  },
};

/** Whether the windows of a price are committed one by one. */
export function commitsPerWindow(contract: CompiledContract, price: CompiledPrice): boolean {
  return price.ratedPer === "window" && windowCommitmentsOf(contract, price).length > 0;
}

/**
 * Charges of single windows, where a contract commits to something in each of them: the sum of a period does not tell
 * which of them fell short. Kept for such prices only.
 */
export class WindowAmounts implements CheckpointParticipant {
  readonly #days = new KeyedRows("window-amounts", windowDayCodec);

  /** Counts a window that was rated, or what has changed in it since its last emission. */
  add(pricePeriod: number, { series, price }: Place, firing: WindowFiring): void {
    if (price === undefined || !commitsPerWindow(series.contract, price)) return;
    const { startMs, value, emittedValue, revision } = firing;
    const divisor = quantityDivisor(series.meter);
    const before = revision > 1 ? price.windowCharge(emittedValue, divisor) : "0";
    const change = new Exact(price.windowCharge(value, divisor)).minus(before);
    const dayMs = startOfUtcDay(startMs);
    const number =
      this.#days.numberOf(dayKey(pricePeriod, dayMs)) ??
      this.#days.add({ pricePeriod, dayMs, amounts: new Map() });
    const { amounts } = this.#days.change(number);
    amounts.set(startMs, change.plus(amounts.get(startMs) ?? "0").toString());
  }

  /** Charges by the window's start of a price period whose windows start in [startMs, endMs); those without usage left out. */
  of(pricePeriod: number, startMs: number, endMs: number): ReadonlyMap<number, string> {
    const found = new Map<number, string>();
    for (let dayMs = startOfUtcDay(startMs); dayMs < endMs; dayMs += DAY_MS) {
      const number = this.#days.numberOf(dayKey(pricePeriod, dayMs));
      if (number === undefined) continue;
      for (const [windowMs, amount] of this.#days.at(number).amounts) found.set(windowMs, amount);
    }
    return found;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#days.restore(store);
  }

  restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    return this.#days.restoreInSlices(store, budget);
  }

  collectChanges(rows: StateRow[]): void {
    this.#days.collectChanges(rows);
  }

  freezeChanges(): Iterable<StateRow> {
    return this.#days.freezeChanges();
  }
}
