import { z } from "zod";
import { nonNegativeDecimalField, percentField } from "../../catalog/fields.ts";
import { Exact } from "../exact.ts";

export const discountsField = z
  .array(
    z.discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("percent"),
        percent: percentField().describe("Part of the charge that is not charged, 0–100."),
      }),
      z.strictObject({
        type: z.literal("amount"),
        amount: nonNegativeDecimalField().describe(
          "Taken off the period's charge, in currency units; at most all of it.",
        ),
      }),
    ]),
  )
  .optional()
  .describe("Discounts of the line, taken one after the other in this order, before the limits of spend.");
export type DiscountFields = NonNullable<z.output<typeof discountsField>>;

/** What is left of a charge (as numerator over `per`) behind all discounts. A credit is reduced by percentages alone. */
export type Discounting = (charge: Exact, per: Exact) => Exact;

export function compileDiscounts(fields: DiscountFields): Discounting {
  const steps = fields.map((discount): Discounting => {
    if (discount.type === "percent") {
      const kept = new Exact(100).minus(discount.percent).times("1e-2");
      return (charge) => charge.times(kept);
    }
    const amount = new Exact(discount.amount);
    return (charge, per) => {
      if (!charge.gt(0)) return charge;
      const rest = charge.minus(amount.times(per));
      return rest.isNegative() ? new Exact(0) : rest;
    };
  });
  return (charge, per) => steps.reduce((rest, step) => step(rest, per), charge);
}
