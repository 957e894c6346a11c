import type { CompiledPrice, PricedBreakdown } from "../../../src/billing/catalog/compiled.ts";
import { scaledDecimal } from "../../../src/billing/decimal-text.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { formatMinorUnits } from "../../../src/billing/rating/money.ts";
import type { PricingAdapter, PricingCase } from "./adapter.ts";
import { configuredPrice, PRICE_CONFIG } from "./configured-price.ts";
import { currencyOf, priceOf, RefusedByCatalog } from "./priced-plan.ts";
import {
  knowOnly,
  MINOR_SHIFT,
  optionalText,
  plus,
  type Quantity,
  quantityOf,
  shifted,
  textOf,
} from "./values.ts";

/** Models of the cases that price one quantity, by the name of the model in the catalog. */
const MODELS: Readonly<Record<string, string>> = {
  per_unit: "per_unit",
  per_unit_minor: "per_unit",
  per_unit_rounded: "per_unit",
  currency_exponent: "per_unit",
  fractional_quantity_exact: "per_unit",
  quantity_rounding: "per_unit",
  free_units_across_split: "per_unit",
  unit_conversion_per_unit: "per_unit",
  unit_conversion_graduated: "graduated",
  graduated: "graduated",
  graduated_bounded: "graduated",
  graduated_tier_cap: "graduated",
  graduated_percentage: "graduated_percentage",
  volume: "volume",
  package: "package",
  tiered_blocks: "tiered_blocks",
  dynamic_multiplier: "dynamic",
  flat_recurring: "flat",
};

const ENDED_LINES = [undefined, "single", "last_in_period_split"];

/** A case as the price sees it: the quantity before the line in question, and with it. */
interface Line {
  readonly price: CompiledPrice;
  readonly exponent: number;
  readonly before: Quantity;
  readonly now: Quantity;
  readonly periodEnded: boolean;
  readonly alreadyBilled: bigint | undefined;
  readonly isFirst: boolean;
  readonly isMinor: boolean;
}

function lineOf(pricingCase: PricingCase): Line {
  const { config, input } = pricingCase;
  knowOnly(pricingCase, PRICE_CONFIG, ["quantity", "line", "prior_quantity", "prior_billed"]);
  const model = MODELS[pricingCase.model] ?? "";
  const isMinor = config["unit"] === "minor" || config["unit_price_minor"] !== undefined;
  // Quantities of percentages are amounts.
  const quantityShift = isMinor && model === "graduated_percentage" ? -MINOR_SHIFT : 0;
  const read = (value: unknown): Quantity =>
    quantityOf(quantityShift === 0 ? (value ?? "0") : shifted(textOf(value), quantityShift));
  const before = read(input["prior_quantity"] ?? "0");
  const added = read(input["quantity"] ?? "0");
  const now = added.scale < 0 ? added : plus(before, added);
  const highest = now.scale < 0 ? "0" : scaledDecimal(now.units, now.scale);
  const currency = currencyOf(config) ?? "USD";
  const configured = configuredPrice(
    model,
    config,
    quantityShift === 0 ? highest : shifted(highest, MINOR_SHIFT),
  );
  const { price, contract } = priceOf(configured, { plan: { currency } });
  const line = optionalText(input["line"]);
  const priorBilled = optionalText(input["prior_billed"]);
  return {
    price,
    exponent: contract.currencyExponent,
    before,
    now,
    periodEnded: ENDED_LINES.includes(line),
    alreadyBilled:
      priorBilled === undefined ? undefined : BigInt(shifted(priorBilled, contract.currencyExponent)),
    isFirst: !followsAnother(line, model === "flat" || input["prior_quantity"] !== undefined),
    isMinor,
  };
}

/** Whether a line comes behind another of its period; the last one may be the only one. */
function followsAnother(line: string | undefined, hasPrior: boolean): boolean {
  return line?.startsWith("mid_period") === true || (line?.startsWith("last_in") === true && hasPrior);
}

const NOTHING: PricedBreakdown = { usage: 0n, discount: 0n, overMaximum: 0n, upToMinimum: 0n, amount: 0n };

/** Money of a line: what the cumulative quantity costs, less what was billed for the quantity before it. */
function roundedAnswer(line: Line): Record<string, unknown> {
  const { price, exponent, before, now, periodEnded, alreadyBilled, isFirst } = line;
  const figures = (ended: boolean) => ({ events: 0, periodEnded: ended });
  const whole = price.breakdown(now.units, now.divisor, exponent, figures(periodEnded));
  // A line in the middle of a period follows on one that has charged what was due at its start.
  const prior = isFirst ? NOTHING : price.breakdown(before.units, before.divisor, exponent, figures(false));
  const money = (minorUnits: bigint): string => formatMinorUnits(minorUnits, exponent);
  const amount = whole.amount - (alreadyBilled ?? prior.amount);
  return {
    amount: money(amount),
    amount_minor: amount.toString(),
    usage_amount: money(whole.usage - prior.usage),
    gross: money(whole.usage - prior.usage),
    min_spend_true_up: money(whole.upToMinimum - prior.upToMinimum),
    max_spend_discount: money(whole.overMaximum - prior.overMaximum),
    discount: money(whole.discount - prior.discount),
    // A line is written where something is charged.
    lines: amount === 0n ? 0 : 1,
  };
}

function difference(left: string, right: string): string {
  return new Exact(left).minus(right).toString();
}

/** Figures of a quantity with a finite decimal form. */
function decimalAnswer({ price, before, now, periodEnded, isMinor }: Line): Record<string, unknown> {
  const exact = price.charge(now.units, now.scale, { events: 0, periodEnded });
  const prior = price.tierCharges(before.units, before.divisor);
  const tiers = price
    .tierCharges(now.units, now.divisor)
    ?.map((charge, index) => difference(charge, before.units === 0n ? "0" : (prior?.[index] ?? "0")));
  const billed = price.billedQuantity(now.units, now.divisor);
  const billedBefore = price.billedQuantity(before.units, before.divisor);
  const given = scaledDecimal(now.units, now.scale);
  const givenBefore = scaledDecimal(before.units, before.scale);
  return {
    exactAmount: isMinor ? shifted(exact, MINOR_SHIFT) : exact,
    tier_amounts: tiers,
    packages: difference(billed, billedBefore),
    billed_quantity: billed,
    quantity: billed,
    billable_quantity: difference(billed, billedBefore),
    billable_prior_quantity: billedBefore,
    free_used_now: difference(difference(given, billed), difference(givenBefore, billedBefore)),
  };
}

function answer(pricingCase: PricingCase): Record<string, unknown> {
  try {
    const line = lineOf(pricingCase);
    const rounded = roundedAnswer(line);
    if (line.now.scale < 0) return rounded;
    const { exactAmount, ...decimals } = decimalAnswer(line);
    const { config, input, model } = pricingCase;
    const roundsToMinor = model === "per_unit_minor" || config["round_to"] === "1";
    const isRounded = roundsToMinor || currencyOf(config) !== undefined || input["line"] !== undefined;
    return {
      ...rounded,
      ...decimals,
      amount: isRounded ? minorAware(line, rounded, roundsToMinor) : exactAmount,
    };
  } catch (error) {
    if (error instanceof RefusedByCatalog) return { error: error.message };
    throw error;
  }
}

/** Rounded amounts of cases in minor units are given in those. */
function minorAware(line: Line, rounded: Record<string, unknown>, inMinorUnits: boolean): unknown {
  return line.isMinor && inMinorUnits ? rounded["amount_minor"] : rounded["amount"];
}

/** Prices of one quantity, split or not, through the catalog and the price that operators use. */
export const quantityAdapter: PricingAdapter = { models: Object.keys(MODELS), answer };

/** Amounts that are only rounded: one unit at that price. */
const roundingAdapter: PricingAdapter = {
  models: ["rounding", "line_rounding_then_sum"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["currency", "scale", "mode"], ["amount", "lines"]);
    const { config, input } = pricingCase;
    const plan = {
      currency: currencyOf(config) ?? "USD",
      ...(config["mode"] === "half_even" || config["mode"] === "bankers" ? { rounding: "half_even" } : {}),
    };
    const lines = Array.isArray(input["lines"]) ? input["lines"] : [input["amount"]];
    let sum = 0n;
    let exponent = 0;
    for (const amount of lines) {
      const text = textOf(amount);
      const isCredit = text.startsWith("-");
      const unit = { model: "per_unit", unit_price: isCredit ? text.slice(1) : text };
      const { price, contract } = priceOf(unit, { plan });
      exponent = contract.currencyExponent;
      sum += price.chargeInMinorUnits(isCredit ? -1n : 1n, 1n, exponent);
    }
    return { amount: formatMinorUnits(sum, exponent), subtotal: formatMinorUnits(sum, exponent) };
  },
};

export const QUANTITY_ADAPTERS: readonly PricingAdapter[] = [quantityAdapter, roundingAdapter];
