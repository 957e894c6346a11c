import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledContract, CompiledMeter } from "../../billing/catalog/compiled.ts";
import type { SeriesInfo } from "../rate/series-info.ts";
import { Exact } from "../../billing/rating/exact.ts";
import { quantityDivisor } from "../../billing/rating/quantity.ts";

export const EVENT_CHARGES_SPACE = "event-charges";
const packr = new Packr({ useRecords: false });

/** What the events of a window come to by a price that charges each by itself. */
export interface WindowEventCharges {
  /** Price that they were charged by, as it was when they came in. */
  readonly price: string;
  /** Events in `total`. */
  readonly events: number;
  /** Exact sum of `CompiledPrice.eventCharge`, and what of it was in the last emission of the window. */
  readonly total: string;
  readonly emitted: string;
}

type Row = [price: string, events: number, total: string, emitted: string];

/**
 * Charges of events that are priced one by one (a percentage with a least or highest charge an event): from a window's
 * sum they would not follow. Kept by the slot of the window's cell and only for series with such a price; events of all
 * others cost one look at a set.
 */
export class EventCharges implements CheckpointParticipant {
  readonly #bySlot = new Map<number, WindowEventCharges>();
  readonly #changed = new Set<number>();
  #meters: ReadonlySet<string> = new Set();

  setCatalog(catalog: Pick<CompiledCatalog, "contracts">): void {
    const meters = new Set<string>();
    const seen = new Set<readonly unknown[]>();
    for (const { usagePrices } of catalog.contracts()) {
      // Contracts of one plan share the list.
      if (seen.has(usagePrices)) continue;
      seen.add(usagePrices);
      for (const { meter, ratedPer } of usagePrices)
        if (ratedPer === "event" && meter !== undefined) meters.add(meter);
    }
    this.#meters = meters;
  }

  /** Whether a contract prices events of the meter one by one. */
  concerns(meter: string): boolean {
    return this.#meters.size > 0 && this.#meters.has(meter);
  }

  /** An event was added to the cell of a slot. */
  add(
    slot: number,
    contract: CompiledContract | undefined,
    meter: CompiledMeter,
    value: number | bigint,
  ): void {
    const price = contract?.priceOf(meter.key);
    if (price?.ratedPer !== "event") return;
    const known = this.#bySlot.get(slot);
    // A window is charged by one price; what the rater misses then becomes an exception.
    if (known !== undefined && known.price !== price.id) return;
    const charge = price.eventCharge(BigInt(value), quantityDivisor(meter));
    this.#set(slot, {
      price: price.id,
      events: (known?.events ?? 0) + 1,
      total: new Exact(known?.total ?? "0").plus(charge).toString(),
      emitted: known?.emitted ?? "0",
    });
  }

  /**
   * Whether the charge of an event can be taken out again: the window's events were charged all or none, by the price that
   * the contract has.
   * @param events in the cell
   */
  canRemove(
    slot: number,
    contract: CompiledContract | undefined,
    meter: CompiledMeter,
    events: number,
  ): boolean {
    const known = this.#bySlot.get(slot);
    if (known === undefined || known.events === 0) return true;
    return known.events === events && contract?.priceOf(meter.key)?.id === known.price;
  }

  /** Takes the charge of an event out, for which `canRemove` holds. */
  removeEvent(
    slot: number,
    contract: CompiledContract | undefined,
    meter: CompiledMeter,
    value: bigint,
  ): void {
    const known = this.#bySlot.get(slot);
    const price = contract?.priceOf(meter.key);
    if (known === undefined || known.events === 0 || price === undefined) return;
    const charge = price.eventCharge(value, quantityDivisor(meter));
    const total = new Exact(known.total).minus(charge).toString();
    this.#set(slot, { ...known, events: known.events - 1, total });
  }

  /**
   * Whether events of a window are missing: those that came in before the contract had a price by the event, or by another
   * one, are not charged by it.
   * @param events in the cell
   */
  isIncomplete(slot: number, { contract, meter }: SeriesInfo, events: number): boolean {
    const price = contract.priceOf(meter.key);
    if (price?.ratedPer !== "event") return false;
    const charges = this.#bySlot.get(slot);
    return charges?.price !== price.id || charges.events !== events;
  }

  of(slot: number): WindowEventCharges | undefined {
    return this.#bySlot.get(slot);
  }

  /** The window was emitted with what it has come to. */
  markEmitted(slot: number): void {
    const known = this.#bySlot.get(slot);
    if (known !== undefined) this.#set(slot, { ...known, emitted: known.total });
  }

  /** The cell of a slot was let go. */
  remove(slot: number): void {
    if (this.#bySlot.delete(slot)) this.#changed.add(slot);
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(EVENT_CHARGES_SPACE)) {
      const row: Row = packr.unpack(value);
      const [price, events, total, emitted] = row;
      this.#bySlot.set(key, { price, events, total, emitted });
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const slot of [...this.#changed].sort((a, b) => a - b)) {
      const charges = this.#bySlot.get(slot);
      const row: Row | undefined =
        charges === undefined ? undefined : [charges.price, charges.events, charges.total, charges.emitted];
      rows.push({ space: EVENT_CHARGES_SPACE, key: slot, value: row === undefined ? null : packr.pack(row) });
    }
    this.#changed.clear();
  }

  #set(slot: number, charges: WindowEventCharges): void {
    this.#bySlot.set(slot, charges);
    this.#changed.add(slot);
  }
}
