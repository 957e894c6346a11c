import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { integerUnitPrice } from "./integer-charge.ts";
import { unitFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

const schema = z.strictObject({
  ...unitFields,
  model: z.literal("per_unit"),
  unit_price: nonNegativeDecimalField().describe("Price of one unit, in currency units."),
});

/** Every unit costs the same: charge = quantity × unit price. */
export const perUnit = definePriceModel("per_unit", schema, (price) => {
  const unitPrice = new Exact(price.unit_price);
  const integerCharge = integerUnitPrice(price.unit_price);
  return { charge: (units) => units.times(unitPrice), integerCharge, risesWithQuantity: true };
});
