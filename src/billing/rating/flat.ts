import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { priceFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

const schema = z.strictObject({
  ...priceFields,
  model: z.literal("flat"),
  amount: nonNegativeDecimalField().describe("Price of one billing period, in currency units."),
  billed: z
    .enum(["in_advance", "in_arrears"])
    .default("in_arrears")
    .describe("Whether it is due when the billing period starts or when it has ended."),
  prorate: z
    .enum(["days", "none"])
    .optional()
    .describe(
      "days (where left out): a period that is covered in part costs its days' share. none: all of it.",
    ),
});

/** A recurring fee that no usage changes; due once a billing period, from its start or its end on. */
export const flat = definePriceModel("flat", schema, (price) => {
  const amount = new Exact(price.amount);
  return { charge: (_units, per) => amount.times(per), ratedAtPeriodEnd: price.billed === "in_arrears" };
});
