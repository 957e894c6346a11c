import type { BillingPeriod, CompiledPrice } from "../../billing/catalog/compiled.ts";
import { chargeDelta } from "../../billing/rating/delta.ts";
import { Exact } from "../../billing/rating/exact.ts";
import { quantityDivisor } from "../../billing/rating/quantity.ts";
import { type PricePeriod, pricePeriodKey } from "./price-periods.ts";
import type { SeriesInfo, WindowFiring } from "./series-info.ts";

/** Where a window counts: its contract's price of the meter, in the billing period of its start. */
export class Place {
  readonly series: SeriesInfo;
  readonly period: BillingPeriod;
  readonly price: CompiledPrice | undefined;

  constructor(series: SeriesInfo, timeMs: number) {
    const { contract, meter } = series;
    this.series = series;
    this.period = contract.periodAt(timeMs);
    this.price = contract.priceOf(meter.key);
  }

  /** Key of the price period. */
  get key(): string {
    const { contract, meter } = this.series;
    return pricePeriodKey({
      contract: contract.id,
      price: this.price?.id,
      meter: meter.key,
      periodStartMs: this.period.startMs,
    });
  }
}

export function newPricePeriod({ series, period, price }: Place, closed: boolean): PricePeriod {
  return {
    contract: series.contract.id,
    price: price?.id,
    meter: series.meter.key,
    periodStartMs: period.startMs,
    quantity: 0n,
    billed: 0n,
    parts: new Map(),
    windowCharges: "0",
    events: 0,
    revision: 0,
    closed,
    monthStartMs: undefined,
    billedBeforeMonth: 0n,
    quantityBeforeMonth: 0n,
  };
}

/** The first window of an accounting month that begins within the period: what was charged so far is earned before it. */
export function noteAccountingMonth(
  state: PricePeriod,
  { series, period }: Place,
  windowStartMs: number,
): void {
  const { startMs } = series.contract.accountingMonthAt(windowStartMs);
  if (startMs <= period.startMs || startMs <= (state.monthStartMs ?? 0)) return;
  state.monthStartMs = startMs;
  state.billedBeforeMonth = state.billed;
  state.quantityBeforeMonth = state.quantity;
}

/** Counts a window, or what has changed in it since its last emission. */
export function addFiring(state: PricePeriod, place: Place, firing: WindowFiring, added: bigint): void {
  state.quantity += added;
  addToParts(state, place, added);
  addWindowCharge(state, place, firing);
  state.events += firing.events - firing.emittedEvents;
}

/** Counts what a window adds in the part of the price that its group belongs to. */
function addToParts(state: PricePeriod, { series, price }: Place, added: bigint): void {
  const part = price?.partOf(series.group);
  if (part !== undefined) state.parts.set(part, (state.parts.get(part) ?? 0n) + added);
}

/** Where windows are priced one by one: replaces what the window came to at its last emission. */
function addWindowCharge(state: PricePeriod, { series, price }: Place, firing: WindowFiring): void {
  if (price?.ratedPer === "event") {
    const { eventCharges } = firing;
    if (eventCharges?.price !== price.id) return;
    const charges = new Exact(state.windowCharges).plus(eventCharges.total).minus(eventCharges.emitted);
    state.windowCharges = charges.toString();
    return;
  }
  if (price?.ratedPer !== "window") return;
  const divisor = quantityDivisor(series.meter);
  // A window whose events were taken back all is charged like one that never was.
  const chargeOf = (value: bigint, events: number): string =>
    value === 0n && events === 0 ? "0" : price.windowCharge(value, divisor);
  const charges = new Exact(state.windowCharges).plus(chargeOf(firing.value, firing.events));
  const before = firing.revision > 1 ? chargeOf(firing.emittedValue, firing.emittedEvents) : "0";
  state.windowCharges = charges.minus(before).toString();
}

/** Charges what is not charged yet; returns the difference in minor units (0 without a price). */
export function charge(state: PricePeriod, { series, price }: Place): bigint {
  if (price === undefined) return 0n;
  const { delta, billed } = chargeDelta(state.quantity, state.billed, (quantity) =>
    price.chargeInMinorUnits(quantity, quantityDivisor(series.meter), series.contract.currencyExponent, {
      events: state.events,
      periodEnded: state.closed,
      parts: state.parts,
      windowCharges: state.windowCharges,
    }),
  );
  state.billed = billed;
  return delta;
}
