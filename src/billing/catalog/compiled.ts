/**
 * The catalog as the operators read it: looked up by dictionaries, times in milliseconds, nothing left to check.
 * `src/billing/catalog/compile.ts` makes it from the validated files.
 */

export type AggregationKind = "sum" | "count" | "min" | "max" | "latest" | "unique" | "time_weighted";

export interface CompiledSettings {
  /** Regions whose events move the watermark; events of others are accepted but don't. */
  readonly regions: readonly string[];
  /** How far event times may stand behind the newest one of their region before they are late. */
  readonly disorderMs: number;
  /** How long a billing period stays open behind its end. */
  readonly graceMs: number;
  /** Grid of the cells: 60, 30 or 15 minutes. */
  readonly cellMs: number;
  /** Limits of event time against arrival, unless a meter has its own. */
  readonly maxAgeMs: number;
  readonly maxAheadMs: number;
  /** How long a key of (source, id) is remembered: ≥ max age + max ahead + 1 day, checked when compiled. */
  readonly dedupeHorizonMs: number;
}

export interface CompiledFilter {
  readonly property: string;
  /** The event counts when the property's text is one of these. */
  readonly anyOf: ReadonlySet<string>;
}

export interface CompiledMeter {
  readonly key: string;
  readonly eventType: string;
  readonly aggregation: AggregationKind;
  /** Decimal places of its values; more digits are rejected. */
  readonly scale: number;
  /** Property that holds the value; undefined for count. */
  readonly valueProperty: string | undefined;
  /** Dimensions in the order of their names. */
  readonly groupBy: readonly { readonly name: string; readonly property: string }[];
  readonly filters: readonly CompiledFilter[];
}

export interface BillingPeriod {
  readonly startMs: number;
  readonly endMs: number;
}

export interface CompiledPrice {
  /** Stable id: plan, version and price key. */
  readonly id: string;
  readonly meter: string;
  /**
   * Exact charge of a cumulative quantity, in currency units, as a decimal string (not rounded).
   * @param quantity an integer at `scale` decimal places
   */
  charge(quantity: bigint, scale: number): string;
  /**
   * Charge of the cumulative quantity `quantity` ÷ `divisor`, rounded once, half away from zero, as an integer of minor
   * units. Exact also for quantities without a finite decimal form (level-hours).
   * @param exponent ISO 4217 digits of the currency
   */
  chargeInMinorUnits(quantity: bigint, divisor: bigint, exponent: number): bigint;
}

export interface CompiledContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  readonly currency: string;
  /** ISO 4217 exponent of the currency: 2 for USD, 0 for JPY, 3 for KWD. */
  readonly currencyExponent: number;
  readonly startMs: number;
  /** Infinity where it has no end. */
  readonly endMs: number;
  /** The billing period that contains a time, clipped to the contract; boundaries lie on the cell grid. */
  periodAt(timeMs: number): BillingPeriod;
  /** The price of a meter, undefined where the plan has none. */
  priceOf(meter: string): CompiledPrice | undefined;
}

export interface CompiledCatalog {
  /** SHA-256 of the canonical form, hexadecimal. */
  readonly version: string;
  readonly settings: CompiledSettings;
  readonly meters: ReadonlyMap<string, CompiledMeter>;
  /** Meters that read events of a type; undefined where none does. */
  metersOfType(eventType: string): readonly CompiledMeter[] | undefined;
  /** The contract that covers an account at a time. */
  contractAt(account: string, timeMs: number): CompiledContract | undefined;
  contract(id: string): CompiledContract | undefined;
}
