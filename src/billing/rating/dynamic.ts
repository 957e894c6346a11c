import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { usageFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

const schema = z.strictObject({
  ...usageFields,
  model: z.literal("dynamic"),
  multiplier: nonNegativeDecimalField()
    .default("1")
    .describe("Charge for one currency unit of cost: more than 1 adds a margin."),
});

/** Cost-plus: the meter adds up costs that the events state as amounts; the charge is their sum × multiplier. */
export const dynamic = definePriceModel("dynamic", schema, (price) => {
  const multiplier = new Exact(price.multiplier);
  return { charge: (units) => units.times(multiplier), risesWithQuantity: true };
});
