import type { StateRow } from "../../model/store.ts";
import { NO_CONTRACT } from "../rate/no-contract.ts";
import { type PricePeriod, pricePeriodCodec, seriesPeriodCodec } from "../rate/price-periods.ts";
import { windowDayCodec } from "../rate/window-amounts.ts";
import { watchedCommitmentCodec, watchedCreditsCodec, watchedUsageCodec } from "../watch/watch-rows.ts";
import type { AccountShare } from "./account-share.ts";
import { keptEntries, type RowSource } from "./kept-rows.ts";
import { splitCells, type SplitUsage } from "./split-cells.ts";
import { uncoveredName, UsageSums } from "./usage-sums.ts";

const PRICE_PERIODS = "price-periods";
const SERIES_PERIODS = "series-periods";
const WINDOW_AMOUNTS = "window-amounts";

/** Cells, what they were rated to, and what is watched of it. */
export function* splitUsage(source: RowSource, share: AccountShare): Generator<StateRow> {
  const usage = yield* splitCells(source, share, uncoveredWindows(source));
  const periods = yield* splitPricePeriods(source, share, usage);
  let next = 0;
  for (const { value } of source.rows(SERIES_PERIODS)) {
    const entry = seriesPeriodCodec.decode(value);
    const series = usage.seriesOf(entry.series);
    const pricePeriod = periods.get(entry.pricePeriod);
    if (series < 0 || pricePeriod === undefined) continue;
    const row = seriesPeriodCodec.encode({ ...entry, series, pricePeriod });
    yield { space: SERIES_PERIODS, key: next++, value: row };
  }
  next = 0;
  for (const { value } of source.rows(WINDOW_AMOUNTS)) {
    const day = windowDayCodec.decode(value);
    const pricePeriod = periods.get(day.pricePeriod);
    if (pricePeriod === undefined) continue;
    yield { space: WINDOW_AMOUNTS, key: next++, value: windowDayCodec.encode({ ...day, pricePeriod }) };
  }
  const ownsContract = ({ contract }: { readonly contract: string }): boolean => share.ownsContract(contract);
  yield* keptEntries(source, "watched-usage", watchedUsageCodec, ownsContract);
  yield* keptEntries(source, "watched-commitments", watchedCommitmentCodec, ownsContract);
  yield* keptEntries(source, "watched-credits", watchedCreditsCodec, ownsContract);
}

/** Windows that were rated without a contract: all accounts of the partition share a row for each. */
function uncoveredWindows(source: RowSource): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { value } of source.rows(PRICE_PERIODS)) {
    const { contract, meter, periodStartMs } = pricePeriodCodec.decode(value);
    if (contract === NO_CONTRACT) names.add(uncoveredName(meter, periodStartMs));
  }
  return names;
}

/** Returns the numbers of the price periods that are kept, by those that they had. */
function* splitPricePeriods(
  source: RowSource,
  share: AccountShare,
  usage: SplitUsage,
): Generator<StateRow, ReadonlyMap<number, number>> {
  const folded = foldedQuantities(source, usage);
  const numbers = new Map<number, number>();
  for (const { key, value } of source.rows(PRICE_PERIODS)) {
    const period = pricePeriodCodec.decode(value);
    let row = value;
    if (period.contract === NO_CONTRACT) {
      const part = uncoveredPart(period, share, usage, folded.get(key));
      if (part === undefined) continue;
      row = pricePeriodCodec.encode(part);
    } else if (!share.ownsContract(period.contract)) continue;
    yield { space: PRICE_PERIODS, key: numbers.size, value: row };
    numbers.set(key, numbers.size);
  }
  return numbers;
}

/** Of series whose windows don't add up the quantities of a price period are kept apart: their sums by its number. */
function foldedQuantities(source: RowSource, usage: SplitUsage): ReadonlyMap<number, UsageSums> {
  const sums = new Map<number, UsageSums>();
  for (const { value } of source.rows(SERIES_PERIODS)) {
    const { series, pricePeriod, quantity } = seriesPeriodCodec.decode(value);
    const known = sums.get(pricePeriod) ?? new UsageSums();
    sums.set(pricePeriod, known);
    known.add("", usage.seriesOf(series) >= 0, 0, quantity);
  }
  return sums;
}

/** The partition's part of windows without a contract; undefined where it has none. */
function uncoveredPart(
  period: PricePeriod,
  { isFormer }: AccountShare,
  { uncovered }: SplitUsage,
  folded: UsageSums | undefined,
): PricePeriod | undefined {
  const { meter, periodStartMs, quantity, events } = period;
  const total = { events, value: quantity };
  const part = uncovered.partOf(uncoveredName(meter, periodStartMs), total, isFormer);
  const value = folded === undefined ? part.value : folded.partOf("", total, isFormer).value;
  if (!isFormer && part.events === 0 && value === 0n) return undefined;
  return { ...period, quantity: value, events: part.events };
}
