import { z } from "zod";
import { integerField, nonNegativeDecimalField, positiveDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";
import { unitFields } from "./price-fields.ts";
import { definePriceModel } from "./price-model.ts";
import { wholeQuotient } from "./quotient.ts";
import { sumOf } from "./tiers.ts";

const MAX_BLOCKS = 999_999_999;

const schema = z.strictObject({
  ...unitFields,
  model: z.literal("tiered_blocks"),
  policy: z
    .enum(["all_tiers", "top_tier"])
    .default("all_tiers")
    .describe(
      "all_tiers: each tier's blocks cost what it says. top_tier: all usage in blocks of the tier that is reached.",
    ),
  tiers: z
    .array(
      z.strictObject({
        block_size: positiveDecimalField().describe("Units in one block of the tier."),
        block_price: nonNegativeDecimalField().describe("Price of one block, in currency units."),
        max_blocks: integerField(1, MAX_BLOCKS)
          .optional()
          .describe("Blocks that the tier has. Left out on the last tier only."),
      }),
    )
    .min(1)
    .superRefine((tiers, context) => {
      for (const [index, tier] of tiers.entries()) {
        const isLast = index === tiers.length - 1;
        const fault = (message: string): void =>
          context.addIssue({ code: "custom", path: [index, "max_blocks"], message });
        if (tier.max_blocks === undefined && !isLast) fault("is required: only the last tier is open");
        if (tier.max_blocks !== undefined && isLast)
          fault("the last tier must be open: leave max_blocks out");
      }
    }),
});

interface Blocks {
  readonly size: Exact;
  readonly price: Exact;
  /** Units up to which usage lies in the tier or below; undefined for the last one. */
  readonly upTo: Exact | undefined;
}

/**
 * Units are sold in blocks whose size and price depend on the tier; a block that is begun is charged. With `all_tiers`
 * each tier sells its blocks before the next one starts; with `top_tier` the tier that the quantity reaches sells all of
 * it, so one unit more can lower the charge and nothing is charged before the period has ended.
 */
export const tieredBlocks = definePriceModel("tiered_blocks", schema, (price) => {
  const tiers: Blocks[] = [];
  let bound = new Exact(0);
  for (const tier of price.tiers) {
    const size = new Exact(tier.block_size);
    if (tier.max_blocks !== undefined) bound = bound.plus(size.times(tier.max_blocks));
    tiers.push({
      size,
      price: new Exact(tier.block_price),
      upTo: tier.max_blocks === undefined ? undefined : bound,
    });
  }
  const blocksCharge = (tier: Blocks, units: Exact, per: Exact): Exact =>
    wholeQuotient(units, tier.size.times(per), "up").times(tier.price).times(per);
  if (price.policy === "top_tier") {
    return {
      ratedAtPeriodEnd: true,
      charge(units, per) {
        const tier = tiers.find(({ upTo }) => upTo === undefined || units.lte(upTo.times(per)));
        if (tier === undefined) throw new RangeError("the last tier is not open");
        return blocksCharge(tier, units, per);
      },
    };
  }
  const tierCharges = (units: Exact, per: Exact): Exact[] => {
    const charges: Exact[] = [];
    let lower = new Exact(0);
    for (const tier of tiers) {
      const upper = tier.upTo?.times(per);
      const endsHere = upper === undefined || units.lte(upper);
      charges.push(blocksCharge(tier, (endsHere ? units : upper).minus(lower), per));
      if (endsHere) break;
      lower = upper;
    }
    return charges;
  };
  return { charge: (units, per) => sumOf(tierCharges(units, per)), tierCharges, risesWithQuantity: true };
});
