import { Duration } from "luxon";
import { scaledDecimal } from "../../../../src/billing/decimal-text.ts";
import { Exact } from "../../../../src/billing/rating/exact.ts";
import { formatMinorUnits, minorUnitsOfText } from "../../../../src/billing/rating/money.ts";
import type { RatedAggregate } from "../../../../src/model/outputs.ts";
import { BilledRun, type BilledResult } from "../../../support/billed-run.ts";
import type { PricingAdapter } from "../adapter.ts";
import { namedMembers } from "../commitments/named-members.ts";
import { configuredPrice, PRICE_CONFIG } from "../configured-price.ts";
import { ACCOUNT, catalogOf, METER, planOf } from "../priced-plan.ts";
import { timeOf, UsageRun } from "../usage-run.ts";
import {
  type Fields,
  fieldsOf,
  knowOnly,
  listOf,
  plus,
  type Quantity,
  quantityOf,
  textOf,
} from "../values.ts";
import { dateText } from "./calendar-period.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function decimalOf({ units, scale }: Quantity): string {
  return scaledDecimal(units, scale);
}

function highestOf(quantities: readonly Quantity[]): string {
  return Exact.max(0, ...quantities.map(decimalOf)).toString();
}

function sumOf(quantities: readonly Quantity[]): Quantity {
  return quantities.reduce(plus, quantityOf("0"));
}

/** Start of the month that the service periods of a case divide. */
const MONTH_MS = Date.UTC(2025, 0, 1);
const MONTH_END_MS = Date.UTC(2025, 1, 1);

/** Emissions of a run of a case, as its lines. */
interface RunLine {
  readonly service_period: number;
  readonly amount: string;
  readonly quantity?: string;
  readonly kind?: string;
  readonly corrects_run?: number;
}

/**
 * Service periods of a case are parts of one billing period: what is rated is their cumulative quantity. A run is what is
 * emitted once its service period is complete; the last one closes the billing period.
 */
const preservingAdapter: PricingAdapter = {
  models: ["late_event_period_preserving"],
  answer(pricingCase) {
    knowOnly(pricingCase, [...PRICE_CONFIG, "min_spend_on"], ["runs"]);
    const { config, input, expected } = pricingCase;
    const runs = listOf(input["runs"]).map((entry) => {
      const { period, cumulative_by_period: cumulative } = fieldsOf(entry);
      return { period: Number(textOf(period)), cumulative: listOf(cumulative).map(quantityOf) };
    });
    const all = runs.flatMap(({ cumulative }) => cumulative);
    const price = configuredPrice(textOf(config["base"]), config, highestOf(all));
    const engine = new UsageRun(
      catalogOf({
        prices: [price],
        plan: planOf(config),
        contract: { start: dateText(MONTH_MS) },
      }),
    );
    const last = Math.max(...runs.map(({ period }) => period));
    const spanMs = Math.floor((MONTH_END_MS - MONTH_MS) / last / HOUR_MS) * HOUR_MS;
    const startOf = (period: number): number => MONTH_MS + (period - 1) * spanMs;
    const values = new Map<string, string>();
    const lineOf = ({ kind, start, value, amount }: RatedAggregate, run: number): RunLine => {
      if (kind === "period") {
        const isMinimum = config["min_spend"] !== undefined;
        return {
          service_period: last,
          ...(isMinimum ? { kind: "min_spend_true_up" } : {}),
          amount: amount ?? "0",
        };
      }
      const period = Math.floor((Date.parse(start) - MONTH_MS) / spanMs) + 1;
      const quantity = new Exact(value).minus(values.get(start) ?? "0").toString();
      values.set(start, value);
      return {
        service_period: period,
        quantity,
        amount: amount ?? "0",
        ...(period < run ? { corrects_run: period } : {}),
      };
    };
    /** What each service period has had so far. */
    const had: Quantity[] = [];
    let emitted = 0;
    const answers = runs.map(({ period, cumulative }) => {
      for (const [index, upTo] of cumulative.entries()) {
        const before = index === 0 ? quantityOf("0") : (cumulative[index - 1] ?? quantityOf("0"));
        const own = plus(upTo, { ...before, units: -before.units });
        const known = had[index] ?? quantityOf("0");
        const change = plus(own, { ...known, units: -known.units });
        had[index] = own;
        if (change.units === 0n) continue;
        const timeMs = startOf(index + 1) + HOUR_MS / 2;
        engine.take({
          id: `${period}-${index}`,
          timeMs,
          arrivalMs: index + 1 === period ? timeMs : startOf(period) + HOUR_MS,
          numbers: { value: decimalOf(change) },
        });
      }
      engine.closeUpTo(period === last ? MONTH_END_MS + 60 * DAY_MS : startOf(period + 1));
      const fresh = engine.rated.slice(emitted);
      emitted = engine.rated.length;
      // A period that closes with nothing left to charge has no line.
      const lines = fresh
        .map((aggregate) => lineOf(aggregate, period))
        .filter(({ quantity, amount }) => quantity !== undefined || !new Exact(amount).isZero());
      const total = fresh.reduce((sum, { amount }) => sum.plus(amount ?? "0"), new Exact(0));
      return { period, total: total.toString(), lines };
    });
    return namedMembers(
      { expected },
      {
        run_totals: answers.map(({ total }) => total),
        ...Object.fromEntries(answers.map(({ period, lines }) => [`run${period}_lines`, lines])),
      },
    );
  },
};

/** How far back late usage is taken is the greatest age of events: older ones are rejected, never ignored in silence. */
const lookbackAdapter: PricingAdapter = {
  models: ["late_event_lookback"],
  async answer(pricingCase) {
    knowOnly(
      pricingCase,
      [...PRICE_CONFIG, "late_lookback_periods"],
      ["invoice_run", "late_events", "current_events"],
    );
    const { config, input } = pricingCase;
    const runMs = timeOf(textOf(input["invoice_run"]));
    const eventsOf = (value: unknown): { readonly at: string; readonly value: Quantity }[] =>
      listOf(value).map((entry) => {
        const [at, quantity] = listOf(entry);
        return { at: textOf(at), value: quantityOf(quantity) };
      });
    const late = eventsOf(input["late_events"]);
    const current = eventsOf(input["current_events"]);
    const highest = highestOf([sumOf([...late, ...current].map(({ value }) => value))]);
    const run = new Date(runMs);
    const periods = Number(textOf(config["late_lookback_periods"]));
    const firstMs = Date.UTC(run.getUTCFullYear(), run.getUTCMonth() - periods - 1, run.getUTCDate());
    const maxAgeDays = (runMs - firstMs) / DAY_MS;
    const startMs = Math.min(firstMs, ...late.map(({ at }) => timeOf(at)));
    const billed = new BilledRun(
      catalogOf({
        settings: { max_age: `${maxAgeDays}d`, dedupe_horizon: `${maxAgeDays + 2}d` },
        prices: [configuredPrice(textOf(config["base"]), config, highest)],
        plan: planOf(config),
        contract: {
          start: new Date(Math.floor(startMs / DAY_MS) * DAY_MS).toISOString(),
          billing_anchor_day: run.getUTCDate(),
        },
      }),
    );
    const use = (at: string, value: Quantity, arrivalMs: number): Promise<void> =>
      billed.use({ account: ACCOUNT, timeMs: timeOf(at), arrivalMs, data: `{"value":${decimalOf(value)}}` });
    for (const { at, value } of current) await use(at, value, timeOf(at));
    const rejectedBefore = (await billed.result()).report.counts.rejected;
    const ignored: string[] = [];
    let rejected = rejectedBefore;
    for (const { at, value } of late) {
      await use(at, value, runMs - 1);
      const { report } = await billed.result();
      if (report.counts.rejected > rejected) ignored.push(at);
      rejected = report.counts.rejected;
    }
    await billed.until(runMs + 10 * DAY_MS);
    const { invoices } = await billed.result();
    billed.close();
    const items = new Map<string, { readonly period: readonly string[]; cents: bigint }>();
    for (const { lines } of invoices)
      for (const { periodStart, periodEnd, amount } of lines) {
        const period = [periodStart, periodEnd].map((time) => dateText(Date.parse(time)));
        const known = items.get(periodStart);
        if (known === undefined) items.set(periodStart, { period, cents: minorUnitsOfText(amount) });
        else known.cents += minorUnitsOfText(amount);
      }
    return {
      items: [...items]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .filter(([, { cents }]) => cents !== 0n)
        .map(([, { period, cents }]) => ({ period, amount: formatMinorUnits(cents, 2) })),
      ignored,
    };
  },
};

function totalOf({ invoices }: BilledResult): string {
  return invoices.reduce((sum, { total }) => sum.plus(total), new Exact(0)).toString();
}

/** Each line has a meter of its own, which takes the events of the line's period; collecting is our grace. */
const collectionAdapter: PricingAdapter = {
  models: ["draft_invoice_collection_window"],
  async answer(pricingCase) {
    knowOnly(pricingCase, ["lines", "collection_interval"], ["events", "draft_at", "collect_at"]);
    const { config, input } = pricingCase;
    const events = listOf(input["events"]).map((entry) => {
      const { value, event_time: time, arrived } = fieldsOf(entry);
      return {
        value: quantityOf(value),
        timeMs: timeOf(textOf(time)),
        isEarly: textOf(arrived) === "before draft",
      };
    });
    const highest = highestOf([sumOf(events.map(({ value }) => value))]);
    const lines = listOf(config["lines"]).map((entry, index) => {
      const { period, base, ...price } = fieldsOf(entry);
      const [startMs = 0, endMs = 0] = listOf(period).map((time) => timeOf(textOf(time)));
      return {
        key: `${METER}-${index}`,
        startMs,
        endMs,
        price: configuredPrice(textOf(base), price, highest),
      };
    });
    const endMs = Math.max(...lines.map((line) => line.endMs));
    const startMs = Math.min(...lines.map((line) => line.startMs));
    const graceMs = Duration.fromISO(textOf(config["collection_interval"])).toMillis();
    const run = new BilledRun(
      catalogOf({
        settings: { grace: `${graceMs / 1000}s` },
        meters: lines.map(({ key }) => ({
          key,
          event_type: "usage",
          aggregation: "sum",
          value_property: "value",
          scale: 12,
          filters: [{ property: key, any_of: ["yes"] }],
        })),
        prices: lines.map(({ key, price }) => ({ ...price, meter: key })),
        contract: { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() },
      }),
    );
    const draftMs = timeOf(textOf(input["draft_at"]));
    const use = async (isEarly: boolean): Promise<void> => {
      for (const event of events) {
        if (event.isEarly !== isEarly) continue;
        const { timeMs } = event;
        const counted: Fields = Object.fromEntries(
          lines.map((line) => [line.key, timeMs >= line.startMs && timeMs < line.endMs ? "yes" : "no"]),
        );
        const marks = JSON.stringify(counted).slice(1, -1);
        const data = `{"value":${decimalOf(event.value)},${marks}}`;
        await run.use({ account: ACCOUNT, timeMs, arrivalMs: isEarly ? timeMs : draftMs, data });
      }
    };
    await use(true);
    await run.until(draftMs);
    const draft = await run.result();
    await use(false);
    await run.until(timeOf(textOf(input["collect_at"])));
    const collected = await run.result();
    run.close();
    const statusOf = ({ invoices }: BilledResult): string =>
      invoices.every(({ status }) => status === "draft") ? "waiting_for_collection" : "issued";
    return {
      draft_total: totalOf(draft),
      draft_status: statusOf(draft),
      snapshot_total: totalOf(collected),
      snapshot_status: statusOf(collected),
    };
  },
};

export const LATE_USAGE_ADAPTERS: readonly PricingAdapter[] = [
  preservingAdapter,
  lookbackAdapter,
  collectionAdapter,
];
