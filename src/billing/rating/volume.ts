import { z } from "zod";
import { Exact } from "./exact.ts";
import { unitFields, zeroQuantityField } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";
import { compileTier, checkTierBounds, tierFields, unitPriceField } from "./tiers.ts";

const schema = z.strictObject({
  ...unitFields,
  model: z.literal("volume"),
  zero_quantity: zeroQuantityField,
  tiers: z
    .array(z.strictObject({ ...tierFields, unit_price: unitPriceField }))
    .min(1)
    .superRefine(checkTierBounds),
});

/**
 * The whole quantity costs what the tier says that it lies in, (previous, up_to]: quantity × unit price + flat fee. One
 * unit more can lower the charge, so nothing is charged before the period has ended. Nothing used costs nothing, unless
 * `zero_quantity` says otherwise; a negative quantity is credited at the first tier's unit price.
 */
export const volume = definePriceModel("volume", schema, (price) => {
  const tiers = price.tiers.map((tier) => compileTier({ ...tier, rate: new Exact(tier.unit_price) }));
  const chargesZero = price.zero_quantity === "first_tier_flat";
  return {
    ratedAtPeriodEnd: true,
    charge(units, per) {
      const tier = tiers.find(({ upTo }) => upTo === undefined || units.lte(upTo.times(per)));
      if (tier === undefined) throw new RangeError("the last tier is not open");
      const charge = units.times(tier.rate);
      return units.gt(0) || chargesZero ? charge.plus(tier.flatFee.times(per)) : charge;
    },
  };
});
