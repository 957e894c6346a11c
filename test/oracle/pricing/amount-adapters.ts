import { Exact } from "../../../src/billing/rating/exact.ts";
import { compilePrice, priceSchema } from "../../../src/billing/rating/price-models.ts";
import type { PricingAdapter } from "./adapter.ts";
import { currencyExponent } from "../../../src/billing/rating/currencies.ts";
import { formatMinorUnits, toMinorUnits } from "../../../src/billing/rating/money.ts";
import { currencyOf, moneyRoundingOf, planOf, priceOf } from "./priced-plan.ts";
import { quantityAdapter } from "./quantity-adapters.ts";
import {
  type Fields,
  fieldsOf,
  knowOnly,
  listOf,
  MINOR_SHIFT,
  optionalText,
  quantityOf,
  shifted,
  textOf,
} from "./values.ts";

const ONE = new Exact(1);

/** A field where the case has one that means something; "0" stands for none in some sources. */
function optional(name: string, value: unknown, isNoneAtZero = false): Fields {
  const text = optionalText(value);
  return text === undefined || (isNoneAtZero && /^0(\.0+)?$/.test(text)) ? {} : { [name]: text };
}

function sumOf(amounts: readonly Exact[]): Exact {
  return amounts.reduce((sum, amount) => sum.plus(amount), new Exact(0));
}

/** Amounts of single events: given, or from running totals; what those don't tell apart is one last amount. */
function eventAmounts(input: Fields): Exact[] {
  if (input["per_event"] !== undefined)
    return listOf(input["per_event"]).map((amount) => new Exact(textOf(amount)));
  const quantity = new Exact(textOf(input["quantity"]));
  const count = BigInt(textOf(input["events"] ?? "1"));
  const totals = listOf(input["running_total"])
    .map((total) => new Exact(textOf(total)))
    .filter((total) => total.lte(quantity));
  const amounts = totals.map((total, index) => total.minus(totals[index - 1] ?? 0)).slice(0, Number(count));
  const known = sumOf(amounts);
  if (BigInt(amounts.length) < count) amounts.push(quantity.minus(known));
  while (BigInt(amounts.length) < count) amounts.push(new Exact(0));
  return amounts;
}

/** Charges of all events together, and what each of them adds. */
function percentageAnswer(fields: Fields, amounts: readonly Exact[]): Record<string, unknown> {
  const line = compilePrice(priceSchema.parse({ key: "k", product: "p", meter: "m", ...fields }));
  const total = sumOf(amounts);
  if (line.model.needsEachEvent !== true) {
    const quantity = quantityOf(total.toString());
    const figures = { events: amounts.length, periodEnded: true };
    return { amount: priceOf(fields).price.charge(quantity.units, quantity.scale, figures) };
  }
  // The catalog refuses prices that go by the order of events (docs/pricing.md says why): the model itself answers.
  const charge = (events: readonly Exact[]): Exact =>
    line.charge(sumOf(events), ONE, {
      events: BigInt(events.length),
      periodEnded: true,
      eventQuantities: events,
    }).total;
  return {
    amount: charge(amounts).toString(),
    per_event_amounts: amounts.map((_amount, index) =>
      charge(amounts.slice(0, index + 1))
        .minus(charge(amounts.slice(0, index)))
        .toString(),
    ),
  };
}

const percentageAdapter: PricingAdapter = {
  models: ["percentage"],
  answer(pricingCase) {
    knowOnly(
      pricingCase,
      [
        "rate_percent",
        "fixed_per_paid_event",
        "free_events",
        "free_amount",
        "min_per_event",
        "max_per_event",
        "min_spend",
        "max_spend",
        "currency",
        "round_to",
        "scale",
        "mode",
      ],
      ["quantity", "events", "running_total", "per_event"],
    );
    const { config, input } = pricingCase;
    const answer = percentageAnswer(
      {
        model: "percentage",
        rate_percent: textOf(config["rate_percent"]),
        ...optional("minimum_amount", config["min_spend"]),
        ...optional("maximum_amount", config["max_spend"]),
        ...optional("fixed_fee", config["fixed_per_paid_event"]),
        ...optional("free_events", config["free_events"], true),
        ...optional("free_amount", config["free_amount"], true),
        ...optional("min_per_event", config["min_per_event"], true),
        ...optional("max_per_event", config["max_per_event"], true),
      },
      eventAmounts(input),
    );
    if (currencyOf(config) === undefined) return answer;
    const { currency } = planOf(config);
    const exponent = currencyExponent(currency ?? "") ?? 0;
    const minorUnits = toMinorUnits(
      new Exact(textOf(answer["amount"])),
      ONE,
      exponent,
      moneyRoundingOf(config).rounding,
    );
    return { ...answer, amount: formatMinorUnits(minorUnits, exponent) };
  },
};

/** One amount as one event. */
const simpleAdapter: PricingAdapter = {
  models: ["percentage_simple"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["rate_percent", "fixed", "free_amount", "min", "max", "unit"], ["base"]);
    const { config, input } = pricingCase;
    const shift = config["unit"] === "minor" ? -MINOR_SHIFT : 0;
    const money = (name: string, value: unknown): Fields =>
      value === undefined || value === null ? {} : { [name]: shifted(textOf(value), shift) };
    const { amount } = percentageAnswer(
      {
        model: "percentage",
        rate_percent: textOf(config["rate_percent"]),
        ...money("fixed_fee", config["fixed"]),
        ...money("free_amount", config["free_amount"]),
        ...money("minimum_amount", config["min"]),
        ...money("maximum_amount", config["max"]),
      },
      [new Exact(shifted(textOf(input["base"]), shift))],
    );
    return { amount: shifted(textOf(amount), -shift) };
  },
};

/** Events that bring their own amounts in cents: the meter adds them up. */
const precomputedAdapter: PricingAdapter = {
  models: ["dynamic_precomputed"],
  answer(pricingCase) {
    knowOnly(pricingCase, [], ["quantity", "precise_total_cents"]);
    const { price } = priceOf({ model: "dynamic", multiplier: "0.01" });
    const cents = quantityOf(pricingCase.input["precise_total_cents"]);
    const amount = price.charge(cents.units, cents.scale);
    const quantity = new Exact(textOf(pricingCase.input["quantity"]));
    return { amount, unit_price: quantity.isZero() ? "0" : new Exact(amount).div(quantity).toString() };
  },
};

const capacityAdapter: PricingAdapter = {
  models: ["capacity_tier"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["tiers"], ["peaks"]);
    const tiers = listOf(pricingCase.config["tiers"]).map((tier) => {
      const { price, limits } = fieldsOf(tier);
      return { amount: textOf(price), limits };
    });
    const { price } = priceOf(
      { model: "capacity", dimension: "unit", tiers },
      {
        meters: [
          {
            key: "units",
            event_type: "usage",
            aggregation: "max",
            value_property: "value",
            group_by: { unit: "unit" },
          },
        ],
      },
    );
    const peaks = Object.entries(fieldsOf(pricingCase.input["peaks"]));
    const parts = new Map(
      peaks.map(([unit, peak]): [string, bigint] => [price.partOf({ unit }) ?? "", BigInt(textOf(peak))]),
    );
    const total = [...parts.values()].reduce((sum, peak) => sum + peak, 0n);
    return { amount: price.charge(total, 0, { events: peaks.length, periodEnded: true, parts }) };
  },
};

/** Several units of one usage, each with tiers of its own: prices of several meters in one plan. */
const multiUnitAdapter: PricingAdapter = {
  models: ["tiered_blocks_multi_unit"],
  async answer(pricingCase) {
    knowOnly(pricingCase, ["units", "policy"], ["quantities"]);
    const { config, input } = pricingCase;
    const quantities = fieldsOf(input["quantities"]);
    let sum = new Exact(0);
    for (const [unit, tiers] of Object.entries(fieldsOf(config["units"]))) {
      const { amount } = await quantityAdapter.answer({
        ...pricingCase,
        model: "tiered_blocks",
        config: { tiers, policy: config["policy"] },
        input: { quantity: quantities[unit] ?? "0" },
      });
      sum = sum.plus(textOf(amount));
    }
    return { amount: sum.toString() };
  },
};

export const AMOUNT_ADAPTERS: readonly PricingAdapter[] = [
  percentageAdapter,
  simpleAdapter,
  precomputedAdapter,
  capacityAdapter,
  multiUnitAdapter,
];
