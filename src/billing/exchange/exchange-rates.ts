import { startOfDate } from "../catalog/dates.ts";
import { type AppliedRate, type ExchangeRate, exchangeRateKey } from "./exchange-rate.ts";

/** Dated exchange rates, looked up by day. */
export class ExchangeRates {
  readonly #maxAgeMs: number;
  /** By the two currencies, each list by date, ascending. */
  readonly #rates = new Map<string, ExchangeRate[]>();

  /** @param maxAgeMs how far before a day the date of its rate may be */
  constructor(rates: readonly ExchangeRate[], maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
    for (const rate of [...rates].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))) {
      const pair = pairOf(rate.from, rate.to);
      const known = this.#rates.get(pair);
      if (known === undefined) this.#rates.set(pair, [rate]);
      else known.push(rate);
    }
  }

  /**
   * The latest rate on or before a day (YYYY-MM-DD); undefined where there is none, or it is too old. There is no other
   * way to a rate: none is turned round and none goes by a third currency.
   */
  rateOn(from: string, to: string, date: string): AppliedRate | undefined {
    const rates = this.#rates.get(pairOf(from, to)) ?? [];
    let low = 0;
    let high = rates.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rates[middle]?.date ?? "") <= date) low = middle + 1;
      else high = middle;
    }
    const found = rates[low - 1];
    if (found === undefined || timeOf(date) - timeOf(found.date) > this.#maxAgeMs) return undefined;
    return { from, to, rate: found.rate, date: found.date };
  }

  /** Why these rates can't follow others: entries may stand on each of those. */
  static successionFaults(
    before: readonly ExchangeRate[],
    after: readonly ExchangeRate[],
  ): readonly string[] {
    const next = new Map(after.map((rate) => [exchangeRateKey(rate), rate.rate]));
    return before.flatMap((rate) => {
      const key = exchangeRateKey(rate);
      const now = next.get(key);
      if (now === undefined) return [`exchange rate ${key} is missing: entries may have used it`];
      return now === rate.rate ? [] : [`exchange rate ${key} has changed: add one of a later date`];
    });
  }
}

function pairOf(from: string, to: string): string {
  return `${from} ${to}`;
}

function timeOf(date: string): number {
  return startOfDate(date) ?? Number.NaN;
}
