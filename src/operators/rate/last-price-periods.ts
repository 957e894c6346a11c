import type { Place } from "./charge-place.ts";
import type { KeyedRows } from "./keyed-rows.ts";
import type { PricePeriod } from "./price-periods.ts";

const FIRST_CAPACITY = 1024;

/**
 * Numbers of price periods by series: a series' windows follow one another in one period, which is found again here without
 * making and hashing its key. No state: what is not here is looked up by key.
 */
export class LastPricePeriods {
  readonly #rows: Pick<KeyedRows<PricePeriod>, "numberOf" | "warmAt">;
  /** By series: the number of the price period that was asked for last, plus one. */
  #last = new Uint32Array(FIRST_CAPACITY);

  constructor(rows: Pick<KeyedRows<PricePeriod>, "numberOf" | "warmAt">) {
    this.#rows = rows;
  }

  /** Number of a place's price period, undefined where it has not been opened. */
  numberOf(place: Place): number | undefined {
    const { id } = place.series;
    const last = (this.#last[id] ?? 0) - 1;
    if (last >= 0 && isPricePeriodOf(this.#rows.warmAt(last), place)) return last;
    const number = this.#rows.numberOf(place.key);
    if (number !== undefined) this.#note(id, number);
    return number;
  }

  #note(series: number, number: number): void {
    if (series >= this.#last.length) {
      let capacity = this.#last.length;
      while (capacity <= series) capacity *= 2;
      const larger = new Uint32Array(capacity);
      larger.set(this.#last);
      this.#last = larger;
    }
    this.#last[series] = number + 1;
  }
}

/** Whether both have the same key: see `pricePeriodKey`. */
function isPricePeriodOf(entry: PricePeriod | undefined, { series, period, price }: Place): boolean {
  return (
    entry !== undefined &&
    entry.periodStartMs === period.startMs &&
    entry.contract === series.contract.id &&
    entry.price === price?.id &&
    (price !== undefined || entry.meter === series.meter.key)
  );
}
