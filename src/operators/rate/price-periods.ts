import { Packr } from "msgpackr";
import type { RowCodec } from "./keyed-rows.ts";

/** What one price (or, where a plan has none for it, one meter) of a contract has come to in one billing period. */
export interface PricePeriod {
  readonly contract: string;
  /** Undefined where the contract has no price for the meter. */
  readonly price: string | undefined;
  readonly meter: string;
  readonly periodStartMs: number;
  /** Over all series of the meter: an integer at the meter's scale (level × milliseconds for time_weighted). */
  quantity: bigint;
  /** Charged so far, in minor units of the contract's currency. */
  billed: bigint;
  /** The quantity by part, where the price tells parts apart (a matrix): integers like the quantity. */
  readonly parts: Map<string, bigint>;
  /** Exact charge of all windows, where the price is one by the window (`CompiledPrice.windowCharge`). */
  windowCharges: string;
  /** Events in it. */
  events: number;
  /** Emissions of kind `period`. */
  revision: number;
  /** The period is closed: what comes now are adjustments. */
  closed: boolean;
  /**
   * Start of the accounting month that it was charged in last, where that is not the one that it began in, and what had
   * been charged and counted before that month: what is earned at the month's end.
   */
  monthStartMs: number | undefined;
  billedBeforeMonth: bigint;
  quantityBeforeMonth: bigint;
}

/** The part of a price period's quantity that one series has, where windows don't add up (min, max, latest, unique). */
export interface SeriesPeriod {
  /** Number of the series. */
  readonly series: number;
  /** Number of the price period's row. */
  readonly pricePeriod: number;
  quantity: bigint;
}

const packr = new Packr({ useRecords: false });

/** Ids of the catalog have no control characters, so no two entries have one key. */
export function pricePeriodKey(
  entry: Pick<PricePeriod, "contract" | "price" | "meter" | "periodStartMs">,
): string {
  const { contract, price, meter, periodStartMs } = entry;
  return price === undefined
    ? `${contract}\u0000meter\u0000${meter}\u0000${periodStartMs}`
    : `${contract}\u0000price\u0000${price}\u0000${periodStartMs}`;
}

export function seriesPeriodKey(series: number, pricePeriod: number): string {
  return `${series}/${pricePeriod}`;
}

type PricePeriodRow = [
  contract: string,
  price: string | null,
  meter: string,
  periodStartMs: number,
  quantity: string,
  billed: string,
  events: number,
  revision: number,
  closed: boolean,
  /** Left out where the price needs neither. */
  parts?: [string, string][],
  windowCharges?: string,
  /** Left out where it was charged in one accounting month. */
  monthStartMs?: number,
  billedBeforeMonth?: string,
  /** Left out by former versions, and where it is the quantity. */
  quantityBeforeMonth?: string,
];

export const pricePeriodCodec: RowCodec<PricePeriod> = {
  keyOf: pricePeriodKey,
  encode(entry) {
    const row: PricePeriodRow = [
      entry.contract,
      entry.price ?? null,
      entry.meter,
      entry.periodStartMs,
      entry.quantity.toString(),
      entry.billed.toString(),
      entry.events,
      entry.revision,
      entry.closed,
    ];
    const { monthStartMs } = entry;
    if (entry.parts.size > 0 || entry.windowCharges !== "0" || monthStartMs !== undefined) {
      row.push(
        [...entry.parts].map(([part, quantity]) => [part, quantity.toString()]),
        entry.windowCharges,
      );
    }
    if (monthStartMs !== undefined) {
      row.push(monthStartMs, entry.billedBeforeMonth.toString());
      if (entry.quantityBeforeMonth !== entry.quantity) row.push(entry.quantityBeforeMonth.toString());
    }
    return packr.pack(row);
  },
  decode(value) {
    const row: PricePeriodRow = packr.unpack(value);
    const [
      contract,
      price,
      meter,
      periodStartMs,
      quantity,
      billed,
      events,
      revision,
      closed,
      parts,
      windows,
      monthStartMs,
      billedBeforeMonth,
      quantityBeforeMonth,
    ] = row;
    return {
      contract,
      price: price ?? undefined,
      meter,
      periodStartMs,
      quantity: BigInt(quantity),
      billed: BigInt(billed),
      events,
      revision,
      closed,
      parts: new Map((parts ?? []).map(([part, units]) => [part, BigInt(units)])),
      windowCharges: windows ?? "0",
      monthStartMs,
      billedBeforeMonth: BigInt(billedBeforeMonth ?? "0"),
      quantityBeforeMonth: monthStartMs === undefined ? 0n : BigInt(quantityBeforeMonth ?? quantity),
    };
  },
};

type SeriesPeriodRow = [number, number, string];

export const seriesPeriodCodec: RowCodec<SeriesPeriod> = {
  keyOf: (entry) => seriesPeriodKey(entry.series, entry.pricePeriod),
  encode(entry) {
    const row: SeriesPeriodRow = [entry.series, entry.pricePeriod, entry.quantity.toString()];
    return packr.pack(row);
  },
  decode(value) {
    const row: SeriesPeriodRow = packr.unpack(value);
    const [series, pricePeriod, quantity] = row;
    return { series, pricePeriod, quantity: BigInt(quantity) };
  },
};
