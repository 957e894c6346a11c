import { coveredDays } from "../commitments/proration.ts";
import { type BillingCalendar, clipPeriod } from "../periods.ts";
import type { DiscountFields } from "../rating/adjustments/discounts.ts";
import type { MoneyRounding } from "../rating/money.ts";
import { contractBounds } from "./checks.ts";
import type {
  BillingPeriod,
  CompiledContract,
  CompiledPrice,
  ContractCommitment,
  ContractGrant,
} from "./compiled.ts";
import type { CompiledPlan } from "./compile-plan.ts";
import type { Contract } from "./entities.ts";
import type { LegalEntity } from "./legal-entity.ts";

/** What contracts of one plan with the same terms have in common: of a million contracts mostly a handful. */
export interface ContractTerms extends Pick<
  CompiledContract,
  | "plan"
  | "commitmentText"
  | "calendar"
  | "timeZone"
  | "legalEntity"
  | "invoiceDiscounts"
  | "paymentDays"
  | "dimensions"
  | "pricesIncludeTax"
  | "alerts"
> {
  readonly compiledPlan: CompiledPlan;
  readonly commitments: readonly ContractCommitment[];
  readonly grants: readonly ContractGrant[];
  readonly billingCalendar: BillingCalendar;
  readonly accountingCalendar: BillingCalendar;
}

/** Of what a contract has for itself there is little, so that a million of them take little memory and time of the collector. */
export class Contracted implements CompiledContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly #terms: ContractTerms;
  /** Usage comes in near one time: the period asked for last is mostly the one asked for next. */
  #lastPeriod: BillingPeriod | undefined;

  constructor(contract: Contract, terms: ContractTerms) {
    this.id = contract.id;
    this.account = contract.account;
    this.customer = contract.customer;
    const { startMs, endMs } = contractBounds(contract);
    this.startMs = startMs;
    this.endMs = endMs;
    this.#terms = terms;
  }

  get plan(): string {
    return this.#terms.plan;
  }

  get commitmentText(): string {
    return this.#terms.commitmentText;
  }

  get calendar(): string {
    return this.#terms.calendar;
  }

  get timeZone(): string {
    return this.#terms.timeZone;
  }

  get legalEntity(): LegalEntity {
    return this.#terms.legalEntity;
  }

  get invoiceDiscounts(): DiscountFields {
    return this.#terms.invoiceDiscounts;
  }

  get paymentDays(): number {
    return this.#terms.paymentDays;
  }

  get dimensions(): Readonly<Record<string, string>> {
    return this.#terms.dimensions;
  }

  get rounding(): MoneyRounding {
    return this.#terms.compiledPlan.plan.rounding;
  }

  get pricesIncludeTax(): boolean {
    return this.#terms.pricesIncludeTax;
  }

  get currency(): string {
    return this.#terms.compiledPlan.currency;
  }

  get currencyExponent(): number {
    return this.#terms.compiledPlan.currencyExponent;
  }

  get usagePrices(): readonly CompiledPrice[] {
    return this.#terms.compiledPlan.usagePrices;
  }

  get flatPrices(): readonly CompiledPrice[] {
    return this.#terms.compiledPlan.flatPrices;
  }

  get commitments(): readonly ContractCommitment[] {
    return this.#terms.commitments;
  }

  get grants(): readonly ContractGrant[] {
    return this.#terms.grants;
  }

  get alerts(): CompiledContract["alerts"] {
    return this.#terms.alerts;
  }

  committedAmount(commitment: ContractCommitment, period: BillingPeriod): bigint {
    const calendar = this.#terms.billingCalendar;
    const full = calendar.periodAt(period.startMs);
    return commitment.amountFor(coveredDays(calendar.timeZone, period, full));
  }

  periodAt(timeMs: number): BillingPeriod {
    const last = this.#lastPeriod;
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last;
    if (!(timeMs >= this.startMs && timeMs < this.endMs))
      throw new RangeError(`contract ${this.id} does not cover ${timeMs}`);
    const period = clipPeriod(this.#terms.billingCalendar.periodAt(timeMs), this.startMs, this.endMs);
    this.#lastPeriod = period;
    return period;
  }

  fullPeriodAt(timeMs: number): BillingPeriod {
    return this.#terms.billingCalendar.periodAt(timeMs);
  }

  accountingMonthAt(timeMs: number): BillingPeriod {
    return this.#terms.accountingCalendar.periodAt(timeMs);
  }

  priceOf(meter: string): CompiledPrice | undefined {
    return this.#terms.compiledPlan.prices.get(meter);
  }
}
