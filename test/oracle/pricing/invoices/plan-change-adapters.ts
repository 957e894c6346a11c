import { Exact } from "../../../../src/billing/rating/exact.ts";
import { formatMinorUnits, minorUnitsOfText } from "../../../../src/billing/rating/money.ts";
import type { InvoiceRow } from "../../../../src/pipeline/billing-report.ts";
import { BilledRun } from "../../../support/billed-run.ts";
import type { PricingAdapter } from "../adapter.ts";
import { ACCOUNT, type CatalogParts, catalogOf, planOf } from "../priced-plan.ts";
import {
  type Fields,
  fieldsOf,
  knowOnly,
  listOf,
  MINOR_SHIFT,
  optionalText,
  shifted,
  textOf,
  UnknownCase,
} from "../values.ts";
import { timeOf } from "../usage-run.ts";
import { type CalendarPeriod, dateText, dayOf, periodOfFraction } from "./calendar-period.ts";

const DAY_MS = 86_400_000;
/** Behind the grace of the catalogs, and any document of a period. */
const SETTLED_MS = 10 * DAY_MS;

/** A fee that another one takes the place of, within a billing period that is paid in advance. */
interface Change {
  readonly period: CalendarPeriod;
  /** Days of the period from the change on. */
  readonly remaining: number;
  /** Fees of a period in currency units; undefined: there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly prorate: "days" | "none";
  readonly parts: Pick<CatalogParts, "plan" | "taxPercent">;
}

function fee(amount: string, prorate: string): Fields {
  return { key: "fee", model: "flat", amount, billed: "in_advance", prorate };
}

/**
 * The plan is changed as it is in a catalog: the contract gets an end and another one begins. The first has run for a
 * period already when the period in question is paid.
 */
async function documentsOf(change: Change): Promise<readonly InvoiceRow[]> {
  const { period, remaining, before, after, prorate, parts } = change;
  const first = { ...period.contract, start: dateText(period.startBeforeMs) };
  const changed = dayOf(period, period.days - remaining);
  const old = { ...parts, prices: [fee(before ?? "0", prorate)], contract: first };
  const run = new BilledRun(catalogOf(old));
  await run.until(period.startMs + SETTLED_MS);
  const next = {
    id: "next",
    account: ACCOUNT,
    start: changed,
    plan: { key: "next", version: 1 },
    end: undefined,
  };
  await run.take(
    catalogOf({
      ...old,
      contract: { ...first, end: changed },
      otherContracts: after === undefined ? [] : [next],
      otherPlans: [{ key: "next", version: 1, prices: [fee(after ?? "0", prorate)] }],
    }),
  );
  await run.until(period.endMs + 2 * (period.endMs - period.startMs) + SETTLED_MS);
  const { invoices } = await run.result();
  run.close();
  return invoices;
}

/** Minor units of the lines of the period that are wanted. */
function sumOf(
  documents: readonly InvoiceRow[],
  period: CalendarPeriod,
  isWanted: (line: InvoiceRow["lines"][number], document: InvoiceRow) => boolean,
): bigint {
  let sum = 0n;
  for (const document of documents)
    for (const line of document.lines) {
      const startMs = Date.parse(line.periodStart);
      if (startMs >= period.startMs && startMs < period.endMs && isWanted(line, document))
        sum += minorUnitsOfText(line.amount);
    }
  return sum;
}

/** What comes back of the old fee (negative or 0), and what the new one costs in the period. */
async function changeOf(change: Change): Promise<{ readonly credit: bigint; readonly charge: bigint }> {
  const documents = await documentsOf(change);
  const { period } = change;
  return {
    credit: sumOf(documents, period, (line, { contract }) => contract !== "next" && line.adjusts !== null),
    charge: sumOf(documents, period, (_line, { contract }) => contract === "next"),
  };
}

function fractionOf(text: string): { readonly period: CalendarPeriod; readonly days: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match === null) throw new UnknownCase(`${text} is not a part of a period`);
  return periodOfFraction(Number(match[1]), Number(match[2]));
}

/** [quantity, price] as the fee of a period; null: there is none. */
function feeOf(item: unknown): string | undefined {
  if (item === null || item === undefined) return undefined;
  const [quantity = "", price = ""] = listOf(item).map(textOf);
  return new Exact(quantity).times(price).toString();
}

/** Days from the change on, of those of the period (or of the component's own), as the case counts them. */
function ratioOf(config: Fields, input: Fields): string {
  const [start = "", end = ""] = listOf(config["period"]).map(textOf);
  const isInclusive = optionalText(config["day_count"])?.startsWith("inclusive") === true;
  const endMs = timeOf(end) + (isInclusive ? DAY_MS : 0);
  const whole = optionalText(config["component_period_days"]) ?? `${(endMs - timeOf(start)) / DAY_MS}`;
  return `${(endMs - timeOf(textOf(input["change_date"]))) / DAY_MS}/${whole}`;
}

const DIGITS = 2;

/** Whether a day is counted at both ends is in the ratio: 17 of 31 days are those of [15 March, 1 April). */
const daysAdapter: PricingAdapter = {
  models: ["proration_days"],
  async answer(pricingCase) {
    knowOnly(
      pricingCase,
      ["scale", "mode", "period", "day_count", "component_period_days", "one_time", "currency"],
      ["change_date", "old", "new", "remaining_ratio"],
    );
    const { config, input } = pricingCase;
    const { period, days } = fractionOf(optionalText(input["remaining_ratio"]) ?? ratioOf(config, input));
    const plan = planOf(config);
    const { credit, charge } = await changeOf({
      period,
      remaining: days,
      before: feeOf(input["old"]),
      after: feeOf(input["new"]),
      prorate: config["one_time"] === true ? "none" : "days",
      parts: { plan },
    });
    const digits = typeof config["scale"] === "number" ? config["scale"] : DIGITS;
    const money = (amount: bigint): string => formatMinorUnits(amount, digits);
    return { net: money(credit + charge), credit: money(credit), charge: money(charge) };
  },
};

const cycleAdapter: PricingAdapter = {
  models: ["proration_cycle_fraction"],
  async answer(pricingCase) {
    knowOnly(pricingCase, ["unit", "rounding"], ["old_price", "new_price", "remaining_fraction"]);
    const { config, input } = pricingCase;
    const { period, days } = fractionOf(textOf(input["remaining_fraction"]));
    const isMinor = config["unit"] === "minor";
    const amountOf = (value: unknown): string | undefined =>
      value === null || value === undefined ? undefined : shifted(textOf(value), isMinor ? -MINOR_SHIFT : 0);
    const { credit, charge } = await changeOf({
      period,
      remaining: days,
      before: amountOf(input["old_price"]),
      after: amountOf(input["new_price"]),
      prorate: "days",
      parts: { plan: planOf({ mode: config["rounding"] }) },
    });
    const money = (amount: bigint): string =>
      isMinor ? amount.toString() : formatMinorUnits(amount, DIGITS);
    return { credit: money(-credit), debit: money(charge), net: money(credit + charge) };
  },
};

const creditNoteAdapter: PricingAdapter = {
  models: ["credit_note_proration_tax"],
  async answer(pricingCase) {
    knowOnly(pricingCase, ["paid_cents", "tax_percent", "period_days"], ["unused_days"]);
    const { config, input } = pricingCase;
    const whole = textOf(config["period_days"]);
    const { period, days } = fractionOf(`${textOf(input["unused_days"])}/${whole}`);
    const documents = await documentsOf({
      period,
      remaining: days,
      before: shifted(textOf(config["paid_cents"]), -MINOR_SHIFT),
      after: undefined,
      prorate: "days",
      parts: { plan: planOf({}), taxPercent: textOf(config["tax_percent"]) },
    });
    const memos = documents.filter(({ kind }) => kind === "credit-memo");
    const cents = (member: "subtotal" | "tax" | "total"): string =>
      (-memos.reduce((sum, memo) => sum + minorUnitsOfText(memo[member]), 0n)).toString();
    return { net_cents: cents("subtotal"), tax_cents: cents("tax"), total_cents: cents("total") };
  },
};

/** A minimum of several filtered charges, for the days that the subscription was active. */
const minimumSpendAdapter: PricingAdapter = {
  models: ["charge_minimum_spend_prorated"],
  async answer(pricingCase) {
    knowOnly(
      pricingCase,
      ["filter_unit_price_cents", "min_cents", "tax_percent", "period_days"],
      ["units", "active_days"],
    );
    const { config, input } = pricingCase;
    const whole = textOf(config["period_days"]);
    const { period, days } = fractionOf(`${textOf(input["active_days"])}/${whole}`);
    const filters = Object.entries(fieldsOf(config["filter_unit_price_cents"]));
    const meter = (index: number): string => `filter-${index}`;
    const { tax_percent: taxPercent } = config;
    const run = new BilledRun(
      catalogOf({
        meters: filters.map(([name], index) => ({
          key: meter(index),
          event_type: "usage",
          aggregation: "sum",
          value_property: "value",
          scale: 12,
          filters: [{ property: "filter", any_of: [name] }],
        })),
        prices: filters.map(([, cents], index) => ({
          model: "per_unit",
          meter: meter(index),
          unit_price: shifted(textOf(cents), -MINOR_SHIFT),
        })),
        plan: {
          ...planOf({}),
          commitments: [{ key: "minimum", amount: shifted(textOf(config["min_cents"]), -MINOR_SHIFT) }],
        },
        contract: { ...period.contract, start: dayOf(period, 0), end: dayOf(period, days) },
        ...(taxPercent === undefined ? {} : { taxPercent: textOf(taxPercent) }),
      }),
    );
    for (const [filter, units] of Object.entries(fieldsOf(input["units"])))
      await run.use({
        account: ACCOUNT,
        timeMs: period.startMs,
        data: `{"filter":${JSON.stringify(filter)},"value":${textOf(units)}}`,
      });
    await run.until(period.endMs + SETTLED_MS);
    const { invoices } = await run.result();
    run.close();
    const lines = invoices.flatMap((invoice) => invoice.lines);
    const cents = (kinds: readonly string[]): bigint =>
      lines.reduce(
        (sum, { kind, amount }) => (kinds.includes(kind) ? sum + minorUnitsOfText(amount) : sum),
        0n,
      );
    const total = (member: "tax" | "total", documents = invoices): bigint =>
      documents.reduce((sum, document) => sum + minorUnitsOfText(document[member]), 0n);
    const memos = invoices.filter(({ kind }) => kind === "credit-memo");
    return {
      usage_cents: cents(["usage"]).toString(),
      true_up_cents: cents(["true-up"]).toString(),
      fees_cents: cents(["usage", "true-up"]).toString(),
      tax_cents: total("tax").toString(),
      credit_note_cents: (-total("total", memos)).toString(),
      total_cents: total("total").toString(),
    };
  },
};

export const PLAN_CHANGE_ADAPTERS: readonly PricingAdapter[] = [
  daysAdapter,
  cycleAdapter,
  creditNoteAdapter,
  minimumSpendAdapter,
];
