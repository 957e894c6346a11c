import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";

const tierSchema = z.strictObject({
  up_to: nonNegativeDecimalField()
    .nullable()
    .default(null)
    .describe("Upper bound of the tier, included. Left out (or null) on the last tier only."),
  unit_price: nonNegativeDecimalField().default("0").describe("Price of one unit in the tier."),
  flat_fee: nonNegativeDecimalField().default("0").describe("Charged once when the tier is entered."),
});
export type TierFields = z.output<typeof tierSchema>;

/**
 * Tiers (previous, up_to]: contiguous by construction, so what can be wrong is their order and where they end. Every
 * fault is reported, at the tier's `up_to`.
 */
export const tiersField = z
  .array(tierSchema)
  .min(1)
  .superRefine((tiers, context) => {
    let previous = new Exact(0);
    for (const [index, tier] of tiers.entries()) {
      const fault = (message: string): void =>
        context.addIssue({ code: "custom", path: [index, "up_to"], message });
      const isLast = index === tiers.length - 1;
      if (tier.up_to === null) {
        if (!isLast) fault("only the last tier may be open (have no up_to)");
        continue;
      }
      if (isLast) fault("the last tier must be open: leave up_to out");
      const bound = new Exact(tier.up_to);
      if (bound.lte(previous)) {
        fault(
          index === 0
            ? "must be greater than 0"
            : `must be greater than the bound of the tier before, ${previous.toString()}`,
        );
      } else {
        previous = bound;
      }
    }
  });

/** A tier ready to rate with. */
export interface Tier {
  /** Undefined for the last one. */
  readonly upTo: Exact | undefined;
  readonly unitPrice: Exact;
  readonly flatFee: Exact;
}

export function compileTiers(fields: readonly TierFields[]): readonly Tier[] {
  return fields.map((tier) => ({
    upTo: tier.up_to === null ? undefined : new Exact(tier.up_to),
    unitPrice: new Exact(tier.unit_price),
    flatFee: new Exact(tier.flat_fee),
  }));
}
