import { z } from "zod";
import { keyField, nonNegativeDecimalField, textField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { usageFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";

const schema = z
  .strictObject({
    ...usageFields,
    model: z.literal("capacity"),
    dimension: keyField().describe("Dimension of the meter whose values are the units that have limits."),
    tiers: z
      .array(
        z.strictObject({
          amount: nonNegativeDecimalField().describe("Price of the billing period in this tier."),
          limits: z
            .record(textField(), nonNegativeDecimalField().nullable())
            .default({})
            .describe("Most of each unit that the tier allows, included; none where left out or null."),
        }),
      )
      .min(1),
  })
  .superRefine(({ tiers }, context) => {
    const reached = new Map<string, { readonly limit: Exact | undefined }>();
    for (const [index, tier] of tiers.entries()) {
      const isLast = index === tiers.length - 1;
      const fault = (unit: string, message: string): void =>
        context.addIssue({ code: "custom", path: ["tiers", index, "limits", unit], message });
      const limits = new Map(Object.entries(tier.limits));
      for (const unit of new Set([...reached.keys(), ...limits.keys()])) {
        const text = limits.get(unit) ?? undefined;
        const limit = text === undefined ? undefined : new Exact(text);
        const before = reached.get(unit)?.limit;
        if (isLast && limit !== undefined) fault(unit, "the last tier must have no limits");
        else if (before !== undefined && limit?.lt(before) === true)
          fault(unit, `must not be less than in the tier before, ${before.toString()}`);
        else if (index > 0 && limit !== undefined && before === undefined)
          fault(unit, "is not limited in the tier before");
        reached.set(unit, { limit });
      }
    }
  });

/**
 * Tiers limit the units that are used, mostly peaks; the highest tier that any unit reaches prices the whole period.
 * Where nothing is used nothing is charged.
 */
export const capacity = definePriceModel("capacity", schema, (price) => {
  const tiers = price.tiers.map((tier) => ({
    amount: new Exact(tier.amount),
    limits: Object.entries(tier.limits).flatMap(([unit, limit]): [string, Exact][] =>
      limit === null ? [] : [[unit, new Exact(limit)]],
    ),
  }));
  return {
    partOf: (group) => group[price.dimension] ?? "",
    charge(_units, per, { parts = new Map<string, Exact>() }) {
      if (![...parts.values()].some((units) => units.gt(0))) return new Exact(0);
      const tier = tiers.find(({ limits }) =>
        limits.every(([unit, limit]) => parts.get(unit)?.gt(limit.times(per)) !== true),
      );
      if (tier === undefined) throw new RangeError("the last tier has limits");
      return tier.amount.times(per);
    },
  };
});
