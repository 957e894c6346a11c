import type { Commitment } from "../commitments/commitment-schema.ts";
import { type CommitmentContext, compileCommitment } from "../commitments/compile-commitment.ts";
import { coveredDays } from "../commitments/proration.ts";
import { compileGrant } from "../credits/grant-schema.ts";
import { BillingCalendar, clipPeriod, monthOfPeriod } from "../periods.ts";
import type { DiscountFields } from "../rating/adjustments/discounts.ts";
import { currencyExponent } from "../rating/currencies.ts";
import type { MoneyRounding } from "../rating/money.ts";
import type {
  BillingPeriod,
  CompiledContract,
  CompiledPrice,
  ContractCommitment,
  ContractGrant,
} from "./compiled.ts";
import { RatedPrice } from "./rated-price.ts";
import { canonicalCommitmentText } from "./canonical.ts";
import { contractBounds, planId } from "./checks.ts";
import { commitmentsOf } from "./contract-terms.ts";
import { canonicalInstantMs } from "./contract-times.ts";
import { alertLevels, type Catalog, type Contract, DEFAULT_PAYMENT_DAYS, type Plan } from "./entities.ts";
import { DEFAULT_LEGAL_ENTITY, type LegalEntity } from "./legal-entity.ts";

/** Legal entities by key; the default one where the catalog names none. */
export function legalEntitiesOf(catalog: Catalog): ReadonlyMap<string, LegalEntity> {
  const entities = catalog.legalEntities.length === 0 ? [DEFAULT_LEGAL_ENTITY] : catalog.legalEntities;
  return new Map(entities.map((entity) => [entity.key, entity]));
}

/** A plan with its prices by meter: shared by all contracts that pin it. */
interface CompiledPlan {
  readonly currency: string;
  readonly currencyExponent: number;
  readonly prices: ReadonlyMap<string, CompiledPrice>;
  readonly usagePrices: readonly CompiledPrice[];
  readonly flatPrices: readonly CompiledPrice[];
  readonly plan: Plan;
  /** The plan's own, for contracts that add none. */
  readonly commitments: readonly ContractCommitment[];
  commit(commitments: readonly Commitment[]): readonly ContractCommitment[];
}

function compilePlan(plan: Plan): CompiledPlan {
  const exponent = currencyExponent(plan.currency);
  if (exponent === undefined) throw new RangeError(`unknown currency ${plan.currency}`);
  const prices = plan.prices.map((price) => new RatedPrice(plan, price));
  const context: CommitmentContext = {
    exponent,
    rounding: plan.rounding,
    chargeOf: (key) => {
      const price = prices.find((candidate) => candidate.key === key);
      return price === undefined ? undefined : (units, per) => price.exactCharge(units, per);
    },
  };
  const commit = (commitments: readonly Commitment[]): readonly ContractCommitment[] =>
    commitments
      .map((commitment) => ({ ...compileCommitment(commitment, context), per: commitment.per }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    plan,
    commitments: commit(plan.commitments ?? []),
    commit,
    currency: plan.currency,
    currencyExponent: exponent,
    prices: new Map(
      prices.flatMap((price): [string, CompiledPrice][] =>
        price.meter === undefined ? [] : [[price.meter, price]],
      ),
    ),
    usagePrices: prices.filter((price) => price.meter !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1)),
    flatPrices: prices.filter((price) => price.meter === undefined).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** All contracts with their plans' prices as functions. */
export function compileContracts(catalog: Catalog): CompiledContract[] {
  const plans = new Map(catalog.plans.map((plan) => [planId(plan), compilePlan(plan)]));
  const scales = new Map(catalog.meters.map((meter) => [meter.key, meter.scale]));
  const calendars = new Map<string, BillingCalendar>();
  const legalEntities = legalEntitiesOf(catalog);
  const [onlyEntity] = legalEntities.values();
  const calendarWith = (
    timeZone: string,
    anchorDay: number,
    months = 1,
    anchorMonth = 1,
  ): BillingCalendar => {
    const key = `${months} ${anchorMonth} ${anchorDay} ${timeZone}`;
    const known = calendars.get(key);
    if (known !== undefined) return known;
    const calendar = new BillingCalendar(timeZone, anchorDay, months, anchorMonth);
    calendars.set(key, calendar);
    return calendar;
  };
  return catalog.contracts.map((contract) => {
    const plan = plans.get(planId(contract.plan));
    if (plan === undefined) throw new RangeError(`unknown plan ${planId(contract.plan)}`);
    const { legal_entity: entityKey } = contract;
    const legalEntity = entityKey === undefined ? onlyEntity : legalEntities.get(entityKey);
    if (legalEntity === undefined) throw new RangeError(`unknown legal entity ${entityKey}`);
    const monthly = calendarWith(contract.time_zone, contract.billing_anchor_day);
    const { billing_months: months = 1, billing_anchor_month: anchorMonth } = contract;
    const calendar =
      months === 1
        ? monthly
        : calendarWith(
            contract.time_zone,
            contract.billing_anchor_day,
            months,
            anchorMonth ?? monthOfPeriod(monthly, contractBounds(contract).startMs),
          );
    const accounting = calendarWith(legalEntity.time_zone, FIRST_DAY);
    const meterScale = (meter: string): number => scales.get(meter) ?? 0;
    return new Contracted({ contract, plan, calendar, accounting, legalEntity, meterScale });
  });
}

/** Accounts are kept by calendar months. */
const FIRST_DAY = 1;

function calendarOf(contract: Contract): string {
  const { billing_months: months = 1, billing_anchor_month: anchorMonth = "start" } = contract;
  const monthly = `${contract.billing_anchor_day} ${contract.time_zone}`;
  return months === 1 ? monthly : `${months} from ${anchorMonth}: ${monthly}`;
}

interface ContractParts {
  readonly contract: Contract;
  readonly plan: CompiledPlan;
  /** Of its billing periods, and of its legal entity's accounts. */
  readonly calendar: BillingCalendar;
  readonly accounting: BillingCalendar;
  readonly legalEntity: LegalEntity;
  readonly meterScale: (meter: string) => number;
}

class Contracted implements CompiledContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  readonly plan: string;
  readonly commitmentText: string;
  readonly calendar: string;
  readonly timeZone: string;
  readonly legalEntity: LegalEntity;
  readonly invoiceDiscounts: DiscountFields;
  readonly paymentDays: number;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly rounding: MoneyRounding;
  readonly pricesIncludeTax: boolean;
  readonly currency: string;
  readonly currencyExponent: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly usagePrices: readonly CompiledPrice[];
  readonly flatPrices: readonly CompiledPrice[];
  readonly commitments: readonly ContractCommitment[];
  readonly grants: readonly ContractGrant[];
  readonly alerts: CompiledContract["alerts"];
  readonly #prices: ReadonlyMap<string, CompiledPrice>;
  readonly #calendar: BillingCalendar;
  readonly #accounting: BillingCalendar;
  /** Usage comes in near one time: the period asked for last is mostly the one asked for next. */
  #lastPeriod: BillingPeriod | undefined;

  constructor({ contract, plan, calendar, accounting, legalEntity, meterScale }: ContractParts) {
    this.id = contract.id;
    this.account = contract.account;
    this.customer = contract.customer;
    this.plan = planId(contract.plan);
    this.commitmentText = canonicalCommitmentText(contract.commitments);
    this.calendar = calendarOf(contract);
    this.timeZone = contract.time_zone;
    this.legalEntity = legalEntity;
    this.invoiceDiscounts = contract.invoice_discounts ?? NO_DISCOUNTS;
    this.paymentDays = contract.payment_days ?? DEFAULT_PAYMENT_DAYS;
    this.dimensions = contract.dimensions ?? NO_DIMENSIONS;
    this.rounding = plan.plan.rounding;
    this.pricesIncludeTax = plan.plan.prices_include_tax === true;
    this.currency = plan.currency;
    this.currencyExponent = plan.currencyExponent;
    const { startMs, endMs } = contractBounds(contract);
    this.startMs = startMs;
    this.endMs = endMs;
    this.usagePrices = plan.usagePrices;
    this.flatPrices = plan.flatPrices;
    this.commitments =
      contract.commitments === undefined ? plan.commitments : plan.commit(commitmentsOf(contract, plan.plan));
    this.grants = compileGrants(contract, plan.currencyExponent, meterScale);
    this.alerts = contract.alerts === undefined ? DEFAULT_ALERTS : alertLevels(contract);
    this.#prices = plan.prices;
    this.#calendar = calendar;
    this.#accounting = accounting;
  }

  committedAmount(commitment: ContractCommitment, period: BillingPeriod): bigint {
    const full = this.#calendar.periodAt(period.startMs);
    return commitment.amountFor(coveredDays(this.#calendar.timeZone, period, full));
  }

  periodAt(timeMs: number): BillingPeriod {
    const last = this.#lastPeriod;
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last;
    if (!(timeMs >= this.startMs && timeMs < this.endMs))
      throw new RangeError(`contract ${this.id} does not cover ${timeMs}`);
    const period = clipPeriod(this.#calendar.periodAt(timeMs), this.startMs, this.endMs);
    this.#lastPeriod = period;
    return period;
  }

  fullPeriodAt(timeMs: number): BillingPeriod {
    return this.#calendar.periodAt(timeMs);
  }

  accountingMonthAt(timeMs: number): BillingPeriod {
    return this.#accounting.periodAt(timeMs);
  }

  priceOf(meter: string): CompiledPrice | undefined {
    return this.#prices.get(meter);
  }
}

const NO_DISCOUNTS: DiscountFields = [];
const NO_DIMENSIONS: Readonly<Record<string, string>> = {};
const NO_GRANTS: readonly ContractGrant[] = [];
const DEFAULT_ALERTS = alertLevels({});

function compileGrants(
  contract: Contract,
  currencyExponent: number,
  meterScale: (meter: string) => number,
): readonly ContractGrant[] {
  const { credits, time_zone: timeZone } = contract;
  if (credits === undefined || credits.length === 0) return NO_GRANTS;
  return credits
    .map((grant): ContractGrant => {
      const meter = grant.unit === "quantity" ? grant.meters[0] : undefined;
      const scale = meter === undefined ? currencyExponent : meterScale(meter);
      return {
        terms: compileGrant(grant, { timeZone, scale, instantMs: canonicalInstantMs }),
        meter,
        voidedMs: grant.voided === undefined ? undefined : canonicalInstantMs(grant.voided),
      };
    })
    .sort((a, b) => (a.terms.id < b.terms.id ? -1 : 1));
}
