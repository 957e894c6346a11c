import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RatedPrice } from "../../../src/billing/catalog/rated-price.ts";
import type { Plan } from "../../../src/billing/catalog/entities.ts";
import { compilePrice } from "../../../src/billing/rating/price-models.ts";
import { priceOf } from "./price-fixture.ts";

/** Decimals with as many digits behind the point as come up, and some with the most that a catalog may have. */
const decimal = fc.oneof(
  fc.constantFrom("0", "0.000000000000000000000000000001", "999999999999999999999999999999"),
  fc
    .tuple(fc.nat(50_000), fc.stringMatching(/^[0-9]{0,12}$/))
    .map(([whole, fraction]) => (fraction === "" ? `${whole}` : `${whole}.${fraction}`)),
);
const tier = fc.record({
  unit_price: decimal,
  flat_fee: decimal,
  maximum_amount: fc.option(decimal, { nil: undefined }),
});
const graduatedFields = fc
  .record({
    bounds: fc.uniqueArray(fc.integer({ min: 1, max: 40_000 }), { maxLength: 3 }),
    tiers: fc.array(tier, { minLength: 4, maxLength: 4 }),
    halves: fc.boolean(),
    zero: fc.constantFrom("none", "first_tier_flat"),
  })
  .map(({ bounds, tiers, halves, zero }) => ({
    model: "graduated",
    zero_quantity: zero,
    tiers: [...bounds.sort((a, b) => a - b), undefined].map((bound, index) => ({
      ...tiers[index],
      up_to: bound === undefined ? null : `${bound}${halves ? ".5" : ""}`,
    })),
  }));
const fields = fc.oneof(
  graduatedFields,
  decimal.map((price) => ({ model: "per_unit", unit_price: price })),
);
const quantity = fc.oneof(
  fc.bigInt({ min: -2_000_000n, max: 9_000_000n }),
  fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }),
);
const divisor = fc.constantFrom(1n, 100n, 3_600_000n, 3_600_000_000n);
const exponent = fc.constantFrom(0, 2, 3);
const rounding = fc.constantFrom("half_away_from_zero" as const, "half_even" as const);

/** A price as a plan has it; only what rating asks of the plan. */
function ratedPrice(price: Record<string, unknown>, planRounding: Plan["rounding"]): RatedPrice {
  const parsed = priceOf(price);
  return new RatedPrice(
    { key: "plan", version: 1, currency: "EUR", rounding: planRounding, prices: [parsed] },
    parsed,
  );
}

describe("charges in integers", () => {
  test("come to the very minor units that decimals give, ties included", () => {
    fc.assert(
      fc.property(fields, quantity, divisor, exponent, rounding, (price, units, per, digits, ties) => {
        expect(compilePrice(priceOf(price)).integerCharge).toBeDefined();
        const rated = ratedPrice(price, ties);
        expect(rated.chargeInMinorUnits(units, per, digits)).toBe(rated.breakdown(units, per, digits).amount);
      }),
      { numRuns: 2_000 },
    );
  });

  test("at the bounds of tiers, and half-way between two minor units", () => {
    const price = ratedPrice(
      {
        model: "graduated",
        tiers: [
          { up_to: "10.5", unit_price: "0.01", flat_fee: "1" },
          { unit_price: "0.005", flat_fee: "0.10", maximum_amount: "0.2" },
        ],
      },
      "half_even",
    );
    const charges = [0n, 1n, 100n, 1_050n, 1_051n, 1_150n, 9_999_999n, -50n];
    expect(charges.map((units) => price.chargeInMinorUnits(units, 100n, 2))).toEqual(
      charges.map((units) => price.breakdown(units, 100n, 2).amount),
    );
    expect(price.chargeInMinorUnits(1_050n, 100n, 2)).toBe(110n);
    expect(price.chargeInMinorUnits(9_999_999n, 100n, 2)).toBe(130n);
  });

  test.each([
    { rate_per: "window" },
    { free_units: "1" },
    { unit_conversion: { divide_by: "3" } },
    { discounts: [{ type: "percent", percent: "10" }] },
    { minimum_amount: "5" },
    { maximum_amount: "5" },
  ])("are not for a price with a step beside its model: %o", (step) => {
    const line = compilePrice(priceOf({ model: "per_unit", unit_price: "0.1", ...step }));
    expect(line.integerCharge).toBeUndefined();
  });
});
