import { z } from "zod";
import { Exact } from "./exact.ts";
import { definePriceModel, priceFields } from "./price-model.ts";
import { compileTiers, tiersField } from "./tiers.ts";

const schema = z.strictObject({
  ...priceFields,
  model: z.literal("graduated"),
  tiers: tiersField,
});

/**
 * Each part of the quantity costs what its tier says: the part in (previous, up_to] × unit price, and the flat fee of
 * every tier that is entered. Nothing used costs nothing, whatever the first tier's flat fee is; a negative quantity
 * (credits exceed usage) is credited at the first tier's unit price, without a fee.
 */
export const graduated = definePriceModel("graduated", schema, (price) => {
  const tiers = compileTiers(price.tiers);
  return (units, per) => {
    let charge = new Exact(0);
    let lower = new Exact(0);
    for (const tier of tiers) {
      const upper = tier.upTo?.times(per);
      const endsHere = upper === undefined || units.lte(upper);
      const part = (endsHere ? units : upper).minus(lower);
      charge = charge.plus(part.times(tier.unitPrice));
      if (units.gt(lower)) charge = charge.plus(tier.flatFee.times(per));
      if (endsHere) break;
      lower = upper;
    }
    return charge;
  };
});
