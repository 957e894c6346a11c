import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { integerTiers } from "./integer-charge.ts";
import { unitFields, zeroQuantityField } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";
import {
  compileTier,
  graduatedCharges,
  sumOf,
  checkTierBounds,
  tierFields,
  unitPriceField,
} from "./tiers.ts";

const schema = z.strictObject({
  ...unitFields,
  model: z.literal("graduated"),
  zero_quantity: zeroQuantityField,
  tiers: z
    .array(
      z.strictObject({
        ...tierFields,
        unit_price: unitPriceField,
        maximum_amount: nonNegativeDecimalField()
          .optional()
          .describe("The most that the tier charges, its flat fee included."),
      }),
    )
    .min(1)
    .superRefine(checkTierBounds),
});

/**
 * Each part of the quantity costs what its tier says: the part in (previous, up_to] × unit price, and the flat fee of
 * every tier that is entered. Nothing used costs nothing, whatever the first tier's flat fee is, unless `zero_quantity`
 * says otherwise; a negative quantity (credits exceed usage) is credited at the first tier's unit price.
 */
export const graduated = definePriceModel("graduated", schema, (price) => {
  const tiers = price.tiers.map((tier) =>
    compileTier({ ...tier, rate: new Exact(tier.unit_price), cap: tier.maximum_amount }),
  );
  const chargesZero = price.zero_quantity === "first_tier_flat";
  const tierCharges = (units: Exact, per: Exact): Exact[] => graduatedCharges(tiers, units, per, chargesZero);
  return {
    charge: (units, per) => sumOf(tierCharges(units, per)),
    integerCharge: integerTiers(price.tiers, chargesZero),
    tierCharges,
    risesWithQuantity: true,
  };
});
