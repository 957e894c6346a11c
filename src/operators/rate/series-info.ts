import type { RatedKind } from "../../model/outputs.ts";
import type { WindowEventCharges } from "../window/event-charges.ts";
import type { CompiledContract, CompiledMeter, CompiledPrice } from "../../billing/catalog/compiled.ts";

/** A series as rating sees it: one (account, meter, group), with the contract at the start of the window in hand. */
export interface SeriesInfo {
  /** Number of the series in the partition. */
  readonly id: number;
  readonly account: string;
  readonly meter: CompiledMeter;
  /** Values of the meter's dimensions by name. */
  readonly group: Readonly<Record<string, string>>;
  readonly contract: CompiledContract;
}

/** A window that is due, with what changed in it since it was last emitted. */
export interface WindowFiring {
  readonly series: SeriesInfo;
  readonly startMs: number;
  readonly endMs: number;
  readonly kind: Exclude<RatedKind, "period">;
  /** The window's value now, and at its last emission (0 before the first): integers at the meter's scale. */
  readonly value: bigint;
  readonly emittedValue: bigint;
  /** Its events now and at its last emission. */
  readonly events: number;
  readonly emittedEvents: number;
  /** 1 for the window's first emission. */
  readonly revision: number;
  /**
   * For aggregations whose windows don't add up (min, max, latest, unique): the fold over the series' emitted windows of
   * the billing period. Undefined for those that do.
   */
  readonly periodQuantity: bigint | undefined;
  /** Of prices that charge events one by one: what those of the window come to. */
  readonly eventCharges: WindowEventCharges | undefined;
}

/** What a price has come to in a billing period: told with every rating. */
export interface ChargedPeriod {
  readonly contract: CompiledContract;
  readonly price: CompiledPrice | undefined;
  readonly meter: CompiledMeter;
  readonly periodStartMs: number;
  /** Of complete windows: an integer at the meter's scale (level × milliseconds for time_weighted). */
  readonly quantity: bigint;
  /** Charged so far, in minor units. */
  readonly billed: bigint;
}

/** A series with a time in the billing period meant. */
export interface TouchedPeriod {
  readonly series: SeriesInfo;
  readonly startMs: number;
}
