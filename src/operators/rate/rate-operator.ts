import type { RatedAggregate } from "../../model/outputs.ts";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import type { CompiledCatalog, CompiledContract, CompiledPrice } from "../../billing/catalog/compiled.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { formatQuantity } from "../../billing/rating/quantity.ts";
import { sortInSlices } from "../slices/sort-in-slices.ts";
import { addFiring, charge, newPricePeriod, noteAccountingMonth, Place } from "./charge-place.ts";
import { KeyedRows } from "./keyed-rows.ts";
import { LastPricePeriods } from "./last-price-periods.ts";
import {
  type PricePeriod,
  pricePeriodCodec,
  pricePeriodKey,
  seriesPeriodCodec,
  seriesPeriodKey,
} from "./price-periods.ts";
import type { ChargedPeriod, SeriesInfo, TouchedPeriod, WindowFiring } from "./series-info.ts";
import { TimeTexts } from "./time-texts.ts";
import { WindowAmounts } from "./window-amounts.ts";

/** Units of `SliceBudget` that finding the place of a window and closing a period cost, and adding one up. */
const PLACE_UNITS = 10;
const CLOSE_UNITS = 80;
const SUM_UNITS = 10;

/** Kinds of firings whose period is closed. */
const CLOSED_KINDS: ReadonlySet<WindowFiring["kind"]> = new Set(["adjustment", "reversal"]);

/** Charged and not invoiced in one currency. */
export interface UnbilledTotal {
  /** ISO 4217 digits. */
  readonly exponent: number;
  minorUnits: bigint;
}

/** What a window's aggregate says of the window, and a period's of the period. */
interface OwnFigures extends Pick<RatedAggregate, "kind" | "group" | "value" | "events" | "revision"> {
  readonly startMs: number;
  readonly endMs: number;
}

/** A period is charged for all groups of its price. */
const NO_GROUP: RatedAggregate["group"] = {};

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

/** Whether a price period has a price, and ends behind the time from which on the catalog's contracts are billed. */
export function isBilledHere(
  catalog: Pick<CompiledCatalog, "contract" | "settings"> | undefined,
  { contract: id, price, periodStartMs }: Pick<PricePeriod, "contract" | "price" | "periodStartMs">,
): boolean {
  const contract = catalog?.contract(id);
  if (catalog === undefined || contract === undefined || price === undefined) return false;
  const { billingStartMs } = catalog.settings;
  return billingStartMs <= periodStartMs || contract.fullPeriodAt(periodStartMs).endMs > billingStartMs;
}

/**
 * Turns windows into rated aggregates. Every emission charges the difference between the price of the period's quantity
 * with it and what has been charged before, so amounts add up whatever the order, and corrections need no code of their
 * own. A period that is closed goes on being rated against: what changes it then is an adjustment.
 */
export class Rater implements CheckpointParticipant {
  readonly #pricePeriods = new KeyedRows("price-periods", pricePeriodCodec, ({ closed }) => closed);
  readonly #lastPricePeriods = new LastPricePeriods(this.#pricePeriods);
  readonly #seriesPeriods = new KeyedRows("series-periods", seriesPeriodCodec);
  /** By the number of the price period. */
  readonly windowAmounts: Pick<WindowAmounts, "of">;
  readonly #windowAmounts = new WindowAmounts();
  readonly #times = new TimeTexts();
  #chargeListener: ChargeListener | undefined;
  readonly #onCharged: (charged: ChargedPeriod) => void;
  #catalog: Pick<CompiledCatalog, "version" | "contract" | "settings"> | undefined;
  #unbilledTotals: Map<string, UnbilledTotal> | undefined;

  /** @param onCharged told what a price has come to, with every rating of it */
  constructor(onCharged: (charged: ChargedPeriod) => void = () => undefined) {
    this.#onCharged = onCharged;
    this.windowAmounts = this.#windowAmounts;
  }

  /** The version in use from here on (also the one at the checkpoint, after `restore`). */
  *useCatalog(
    catalog: Pick<CompiledCatalog, "version" | "contract" | "settings">,
    budget: SliceBudget,
  ): SlicedWork {
    this.#catalog = catalog;
    if (this.#unbilledTotals === undefined) this.#unbilledTotals = yield* this.#sumBilled(catalog, budget);
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
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    yield* this.#pricePeriods.restoreInSlices(store, budget);
    yield* this.#seriesPeriods.restoreInSlices(store, budget);
    yield* this.#windowAmounts.restoreInSlices(store, budget);
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    return oneAfterTheOther(
      this.#pricePeriods.freezeChanges(),
      this.#seriesPeriods.freezeChanges(),
      this.#windowAmounts.freezeChanges(),
    );
  }

  /** All price periods that were ever opened, in the order of their opening. */
  pricePeriods(): Iterable<Readonly<PricePeriod>> {
    return this.#pricePeriods.entries();
  }

  /** Rates a window that is due. */
  rate(firing: WindowFiring): RatedAggregate {
    const { series } = firing;
    const place = new Place(series, firing.startMs);
    const number = this.#lastPricePeriods.numberOf(place) ?? this.#open(place, CLOSED_KINDS.has(firing.kind));
    const state = this.#pricePeriods.change(number);
    noteAccountingMonth(state, place, firing.startMs);
    addFiring(state, place, firing, this.#quantityAdded(firing, number));
    this.#windowAmounts.add(number, place, firing);
    const delta = this.#charge(state, place);
    const { startMs, endMs, kind, events, revision } = firing;
    const value = formatQuantity(firing.value, series.meter);
    return this.#aggregate(state, place, delta, {
      kind,
      group: series.group,
      startMs,
      endMs,
      value,
      events,
      revision,
    });
  }

  /**
   * Closes the price periods that the touched windows count in, each once, and emits its figures; the aggregates are in
   * the order of contract, price and period. A period that has had no window emitted, or that only adjustments have made,
   * has nothing to say.
   * @param closeAtMs the time, grace included, at which they close; periods that end later stay open
   */
  *closePeriods(
    closeAtMs: number,
    touched: Iterable<TouchedPeriod>,
    budget: SliceBudget,
    emit: (aggregate: RatedAggregate) => void,
  ): SlicedWork {
    const due = new Map<string, Place>();
    for (const { series, startMs } of touched) {
      const place = new Place(series, startMs);
      // A contract that was extended since gives the period a later end: it stays open for the windows still to come.
      if (place.period.endMs <= closeAtMs) due.set(place.key, place);
      if (budget.spend(PLACE_UNITS)) yield;
    }
    const byKey = (a: Place, b: Place): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    for (const place of yield* sortInSlices([...due.values()], byKey, budget)) {
      const number = this.#pricePeriods.numberOf(place.key);
      if (number === undefined || this.#pricePeriods.at(number).closed) continue;
      emit(this.#close(number, place));
      if (budget.spend(CLOSE_UNITS)) yield;
    }
  }

  /** Key of the price period that a window counts in. */
  priceKeyOf(series: SeriesInfo, startMs: number): string {
    return new Place(series, startMs).key;
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
    const place = new Place(first.series, first.startMs);
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
      addFiring(state, new Place(series, firing.startMs), firing, added);
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
    return this.#aggregate(state, place, delta, {
      kind: "period",
      group: NO_GROUP,
      startMs: period.startMs,
      endMs: period.endMs,
      value: formatQuantity(state.quantity, series.meter),
      events: state.events,
      revision: state.revision,
    });
  }

  #open(place: Place, closed: boolean): number {
    return this.#pricePeriods.add(newPricePeriod(place, closed));
  }

  #charge(state: PricePeriod, place: Place): bigint {
    const delta = charge(state, place);
    const { currency, currencyExponent } = place.series.contract;
    if (delta !== 0n && isBilledHere(this.#catalog, state)) {
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

  *#sumBilled(
    catalog: Pick<CompiledCatalog, "contract" | "settings">,
    budget: SliceBudget,
  ): SlicedWork<Map<string, UnbilledTotal>> {
    const totals = new Map<string, UnbilledTotal>();
    for (const state of this.#pricePeriods.entries()) {
      if (budget.spend(SUM_UNITS)) yield;
      const contract = catalog.contract(state.contract);
      if (contract === undefined || !isBilledHere(catalog, state)) continue;
      addUnbilled(totals, contract.currency, contract.currencyExponent, state.billed);
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

  /** Its members in the order in which they are published. */
  #aggregate(state: PricePeriod, place: Place, delta: bigint, own: OwnFigures): RatedAggregate {
    const catalogVersion = this.#catalog?.version;
    if (catalogVersion === undefined) throw new Error("rating before the first catalog version");
    const { series, period, price } = place;
    const { account, contract, meter } = series;
    const { currency, currencyExponent } = contract;
    return {
      kind: own.kind,
      account,
      meter: meter.key,
      group: own.group,
      start: this.#times.of(own.startMs),
      end: this.#times.of(own.endMs),
      value: own.value,
      events: own.events,
      revision: own.revision,
      contract: contract.id,
      periodStart: this.#times.of(period.startMs),
      periodEnd: this.#times.of(period.endMs),
      price: price?.id ?? null,
      catalogVersion,
      currency,
      amount: price === undefined ? null : formatMinorUnits(delta, currencyExponent),
      amountToDate: price === undefined ? null : formatMinorUnits(state.billed, currencyExponent),
      quantityToDate: formatQuantity(state.quantity, meter),
    };
  }
}

function* oneAfterTheOther(...parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}
