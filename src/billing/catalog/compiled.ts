/**
 * The catalog as the operators read it: looked up by dictionaries, times in milliseconds, nothing left to check.
 * `src/billing/catalog/compile.ts` makes it from the validated files.
 */
import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CompiledCommitment } from "../commitments/compile-commitment.ts";
import type { GrantTerms } from "../credits/grant-terms.ts";
import type { DiscountFields } from "../rating/adjustments/discounts.ts";
import type { MoneyRounding } from "../rating/money.ts";
import type { Ratio } from "../ratio.ts";
import type { ExchangeRate } from "../exchange/exchange-rate.ts";
import type { ExchangeRates } from "../exchange/exchange-rates.ts";
import type { InvoicedCustomer } from "../tax/service-request.ts";
import type { CompiledPosting } from "../posting/compiled-posting.ts";
import type { TaxTable } from "../tax/tax-table.ts";
import type { LegalEntity } from "./legal-entity.ts";

export type AggregationKind = "sum" | "count" | "min" | "max" | "latest" | "unique" | "time_weighted";

export interface CompiledSettings {
  /** Regions whose events move the watermark; events of others are accepted but don't. */
  readonly regions: readonly string[];
  /** How far event times may stand behind the newest one of their region before they are late. */
  readonly disorderMs: number;
  /** How long a billing period stays open behind its end. */
  readonly graceMs: number;
  /** Billing periods that ended by then are not billed; −Infinity: all are. */
  readonly billingStartMs: number;
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
  /** Its cells keep what is needed to take events out again, where values alone don't tell. */
  readonly retractable: boolean;
}

export interface BillingPeriod {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the charge of a period may depend on besides its quantity. */
export interface PeriodFigures {
  /** Events in the period so far. */
  readonly events: number;
  /** The period is over: volume prices and minimum amounts are charged from here on. */
  readonly periodEnded: boolean;
  /** The quantity by part (`partOf`), for prices that tell parts apart: integers like the quantity. */
  readonly parts?: ReadonlyMap<string, bigint>;
  /** For prices by the window or by the event, instead of the quantity: the sum of all charges. */
  readonly windowCharges?: string;
}

/**
 * How a charge comes about, in minor units, each part rounded so that they add up:
 * usage − discount − over maximum + up to minimum = amount.
 */
export interface PricedBreakdown {
  readonly usage: bigint;
  readonly discount: bigint;
  readonly overMaximum: bigint;
  readonly upToMinimum: bigint;
  readonly amount: bigint;
}

export interface CompiledPrice {
  /** Stable id: plan, version and price key. */
  readonly id: string;
  /** Key within the plan. */
  readonly key: string;
  readonly product: string;
  /** Undefined for prices that no usage changes. */
  readonly meter: string | undefined;
  /** What is priced: the quantity of the billing period, the value of each window, or each event by itself. */
  readonly ratedPer: "period" | "window" | "event";
  /** The charge of a period depends on its quantity alone and never falls when that rises. */
  readonly risesWithQuantity: boolean;
  /**
   * Exact charge of a cumulative quantity, in currency units, as a decimal string (not rounded but for fractions without
   * a finite form, which only a unit conversion can make).
   * @param quantity an integer at `scale` decimal places
   * @param figures of a whole period without further figures where left out
   */
  charge(quantity: bigint, scale: number, figures?: PeriodFigures): string;
  /**
   * Charge of the cumulative quantity `quantity` ÷ `divisor`, rounded once as the plan says, as an integer of minor
   * units. Exact also for quantities without a finite decimal form (level-hours).
   * @param exponent ISO 4217 digits of the currency
   */
  chargeInMinorUnits(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): bigint;
  /** The same charge with the steps that led to it. */
  breakdown(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): PricedBreakdown;
  /** The same charge exactly, in minor units: for what is divided before it is rounded. */
  exactMinorUnits(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): Ratio;
  /** When a price that no usage changes is due; undefined for prices of usage. */
  readonly billed: "in_advance" | "in_arrears" | undefined;
  /** Whether a price that no usage changes costs its days' share where a period is covered in part. */
  readonly prorated: boolean;
  /** Exact charges of the tiers that are reached, before discounts and limits; undefined for prices without such. */
  tierCharges(quantity: bigint, divisor: bigint): readonly string[] | undefined;
  /** What is counted for `quantity` ÷ `divisor`: converted, rounded, free units off, in whole packages. */
  billedQuantity(quantity: bigint, divisor: bigint): string;
  /** Names the part that a group of the meter counts in; undefined for prices that don't tell parts apart. */
  partOf(group: Readonly<Record<string, string>>): string | undefined;
  /** Exact charge of one window's value, in a unit of its own: only to be added up for `windowCharges`. */
  windowCharge(value: bigint, divisor: bigint): string;
  /** A sum of `windowCharge`s exactly, in minor units of a currency of `exponent` ISO 4217 digits. */
  windowMinorUnits(windowCharges: string, divisor: bigint, exponent: number): Ratio;
  /**
   * What is charged for usage that came to `usage` minor units otherwise than by the model (under a commitment): discounts
   * and limits of the price are applied as to a period that has ended.
   */
  adjusted(usage: Ratio, exponent: number): Ratio;
  /** Exact charge of one event's value, as `windowCharge`. Throws RangeError where events are not priced one by one. */
  eventCharge(value: bigint, divisor: bigint): string;
}

/** What is sold: lines of invoices name it. */
export interface CompiledProduct {
  readonly key: string;
  readonly name: string;
  /** Code of the tax table or service; undefined: the standard one. */
  readonly taxCode: string | undefined;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface ContractCommitment extends CompiledCommitment {
  readonly per: "period" | "window";
}

/** A grant of credits, with what is known of it from the catalog. */
export interface ContractGrant {
  readonly terms: GrantTerms;
  /** Meter whose quantity it is an amount of; undefined: the contract's currency. */
  readonly meter: string | undefined;
  /** From then on what is left can't be used; undefined: it was not taken back. */
  readonly voidedMs: number | undefined;
}

export interface CompiledContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  /** Plan and version that it pins: "standard@1". */
  readonly plan: string;
  /** Canonical text of the commitments that it adds to its plan's; "" where it adds none. */
  readonly commitmentText: string;
  /** Time zone and anchor day: what its billing periods follow from. */
  readonly calendar: string;
  /** IANA time zone of its billing periods. */
  readonly timeZone: string;
  /** Who sells. */
  readonly legalEntity: LegalEntity;
  /** Discounts of each invoice, in this order. */
  readonly invoiceDiscounts: DiscountFields;
  /** Days from an invoice's date until it is due. */
  readonly paymentDays: number;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly pricesIncludeTax: boolean;
  /** Where ties go when its charges are rounded. */
  readonly rounding: MoneyRounding;
  readonly currency: string;
  /** ISO 4217 exponent of the currency: 2 for USD, 0 for JPY, 3 for KWD. */
  readonly currencyExponent: number;
  readonly startMs: number;
  /** Infinity where it has no end. */
  readonly endMs: number;
  /** The billing period that contains a time, clipped to the contract; boundaries lie on the cell grid. */
  periodAt(timeMs: number): BillingPeriod;
  /** The whole billing period that contains a time, whether the contract covers all of it or not. */
  fullPeriodAt(timeMs: number): BillingPeriod;
  /** The month of its legal entity's accounts that contains a time. */
  accountingMonthAt(timeMs: number): BillingPeriod;
  /** Minimums that it commits to, by key; the plan's are among them. */
  readonly commitments: readonly ContractCommitment[];
  /** What is committed for a billing period: minor units, by its days where it is covered in part. */
  committedAmount(commitment: ContractCommitment, period: BillingPeriod): bigint;
  /** Credits paid or given in advance, by id. */
  readonly grants: readonly ContractGrant[];
  /** When the use of commitments and credits is reported: percents, ascending. */
  readonly alerts: {
    readonly commitmentPercents: readonly number[];
    readonly creditPercents: readonly number[];
  };
  /** The price of a meter, undefined where the plan has none. */
  priceOf(meter: string): CompiledPrice | undefined;
  /** Prices of usage, in the order of their keys. */
  readonly usagePrices: readonly CompiledPrice[];
  /** Prices that no usage changes, in the order of their keys: for invoicing, since no usage brings them about. */
  readonly flatPrices: readonly CompiledPrice[];
}

export interface CompiledCatalog {
  /** SHA-256 of the canonical form, hexadecimal. */
  readonly version: string;
  readonly settings: CompiledSettings;
  readonly meters: ReadonlyMap<string, CompiledMeter>;
  readonly products: ReadonlyMap<string, CompiledProduct>;
  /** Legal entities by key; one of its own where the catalog names none. */
  readonly legalEntities: ReadonlyMap<string, LegalEntity>;
  /** Where customers are taxed, by id. */
  readonly customers: ReadonlyMap<string, InvoicedCustomer>;
  /** Undefined where the catalog has no tax rates: then documents have no tax. */
  readonly taxTable: TaxTable | undefined;
  /** Rates to the functional currencies of legal entities. */
  readonly exchangeRates: ExchangeRates;
  /** The same as they are written. */
  readonly exchangeRateList: readonly ExchangeRate[];
  /** ERP connections, their mappings, and customers as they are posted. */
  readonly posting: CompiledPosting;
  /** Meters that read events of a type; undefined where none does. */
  metersOfType(eventType: string): readonly CompiledMeter[] | undefined;
  /** Plans by key and version, each as its canonical text: what a version says never changes. */
  readonly planTexts: ReadonlyMap<string, string>;
  /** All contracts. */
  contracts(): Iterable<CompiledContract>;
  /** The contract that covers an account at a time. */
  contractAt(account: string, timeMs: number): CompiledContract | undefined;
  contract(id: string): CompiledContract | undefined;
  /** Contracts whose accounts live in a partition, in the order of their ids. */
  contractsOf(partition: number, partitionCount: number): readonly CompiledContract[];
  /** The same in slices: where nobody has asked before, all contracts are divided up. */
  contractsInSlices(
    partition: number,
    partitionCount: number,
    budget: SliceBudget,
  ): SlicedWork<readonly CompiledContract[]>;
}
