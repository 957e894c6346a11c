import { scaledDecimal } from "../../../../src/billing/decimal-text.ts";
import { Exact } from "../../../../src/billing/rating/exact.ts";
import { quantityDivisor } from "../../../../src/billing/rating/quantity.ts";
import type { CompiledCatalog } from "../../../../src/billing/catalog/compiled.ts";
import type { PricingAdapter } from "../adapter.ts";
import { configuredPrice, PRICE_CONFIG, roundingOf } from "../configured-price.ts";
import { catalogOf, contractOf, METER, planOf } from "../priced-plan.ts";
import { timeOf, UsageRun } from "../usage-run.ts";
import { type Fields, fieldsOf, knowOnly, listOf, plus, quantityOf, textOf, UnknownCase } from "../values.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEVEL_METER: Fields = {
  key: METER,
  event_type: "usage",
  aggregation: "time_weighted",
  value_property: "value",
  scale: 6,
};

interface LevelChange {
  readonly timeMs: number;
  readonly delta: string;
}

/** Events that say the level after each change. */
function takeChanges(run: UsageRun, changes: readonly LevelChange[]): void {
  let level = quantityOf("0");
  for (const [index, { timeMs, delta }] of changes.entries()) {
    level = plus(level, quantityOf(delta));
    run.take({ id: `${index}`, timeMs, numbers: { value: scaledDecimal(level.units, level.scale) } });
  }
}

/** The average level of a period: level-hours by the hours of the period. */
function averagePrice(fields: Fields, hours: number, rounding: Fields = {}): Fields {
  return { ...fields, unit_conversion: { divide_by: `${hours}`, ...rounding } };
}

function billedQuantity(run: UsageRun, catalog: CompiledCatalog, startMs: number): string {
  const period = run.pricePeriods().find(({ periodStartMs }) => periodStartMs === startMs);
  const meter = catalog.meters.get(METER);
  const price = contractOf(catalog).priceOf(METER);
  if (meter === undefined || price === undefined) throw new Error("the plan prices no meter");
  return price.billedQuantity(period?.quantity ?? 0n, quantityDivisor(meter));
}

/** "ceil 5 decimals" */
function roundingOfWords(words: unknown): Fields {
  if (words === undefined) return {};
  const match = /^(\w+) (\d+) decimals$/.exec(textOf(words));
  if (match === null) throw new UnknownCase(`rounding ${textOf(words)}`);
  return { round: roundingOf(match[1]), precision: match[2] };
}

/** What is added counts for the days that are left, that of the addition included: a level by its time. */
const sumAdapter: PricingAdapter = {
  models: ["prorated_sum_recurring"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["period", "days"], ["carried_in", "added"]);
    const { config, input, expected } = pricingCase;
    const [from = ""] = listOf(config["period"]).map(textOf);
    const startMs = timeOf(from);
    const days = Number(textOf(config["days"]));
    const catalog = catalogOf({
      meters: [LEVEL_METER],
      prices: [
        averagePrice(
          { model: "per_unit", unit_price: "1" },
          days * 24,
          roundingOfWords(expected["rounding"]),
        ),
      ],
      contract: { billing_anchor_day: new Date(startMs).getUTCDate() },
    });
    const run = new UsageRun(catalog);
    const carried = listOf(input["carried_in"]).map((delta, index) => ({
      timeMs: startMs - DAY_MS + index,
      delta: textOf(delta),
    }));
    const added = listOf(input["added"]).map((entry) => {
      const { at, value } = fieldsOf(entry);
      return { timeMs: timeOf(textOf(at)), delta: textOf(value) };
    });
    takeChanges(run, [...carried, ...added.sort((a, b) => a.timeMs - b.timeMs)]);
    run.closeUpTo(startMs + (days + 30) * DAY_MS);
    return {
      value: billedQuantity(run, catalog, startMs),
      rounding: expected["rounding"],
      count: run.pricePeriods().reduce((sum, { events }) => sum + events, 0),
    };
  },
};

/** A month of 30 days. */
const MONTH_MS = Date.UTC(2025, 3, 1);
const MONTH_DAYS = 30;

/** Each change counts for the part of the period that is left behind it; the source bills nothing below zero. */
const signedAdapter: PricingAdapter = {
  models: ["prorated_graduated_signed_events"],
  answer(pricingCase) {
    knowOnly(pricingCase, PRICE_CONFIG, ["events", "prorated_events", "final_units"]);
    const { config, input } = pricingCase;
    const prorated = listOf(input["prorated_events"]).map(textOf);
    const lengthMs = MONTH_DAYS * DAY_MS;
    const changes = listOf(input["events"]).map((event, index) => {
      const delta = textOf(event);
      const share = new Exact(prorated[index] ?? delta).times(lengthMs).div(delta).round();
      return { timeMs: MONTH_MS + lengthMs - Number(share.toString()), delta };
    });
    const total = changes.map(({ delta }) => quantityOf(delta)).reduce(plus, quantityOf("0"));
    const configured = configuredPrice("graduated", config, scaledDecimal(total.units, total.scale));
    const catalog = catalogOf({
      meters: [LEVEL_METER],
      prices: [averagePrice({ ...configured, minimum_amount: "0" }, MONTH_DAYS * 24)],
      plan: planOf(config),
    });
    const run = new UsageRun(catalog);
    takeChanges(
      run,
      changes.sort((a, b) => a.timeMs - b.timeMs),
    );
    run.closeUpTo(MONTH_MS + 60 * DAY_MS);
    const closed = run.rated.findLast(
      ({ kind, start }) => kind === "period" && Date.parse(start) === MONTH_MS,
    );
    return { amount: closed?.amountToDate ?? "0", rounded_to: "0.01" };
  },
};

export const LEVEL_ADAPTERS: readonly PricingAdapter[] = [sumAdapter, signedAdapter];
