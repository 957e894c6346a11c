import type { CompiledContract, CompiledMeter, CompiledPrice } from "../../billing/catalog/compiled.ts";
import { quantityDivisor } from "../../billing/rating/quantity.ts";
import type { MonotoneCharge } from "../../billing/thresholds/threshold-quantity.ts";
import type { WatchedUsage } from "./watch-rows.ts";

/** A row of watched usage with what its meter and price say of it. */
export interface WatchedSource {
  readonly row: WatchedUsage;
  /** Number of the row. */
  readonly number: number;
  readonly meter: CompiledMeter;
  /** Of the price; "" where the contract has none for the meter. */
  readonly product: string;
  /** The charge as a function of `progressOf`. */
  readonly chargeOf: MonotoneCharge;
  /** What the charge follows from: the quantity, or the charge itself as it was rated last. */
  readonly progressOf: () => bigint;
}

/** Whether events change the quantity of a meter one by one, so that it is known before its windows are complete. */
export function isCountedLive(meter: CompiledMeter): boolean {
  return meter.aggregation === "sum" || meter.aggregation === "count";
}

/** Whether a price's charge is known with each event; else it is what the last rating of its windows says. */
export function isChargedLive(meter: CompiledMeter, price: CompiledPrice): boolean {
  return isCountedLive(meter) && price.risesWithQuantity;
}

const FIGURES = { events: 0, periodEnded: false } as const;

/** Charge in minor units of a price that is charged live. */
export function liveCharge(
  contract: CompiledContract,
  meter: CompiledMeter,
  price: CompiledPrice,
): MonotoneCharge {
  const divisor = quantityDivisor(meter);
  return (quantity) => price.chargeInMinorUnits(quantity, divisor, contract.currencyExponent, FIGURES);
}

const itself: MonotoneCharge = (progress) => progress;

/** What a row has come to in minor units of the contract's currency. */
export function chargedSource(
  row: WatchedUsage,
  number: number,
  contract: CompiledContract,
  meter: CompiledMeter,
): WatchedSource {
  const price = contract.priceOf(meter.key);
  const source = { row, number, meter, product: price?.product ?? "" };
  const { settledCharge } = row;
  if (settledCharge !== undefined || price === undefined || price.id !== row.price)
    return { ...source, chargeOf: itself, progressOf: () => settledCharge ?? row.rated };
  if (!isChargedLive(meter, price)) return { ...source, chargeOf: itself, progressOf: () => row.rated };
  return { ...source, chargeOf: liveCharge(contract, meter, price), progressOf: () => row.quantity };
}

/** What a row has come to as a quantity of its meter. */
export function countedSource(
  row: WatchedUsage,
  number: number,
  contract: CompiledContract,
  meter: CompiledMeter,
): WatchedSource {
  const product = contract.priceOf(meter.key)?.product ?? "";
  return { row, number, meter, product, chargeOf: itself, progressOf: () => row.quantity };
}
