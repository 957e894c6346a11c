import { z } from "zod";
import { keyField } from "../catalog/fields.ts";
import { discountsField } from "./adjustments/discounts.ts";
import { freeUnitsField } from "./adjustments/free-units.ts";
import { spendLimitFields } from "./adjustments/spend-limits.ts";
import { unitConversionField } from "./adjustments/unit-conversion.ts";

/** Fields that the prices of every model have. */
export const priceFields = {
  key: keyField().describe("Names the price within its plan."),
  product: keyField().describe("Key of the product that the charge is booked under."),
  discounts: discountsField,
};

/** Fields of prices that charge for the quantity of a meter. */
export const usageFields = {
  ...priceFields,
  ...spendLimitFields,
  meter: keyField().describe("Key of the meter whose quantity is priced."),
};

/** Fields of prices whose quantity is one number of units, which may be converted and partly free. */
export const unitFields = {
  ...usageFields,
  unit_conversion: unitConversionField,
  free_units: freeUnitsField,
  rate_per: z
    .enum(["period", "window"])
    .default("period")
    .describe(
      "period: the quantity of the billing period is priced. window: the value of every window of every group is " +
        "priced by itself and the charges are added up.",
    ),
};

/** Whether a flat fee of the first tier is due although nothing was used. */
export const zeroQuantityField = z
  .enum(["none", "first_tier_flat"])
  .default("none")
  .describe("What a period without usage costs: nothing, or the flat fee of the first tier.");
