import { z } from "zod";
import { percentRateField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { usageFields, zeroQuantityField } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";
import { compileTier, graduatedCharges, sumOf, checkTierBounds, tierFields } from "./tiers.ts";

const schema = z.strictObject({
  ...usageFields,
  model: z.literal("graduated_percentage"),
  zero_quantity: zeroQuantityField,
  tiers: z
    .array(
      z.strictObject({
        ...tierFields,
        rate_percent: percentRateField()
          .default("0")
          .describe("Percent of the part of the amount that is in the tier."),
      }),
    )
    .min(1)
    .superRefine(checkTierBounds),
});

/** As graduated, with a percentage for each part of the amount that the meter adds up. */
export const graduatedPercentage = definePriceModel("graduated_percentage", schema, (price) => {
  const tiers = price.tiers.map((tier) =>
    compileTier({ ...tier, rate: new Exact(tier.rate_percent).times("1e-2") }),
  );
  const chargesZero = price.zero_quantity === "first_tier_flat";
  const tierCharges = (units: Exact, per: Exact): Exact[] => graduatedCharges(tiers, units, per, chargesZero);
  return { charge: (units, per) => sumOf(tierCharges(units, per)), tierCharges, risesWithQuantity: true };
});
