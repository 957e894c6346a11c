import { BillingCalendar, clipPeriod } from "../periods.ts";
import { currencyExponent } from "../rating/currencies.ts";
import type {
  BillingPeriod,
  CompiledCatalog,
  CompiledContract,
  CompiledMeter,
  CompiledPrice,
  CompiledSettings,
} from "./compiled.ts";
import { RatedPrice } from "./rated-price.ts";
import { canonicalPlanText } from "./canonical.ts";
import { contractBounds, planId } from "./checks.ts";
import type { Catalog, Contract, Meter, Plan, Settings } from "./entities.ts";
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
  readonly flatPrices: readonly CompiledPrice[];
}

function compilePlan(plan: Plan): CompiledPlan {
  const exponent = currencyExponent(plan.currency);
  if (exponent === undefined) throw new RangeError(`unknown currency ${plan.currency}`);
  const prices = plan.prices.map((price) => new RatedPrice(plan, price));
  return {
    currency: plan.currency,
    currencyExponent: exponent,
    prices: new Map(
      prices.flatMap((price): [string, CompiledPrice][] =>
        price.meter === undefined ? [] : [[price.meter, price]],
      ),
    ),
    flatPrices: prices.filter((price) => price.meter === undefined).sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function compileContracts(catalog: Catalog): Contracted[] {
  const plans = new Map(catalog.plans.map((plan) => [planId(plan), compilePlan(plan)]));
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
    return new Contracted(contract, plan, calendar);
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
  readonly flatPrices: readonly CompiledPrice[];
  readonly #prices: ReadonlyMap<string, CompiledPrice>;
  readonly #calendar: BillingCalendar;
  /** Usage comes in near one time: the period asked for last is mostly the one asked for next. */
  #lastPeriod: BillingPeriod | undefined;

  constructor(contract: Contract, plan: CompiledPlan, calendar: BillingCalendar) {
    this.id = contract.id;
    this.account = contract.account;
    this.customer = contract.customer;
    this.calendar = calendarOf(contract);
    this.currency = plan.currency;
    this.currencyExponent = plan.currencyExponent;
    const { startMs, endMs } = contractBounds(contract);
    this.startMs = startMs;
    this.endMs = endMs;
    this.flatPrices = plan.flatPrices;
    this.#prices = plan.prices;
    this.#calendar = calendar;
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
