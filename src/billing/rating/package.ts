import { z } from "zod";
import { nonNegativeDecimalField, positiveDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { unitFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";
import { wholeQuotient } from "./quotient.ts";

const schema = z.strictObject({
  ...unitFields,
  model: z.literal("package"),
  package_size: positiveDecimalField().describe("Units in one package."),
  package_price: nonNegativeDecimalField().describe("Price of one package, in currency units."),
  round: z
    .enum(["up", "down"])
    .default("up")
    .describe("Whether a package that is only begun is charged (up) or not (down)."),
});

/** Whole packages are charged: packages × package price. A negative quantity is credited by packages in the same way. */
export const packaged = definePriceModel("package", schema, (price) => {
  const size = new Exact(price.package_size);
  const packagePrice = new Exact(price.package_price);
  const packages = (units: Exact, per: Exact): Exact => wholeQuotient(units, size.times(per), price.round);
  return {
    risesWithQuantity: true,
    charge: (units, per) => packages(units, per).times(packagePrice).times(per),
    billedUnits: (units, per) => packages(units, per).times(per),
  };
});
