import type { Commitment } from "../commitments/commitment-schema.ts";
import { type CommitmentContext, compileCommitment } from "../commitments/compile-commitment.ts";
import { coveredDays } from "../commitments/proration.ts";
import { compileGrant } from "../credits/grant-schema.ts";
import { BillingCalendar, clipPeriod } from "../periods.ts";
import { currencyExponent } from "../rating/currencies.ts";
import type {
  BillingPeriod,
  CompiledCatalog,
  CompiledContract,
  CompiledMeter,
  CompiledPrice,
  CompiledSettings,
  ContractCommitment,
  ContractGrant,
} from "./compiled.ts";
import { RatedPrice } from "./rated-price.ts";
import { canonicalPlanText } from "./canonical.ts";
import { contractBounds, planId } from "./checks.ts";
import { commitmentsOf } from "./contract-terms.ts";
import { canonicalInstantMs } from "./contract-times.ts";
import {
  alertLevels,
  type Catalog,
  type Contract,
  type Meter,
  type Plan,
  type Settings,
} from "./entities.ts";
import { durationMs } from "./fields.ts";

const MINUTE_MS = 60_000;

/**
 * Makes a valid catalog ready for the operators: lookups by key, times in milliseconds, prices as functions.
 * @param version SHA-256 of its canonical form
 */
export function compileCatalog(catalog: Catalog, version: string): CompiledCatalog {
  const meters = catalog.meters.map(compileMeter);
  const byType = new Map<string, CompiledMeter[]>();
  for (const meter of meters.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const list = byType.get(meter.eventType);
    if (list === undefined) byType.set(meter.eventType, [meter]);
    else list.push(meter);
  }
  const contracts = compileContracts(catalog);
  const byAccount = groupByAccount(contracts);
  const byId = new Map(contracts.map((contract) => [contract.id, contract]));
  return {
    version,
    settings: compileSettings(catalog.settings),
    meters: new Map(meters.map((meter) => [meter.key, meter])),
    metersOfType: (eventType) => byType.get(eventType),
    planTexts: new Map(catalog.plans.map((plan) => [planId(plan), canonicalPlanText(plan)])),
    contracts: () => byId.values(),
    contractAt: (account, timeMs) => {
      const candidates = byAccount.get(account);
      if (candidates === undefined) return undefined;
      for (const contract of candidates)
        if (timeMs >= contract.startMs && timeMs < contract.endMs) return contract;
      return undefined;
    },
    contract: (id) => byId.get(id),
  };
}

function compileSettings(settings: Settings): CompiledSettings {
  return {
    regions: [...settings.regions].sort(),
    disorderMs: durationMs(settings.disorder),
    graceMs: durationMs(settings.grace),
    cellMs: settings.cell_minutes * MINUTE_MS,
    maxAgeMs: durationMs(settings.max_age),
    maxAheadMs: durationMs(settings.max_ahead),
    dedupeHorizonMs: durationMs(settings.dedupe_horizon),
  };
}

function compileMeter(meter: Meter): CompiledMeter {
  return {
    key: meter.key,
    eventType: meter.event_type,
    aggregation: meter.aggregation,
    scale: meter.scale,
    valueProperty: meter.value_property,
    groupBy: Object.entries(meter.group_by)
      .map(([name, property]) => ({ name, property }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    filters: meter.filters.map((filter) => ({
      property: filter.property,
      anyOf: new Set(filter.any_of),
    })),
  };
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

function compileContracts(catalog: Catalog): Contracted[] {
  const plans = new Map(catalog.plans.map((plan) => [planId(plan), compilePlan(plan)]));
  const scales = new Map(catalog.meters.map((meter) => [meter.key, meter.scale]));
  const calendars = new Map<string, BillingCalendar>();
  return catalog.contracts.map((contract) => {
    const plan = plans.get(planId(contract.plan));
    if (plan === undefined) throw new RangeError(`unknown plan ${planId(contract.plan)}`);
    const calendarKey = calendarOf(contract);
    let calendar = calendars.get(calendarKey);
    if (calendar === undefined) {
      calendar = new BillingCalendar(contract.time_zone, contract.billing_anchor_day);
      calendars.set(calendarKey, calendar);
    }
    return new Contracted(contract, plan, calendar, (meter) => scales.get(meter) ?? 0);
  });
}

function calendarOf(contract: Contract): string {
  return `${contract.billing_anchor_day} ${contract.time_zone}`;
}

class Contracted implements CompiledContract {
  readonly id: string;
  readonly account: string;
  readonly customer: string;
  readonly calendar: string;
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
  /** Usage comes in near one time: the period asked for last is mostly the one asked for next. */
  #lastPeriod: BillingPeriod | undefined;

  constructor(
    contract: Contract,
    plan: CompiledPlan,
    calendar: BillingCalendar,
    meterScale: (meter: string) => number,
  ) {
    this.id = contract.id;
    this.account = contract.account;
    this.customer = contract.customer;
    this.calendar = calendarOf(contract);
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

  priceOf(meter: string): CompiledPrice | undefined {
    return this.#prices.get(meter);
  }
}

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

/** Contracts of each account; mostly there is one. */
function groupByAccount(contracts: readonly Contracted[]): ReadonlyMap<string, readonly Contracted[]> {
  const byAccount = new Map<string, Contracted[]>();
  for (const contract of contracts) {
    const list = byAccount.get(contract.account);
    if (list === undefined) byAccount.set(contract.account, [contract]);
    else list.push(contract);
  }
  return byAccount;
}
