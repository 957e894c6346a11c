import type { RatedAggregate } from "../../model/outputs.ts";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";
import type {
  BillingPeriod,
  CompiledCatalog,
  CompiledContract,
  CompiledPrice,
} from "../../billing/catalog/compiled.ts";
import { chargeDelta } from "../../billing/rating/delta.ts";
import { Exact } from "../../billing/rating/exact.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { formatQuantity, quantityDivisor } from "../../billing/rating/quantity.ts";
import { KeyedRows } from "./keyed-rows.ts";
import {
  type PricePeriod,
  pricePeriodCodec,
  pricePeriodKey,
  seriesPeriodCodec,
  seriesPeriodKey,
} from "./price-periods.ts";
import type { ChargedPeriod, SeriesInfo, TouchedPeriod, WindowFiring } from "./series-info.ts";

/** Charged and not invoiced in one currency. */
export interface UnbilledTotal {
  /** ISO 4217 digits. */
  readonly exponent: number;
  minorUnits: bigint;
}

/** @param key of the price period */
export type ChargeListener = (key: string, currency: string, deltaMinorUnits: bigint) => void;

function addUnbilled(
  totals: Map<string, UnbilledTotal>,
  currency: string,
  exponent: number,
  minorUnits: bigint,
): void {
  const total = totals.get(currency);
  if (total === undefined) totals.set(currency, { exponent, minorUnits });
  else total.minorUnits += minorUnits;
}

/** Where a window counts: its contract's price of the meter, in the billing period of its start. */
interface Place {
  readonly series: SeriesInfo;
  readonly period: BillingPeriod;
  readonly price: CompiledPrice | undefined;
  readonly key: string;
}

/**
 * Turns windows into rated aggregates. Every emission charges the difference between the price of the period's quantity
 * with it and what has been charged before, so amounts add up whatever the order, and corrections need no code of their
 * own. A period that is closed goes on being rated against: what changes it then is an adjustment.
 */
export class Rater implements CheckpointParticipant {
  readonly #pricePeriods = new KeyedRows("price-periods", pricePeriodCodec);
  readonly #seriesPeriods = new KeyedRows("series-periods", seriesPeriodCodec);
  #chargeListener: ChargeListener | undefined;
  readonly #onCharged: (charged: ChargedPeriod) => void;
  #catalogVersion: string | undefined;
  #unbilledTotals: Map<string, UnbilledTotal> | undefined;

  /** @param onCharged told what a price has come to, with every rating of it */
  constructor(onCharged: (charged: ChargedPeriod) => void = () => undefined) {
    this.#onCharged = onCharged;
  }

  /** The version in use from here on (also the one at the checkpoint, after `restore`). */
  setCatalog(catalog: Pick<CompiledCatalog, "version" | "contract">): void {
    this.#catalogVersion = catalog.version;
    if (this.#unbilledTotals === undefined) this.#unbilledTotals = this.#sumBilled(catalog);
  }

  /** Charged and not invoiced, by currency, in minor units. */
  unbilledTotals(): ReadonlyMap<string, UnbilledTotal> {
    return this.#unbilledTotals ?? new Map();
  }

  /** Usage was invoiced (negative: taken back): it is not unbilled any more. */
  invoiced(
    { currency, currencyExponent }: Pick<CompiledContract, "currency" | "currencyExponent">,
    minorUnits: bigint,
  ): void {
    addUnbilled((this.#unbilledTotals ??= new Map()), currency, currencyExponent, -minorUnits);
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#pricePeriods.restore(store);
    this.#seriesPeriods.restore(store);
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    return oneAfterTheOther(this.#pricePeriods.freezeChanges(), this.#seriesPeriods.freezeChanges());
  }

  /** All price periods that were ever opened, in the order of their opening. */
  pricePeriods(): Iterable<Readonly<PricePeriod>> {
    return this.#pricePeriods.entries();
  }

  /** Rates a window that is due. */
  rate(firing: WindowFiring): RatedAggregate {
    const { series } = firing;
    const place = placeOf(series, firing.startMs);
    const number = this.#pricePeriods.numberOf(place.key) ?? this.#open(place, firing.kind === "adjustment");
    const state = this.#pricePeriods.change(number);
    noteAccountingMonth(state, place, firing.startMs);
    addFiring(state, place, firing, this.#quantityAdded(firing, number));
    const delta = this.#charge(state, place);
    return {
      kind: firing.kind,
      account: series.account,
      meter: series.meter.key,
      group: series.group,
      start: timeText(firing.startMs),
      end: timeText(firing.endMs),
      value: formatQuantity(firing.value, series.meter),
      events: firing.events,
      revision: firing.revision,
      ...this.#figures(state, place, delta),
    };
  }

  /**
   * Closes the price periods that the touched windows count in, each once, and emits its figures; the aggregates are in
   * the order of contract, price and period. A period that has had no window emitted, or that only adjustments have made,
   * has nothing to say.
   * @param closeAtMs the time, grace included, at which they close; periods that end later stay open
   */
  closePeriods(closeAtMs: number, touched: readonly TouchedPeriod[]): RatedAggregate[] {
    const due = new Map<string, Place>();
    for (const { series, startMs } of touched) {
      const place = placeOf(series, startMs);
      // A contract that was extended since gives the period a later end: it stays open for the windows still to come.
      if (place.period.endMs <= closeAtMs) due.set(place.key, place);
    }
    const ordered = [...due.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return ordered.flatMap((place) => {
      const number = this.#pricePeriods.numberOf(place.key);
      if (number === undefined || this.#pricePeriods.at(number).closed) return [];
      return [this.#close(number, place)];
    });
  }

  /** Key of the price period that a window counts in. */
  priceKeyOf(series: SeriesInfo, startMs: number): string {
    return placeOf(series, startMs).key;
  }

  /** Tells each change of what a price period has charged, until another listener (or none) is set. */
  listenToCharges(listener: ChargeListener | undefined): void {
    this.#chargeListener = listener;
  }

  /** A price period, undefined where it has not been opened; with its place in the order of their opening. */
  pricePeriod(
    contract: string,
    price: CompiledPrice,
    periodStartMs: number,
  ): { readonly number: number; readonly state: Readonly<PricePeriod> } | undefined {
    const key = pricePeriodKey({ contract, price: price.id, meter: price.meter ?? "", periodStartMs });
    const number = this.#pricePeriods.numberOf(key);
    return number === undefined ? undefined : { number, state: this.#pricePeriods.at(number) };
  }

  /** What a price period has charged so far, undefined where it has not been opened yet. */
  billedOf(key: string): bigint | undefined {
    const number = this.#pricePeriods.numberOf(key);
    return number === undefined ? undefined : this.#pricePeriods.at(number).billed;
  }

  /**
   * What a price period would have charged, in minor units, if these windows were rated too. Changes nothing.
   * @param firings at least one; all of one price period; of series whose windows don't add up, any or all
   */
  preview(firings: readonly WindowFiring[]): {
    readonly currency: string;
    readonly exponent: number;
    readonly minorUnits: bigint;
  } {
    const [first] = firings;
    if (first === undefined) throw new RangeError("no window to preview");
    const place = placeOf(first.series, first.startMs);
    const number = this.#pricePeriods.numberOf(place.key);
    const known = number === undefined ? newPricePeriod(place, false) : this.#pricePeriods.at(number);
    const state: PricePeriod = { ...known, parts: new Map(known.parts) };
    const folded = new Set<number>();
    for (const firing of firings) {
      const { series, periodQuantity } = firing;
      let added = firing.value - firing.emittedValue;
      if (periodQuantity !== undefined) {
        // The fold of the whole period counts once, whichever of its windows brings it.
        added = folded.has(series.id) ? 0n : periodQuantity - this.#seriesQuantity(series.id, number);
        folded.add(series.id);
      }
      addFiring(state, placeOf(series, firing.startMs), firing, added);
    }
    charge(state, place);
    const { currency, currencyExponent } = first.series.contract;
    return { currency, exponent: currencyExponent, minorUnits: state.billed };
  }

  #seriesQuantity(series: number, pricePeriod: number | undefined): bigint {
    if (pricePeriod === undefined) return 0n;
    const number = this.#seriesPeriods.numberOf(seriesPeriodKey(series, pricePeriod));
    return number === undefined ? 0n : this.#seriesPeriods.at(number).quantity;
  }

  #close(number: number, place: Place): RatedAggregate {
    const state = this.#pricePeriods.change(number);
    const { series, period } = place;
    state.closed = true;
    state.revision += 1;
    const delta = this.#charge(state, place);
    return {
      kind: "period",
      account: series.account,
      meter: series.meter.key,
      group: {},
      start: timeText(period.startMs),
      end: timeText(period.endMs),
      value: formatQuantity(state.quantity, series.meter),
      events: state.events,
      revision: state.revision,
      ...this.#figures(state, place, delta),
    };
  }

  #open(place: Place, closed: boolean): number {
    return this.#pricePeriods.add(newPricePeriod(place, closed));
  }

  #charge(state: PricePeriod, place: Place): bigint {
    const delta = charge(state, place);
    const { currency, currencyExponent } = place.series.contract;
    if (delta !== 0n) {
      addUnbilled((this.#unbilledTotals ??= new Map()), currency, currencyExponent, delta);
      this.#chargeListener?.(place.key, currency, delta);
    }
    this.#onCharged({
      contract: place.series.contract,
      price: place.price,
      meter: place.series.meter,
      periodStartMs: state.periodStartMs,
      quantity: state.quantity,
      billed: state.billed,
    });
    return delta;
  }

  #sumBilled(catalog: Pick<CompiledCatalog, "contract">): Map<string, UnbilledTotal> {
    const totals = new Map<string, UnbilledTotal>();
    for (const { contract: id, billed } of this.#pricePeriods.entries()) {
      const contract = catalog.contract(id);
      if (contract !== undefined) addUnbilled(totals, contract.currency, contract.currencyExponent, billed);
    }
    return totals;
  }

  /** What the firing adds to the quantity of its price period. */
  #quantityAdded(firing: WindowFiring, pricePeriod: number): bigint {
    if (firing.periodQuantity === undefined) return firing.value - firing.emittedValue;
    const series = firing.series.id;
    const number =
      this.#seriesPeriods.numberOf(seriesPeriodKey(series, pricePeriod)) ??
      this.#seriesPeriods.add({ series, pricePeriod, quantity: 0n });
    const state = this.#seriesPeriods.change(number);
    const added = firing.periodQuantity - state.quantity;
    state.quantity = firing.periodQuantity;
    return added;
  }

  /** The part that windows and periods have in common. */
  #figures(state: PricePeriod, { series, period, price }: Place, delta: bigint) {
    if (this.#catalogVersion === undefined) throw new Error("rating before the first catalog version");
    const { contract, meter } = series;
    const money = (minorUnits: bigint): string | null =>
      price === undefined ? null : formatMinorUnits(minorUnits, contract.currencyExponent);
    return {
      contract: contract.id,
      periodStart: timeText(period.startMs),
      periodEnd: timeText(period.endMs),
      price: price?.id ?? null,
      catalogVersion: this.#catalogVersion,
      currency: contract.currency,
      amount: money(delta),
      amountToDate: money(state.billed),
      quantityToDate: formatQuantity(state.quantity, meter),
    };
  }
}

function* oneAfterTheOther(...parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}

function newPricePeriod({ series, period, price }: Place, closed: boolean): PricePeriod {
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
  };
}

/** The first window of an accounting month that begins within the period: what was charged so far is earned before it. */
function noteAccountingMonth(state: PricePeriod, { series, period }: Place, windowStartMs: number): void {
  const { startMs } = series.contract.accountingMonthAt(windowStartMs);
  if (startMs <= period.startMs || startMs <= (state.monthStartMs ?? 0)) return;
  state.monthStartMs = startMs;
  state.billedBeforeMonth = state.billed;
}

/** Counts a window, or what has changed in it since its last emission. */
function addFiring(state: PricePeriod, place: Place, firing: WindowFiring, added: bigint): void {
  state.quantity += added;
  addToParts(state, place, added);
  addWindowCharge(state, place, firing);
  state.events += firing.events - firing.emittedEvents;
}

function placeOf(series: SeriesInfo, timeMs: number): Place {
  const { contract, meter } = series;
  const period = contract.periodAt(timeMs);
  const price = contract.priceOf(meter.key);
  const key = pricePeriodKey({
    contract: contract.id,
    price: price?.id,
    meter: meter.key,
    periodStartMs: period.startMs,
  });
  return { series, period, price, key };
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
  let charges = new Exact(state.windowCharges).plus(price.windowCharge(firing.value, divisor));
  if (firing.revision > 1) charges = charges.minus(price.windowCharge(firing.emittedValue, divisor));
  state.windowCharges = charges.toString();
}

/** Charges what is not charged yet; returns the difference in minor units (0 without a price). */
function charge(state: PricePeriod, { series, price }: Place): bigint {
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

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
