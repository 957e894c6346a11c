import { scaledDecimal } from "../../../src/billing/decimal-text.ts";
import { quantityDivisor } from "../../../src/billing/rating/quantity.ts";
import type { PricingAdapter } from "./adapter.ts";
import { configuredPrice, PRICE_CONFIG } from "./configured-price.ts";
import { catalogOf, contractOf, METER } from "./priced-plan.ts";
import { timeOf, UsageRun } from "./usage-run.ts";
import { type Fields, fieldsOf, knowOnly, listOf, optionalText, plus, quantityOf, textOf } from "./values.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A currency with four digits: what a case states in fractions of a cent is not lost. */
const FINE_CURRENCY = "CLF";

function meterOf(aggregation: string): Fields {
  return { key: METER, event_type: "usage", aggregation, value_property: "value", scale: 6 };
}

/** The charge of the only period, as emitted when it closed. */
function amountOf(run: UsageRun): string {
  return run.rated.findLast(({ kind }) => kind === "period")?.amountToDate ?? "0";
}

/** Buckets are windows of an hour: the meter keeps the most of each, the price looks at each by itself. */
const bucketAdapter: PricingAdapter = {
  models: ["bucketed_max"],
  answer(pricingCase) {
    knowOnly(pricingCase, [...PRICE_CONFIG, "per"], ["bucket_values", "bucket_events"]);
    const { config, input } = pricingCase;
    const price = configuredPrice(textOf(config["base"]), config, "0");
    const tiers = price["tiers"] === undefined ? {} : { tiers: listOf(config["tiers"]).map(tierFields) };
    const run = new UsageRun(
      catalogOf({
        meters: [meterOf("max")],
        prices: [{ ...price, ...tiers, rate_per: "window" }],
        plan: { currency: FINE_CURRENCY },
      }),
    );
    const buckets =
      input["bucket_events"] === undefined
        ? listOf(input["bucket_values"]).map((value) => [value])
        : listOf(input["bucket_events"]).map(listOf);
    const startMs = Date.parse("2025-01-01T00:00:00Z");
    for (const [hour, values] of buckets.entries()) {
      for (const [index, value] of values.entries()) {
        const timeMs = startMs + hour * HOUR_MS + index * 1_000;
        run.take({ id: `${hour}-${index}`, timeMs, numbers: { value: textOf(value) } });
      }
    }
    run.closeUpTo(startMs + 60 * DAY_MS);
    return { amount: amountOf(run) };
  },
};

/** Bounded tiers stay bounded: the quantity of a bucket is not known here. */
function tierFields(tier: unknown): Fields {
  const { up_to: upTo, ...rest } = fieldsOf(tier);
  return upTo === null || upTo === undefined ? rest : { up_to: upTo, ...rest };
}

const cutoffAdapter: PricingAdapter = {
  models: ["cancellation_cutoff"],
  answer(pricingCase) {
    knowOnly(pricingCase, [...PRICE_CONFIG, "late_lookback_periods"], ["cancel", "period", "events"]);
    const { config, input } = pricingCase;
    const events = listOf(input["events"]).map((entry) => listOf(entry).map(textOf));
    const highest = events.map(([, value]) => quantityOf(value)).reduce(plus, quantityOf("0"));
    const [start = ""] = listOf(input["period"]).map(textOf);
    const end = textOf(input["cancel"]).split(" ")[0] ?? "";
    const price = configuredPrice(textOf(config["base"]), config, highest.units.toString());
    const run = new UsageRun(
      catalogOf({
        meters: [meterOf("sum")],
        prices: [price],
        plan: { currency: FINE_CURRENCY },
        contract: { start, end },
      }),
    );
    for (const [index, [at = "", value = ""]] of events.entries())
      run.take({ id: `${index}`, timeMs: timeOf(at), numbers: { value } });
    run.closeUpTo(timeOf(end) + 60 * DAY_MS);
    return { amount: amountOf(run) };
  },
};

/** The average level of a period: level-hours, divided by the hours of the period by the price's unit conversion. */
const weightedAdapter: PricingAdapter = {
  models: ["weighted_sum"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["period", "period_seconds", "round_to", "initial_value"], ["events", "group"]);
    const { config, input } = pricingCase;
    const [from = "", to = ""] = listOf(config["period"]).map(textOf);
    const startMs = timeOf(from);
    // Periods of the cases end with their last millisecond, or second.
    const seconds = textOf(config["period_seconds"] ?? Math.ceil((timeOf(to) - startMs) / HOUR_MS) * 3_600);
    const precision = (textOf(config["round_to"] ?? "0.00001").split(".")[1] ?? "").length;
    const catalog = catalogOf({
      contract: { billing_anchor_day: new Date(startMs).getUTCDate() },
      meters: [meterOf("time_weighted")],
      prices: [
        {
          model: "per_unit",
          unit_price: "1",
          unit_conversion: {
            divide_by: `${BigInt(seconds) / 3_600n}`,
            round: "half_up",
            precision: `${precision}`,
          },
        },
      ],
    });
    const run = new UsageRun(catalog);
    let level = quantityOf(optionalText(config["initial_value"]) ?? "0");
    const setLevel = (id: string, timeMs: number): void => {
      run.take({ id, timeMs, numbers: { value: scaledDecimal(level.units, level.scale) } });
    };
    if (level.units !== 0n) setLevel("carried", startMs - DAY_MS);
    const events = listOf(input["events"]).map(fieldsOf);
    for (const [index, { at, delta }] of events.entries()) {
      level = plus(level, quantityOf(delta));
      setLevel(`${index}`, timeOf(textOf(at)));
    }
    run.closeUpTo(startMs + 60 * DAY_MS);
    const period = run.pricePeriods().find(({ periodStartMs }) => periodStartMs === startMs);
    const meter = catalog.meters.get(METER);
    const price = contractOf(catalog).priceOf(METER);
    if (meter === undefined || price === undefined) throw new Error("the plan prices no meter");
    return {
      value: price.billedQuantity(period?.quantity ?? 0n, quantityDivisor(meter)),
      count: period?.events ?? 0,
    };
  },
};

export const PERIOD_ADAPTERS: readonly PricingAdapter[] = [bucketAdapter, cutoffAdapter, weightedAdapter];
