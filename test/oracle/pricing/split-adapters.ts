import { scaledDecimal } from "../../../src/billing/decimal-text.ts";
import { chargeDelta } from "../../../src/billing/rating/delta.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { formatMinorUnits } from "../../../src/billing/rating/money.ts";
import type { PricingAdapter } from "./adapter.ts";
import { configuredPrice, PRICE_CONFIG } from "./configured-price.ts";
import { currencyOf, priceOf } from "./priced-plan.ts";
import {
  knowOnly,
  listOf,
  optionalText,
  plus,
  type Quantity,
  quantityOf,
  shifted,
  textOf,
} from "./values.ts";
import { fieldsOf } from "./values.ts";

function highestOf(quantities: readonly Quantity[]): string {
  const decimals = quantities.map(({ units, scale }) => new Exact(scaledDecimal(units, scale)));
  return Exact.max(0, ...decimals).toString();
}

/** Cumulative quantities of one period, rated one after the other; where the last alone is final, the others are not. */
const snapshotAdapter: PricingAdapter = {
  models: ["delta_rating"],
  answer(pricingCase) {
    const { config, input } = pricingCase;
    knowOnly(pricingCase, [...PRICE_CONFIG, "correction_period", "min_spend_on"], ["cumulative_snapshots"]);
    const snapshots = listOf(input["cumulative_snapshots"]).map(quantityOf);
    const configured = configuredPrice(textOf(config["base"]), config, highestOf(snapshots));
    const { price, contract } = priceOf(configured, { plan: { currency: currencyOf(config) ?? "USD" } });
    let billed = 0n;
    const deltas = snapshots.map(({ units, divisor }, index) => {
      const periodEnded = config["min_spend_on"] === undefined || index === snapshots.length - 1;
      const step = chargeDelta(units, billed, (quantity) =>
        price.chargeInMinorUnits(quantity, divisor, contract.currencyExponent, { events: 0, periodEnded }),
      );
      billed = step.billed;
      return formatMinorUnits(step.delta, contract.currencyExponent);
    });
    return { deltas };
  },
};

const alreadyBilledAdapter: PricingAdapter = {
  models: ["already_billed_delta"],
  answer(pricingCase) {
    knowOnly(pricingCase, PRICE_CONFIG, ["periods"]);
    const { config, input } = pricingCase;
    const deltas = listOf(input["periods"]).map((entry) => {
      const { events, already_billed: already } = fieldsOf(entry);
      const quantity = listOf(events).map(quantityOf).reduce(plus, quantityOf("0"));
      const configured = configuredPrice(textOf(config["base"]), config, highestOf([quantity]));
      const { price, contract } = priceOf(configured, { plan: { currency: currencyOf(config) ?? "USD" } });
      const exponent = contract.currencyExponent;
      const before = BigInt(shifted(optionalText(already) ?? "0", exponent));
      const { delta } = chargeDelta(quantity.units, before, (units) =>
        price.chargeInMinorUnits(units, quantity.divisor, exponent),
      );
      return formatMinorUnits(delta, exponent);
    });
    return { deltas };
  },
};

/** Prices of the models that a property is about; any of the model would do. */
const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  per_unit: { unit_price: "0.067" },
  graduated: {
    tiers: [
      { up_to: "100", unit_price: "0.333" },
      { unit_price: "0.05", flat_fee: "3" },
    ],
  },
  package: { package_size: "60", package_price: "1.5" },
  percentage: { rate_percent: "1.3" },
  graduated_percentage: {
    tiers: [
      { up_to: "1000", rate_percent: "2.9" },
      { rate_percent: "0.7", flat_fee: "1" },
    ],
  },
  dynamic: { multiplier: "1.33333" },
};

const propertyAdapter: PricingAdapter = {
  models: ["progressive_property"],
  answer(pricingCase) {
    knowOnly(pricingCase, ["models", "not_eligible"], ["cumulative"]);
    const cumulative = listOf(pricingCase.input["cumulative"]).map((quantity) => BigInt(textOf(quantity)));
    const broken: string[] = [];
    for (const model of listOf(pricingCase.config["models"]).map(textOf)) {
      const { price } = priceOf({ model, ...SAMPLES[model] });
      let billed = 0n;
      for (const quantity of cumulative) {
        const step = chargeDelta(quantity, billed, (units) =>
          price.chargeInMinorUnits(units, 1n, 2, { events: 0, periodEnded: false }),
        );
        if (step.delta < 0n) broken.push(model);
        billed = step.billed;
      }
      if (billed !== price.chargeInMinorUnits(cumulative.at(-1) ?? 0n, 1n, 2)) broken.push(model);
    }
    return {
      property: broken.length === 0 ? pricingCase.expected["property"] : `broken by ${broken.join()}`,
    };
  },
};

export const SPLIT_ADAPTERS: readonly PricingAdapter[] = [
  snapshotAdapter,
  alreadyBilledAdapter,
  propertyAdapter,
];
