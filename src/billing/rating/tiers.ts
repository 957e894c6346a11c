import { z } from "zod";
import { nonNegativeDecimalField } from "../catalog/fields.ts";
import { Exact } from "./exact.ts";

/** What every tier with a bound has; a list of such tiers is refined by `checkTierBounds`. */
export const tierFields = {
  up_to: nonNegativeDecimalField()
    .nullable()
    .default(null)
    .describe("Upper bound of the tier, included. Left out (or null) on the last tier only."),
  flat_fee: nonNegativeDecimalField().default("0").describe("Charged once when the tier is entered."),
};

/**
 * Tiers (previous, up_to]: contiguous by construction, so what can be wrong is their order and where they end. Every
 * fault is reported, at the tier's `up_to`.
 */
export function checkTierBounds(
  tiers: readonly { readonly up_to: string | null }[],
  context: z.core.$RefinementCtx,
): void {
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
}

export const unitPriceField = nonNegativeDecimalField()
  .default("0")
  .describe("Price of one unit in the tier.");

/** A tier ready to rate with. */
export interface Tier {
  /** Undefined for the last one. */
  readonly upTo: Exact | undefined;
  /** What one unit of the tier costs. */
  readonly rate: Exact;
  readonly flatFee: Exact;
  /** The most that the tier charges. */
  readonly cap: Exact | undefined;
}

export function compileTier(fields: {
  readonly up_to: string | null;
  readonly flat_fee: string;
  readonly rate: Exact;
  readonly cap?: string | undefined;
}): Tier {
  return {
    upTo: fields.up_to === null ? undefined : new Exact(fields.up_to),
    rate: fields.rate,
    flatFee: new Exact(fields.flat_fee),
    cap: fields.cap === undefined ? undefined : new Exact(fields.cap),
  };
}

/**
 * Charges of tiers that each price the part of the quantity that lies in them, in order; tiers that are not reached are
 * left out. The flat fee of a tier is due when the quantity exceeds the bound before it; that of the first one with
 * `chargesZero` always. A negative quantity is credited at the first tier's rate.
 */
export function graduatedCharges(
  tiers: readonly Tier[],
  units: Exact,
  per: Exact,
  chargesZero: boolean,
): Exact[] {
  const charges: Exact[] = [];
  let lower = new Exact(0);
  for (const [index, tier] of tiers.entries()) {
    const upper = tier.upTo?.times(per);
    const endsHere = upper === undefined || units.lte(upper);
    const part = (endsHere ? units : upper).minus(lower);
    let charge = part.times(tier.rate);
    if (units.gt(lower) || (chargesZero && index === 0)) charge = charge.plus(tier.flatFee.times(per));
    const cap = tier.cap?.times(per);
    charges.push(cap !== undefined && charge.gt(cap) ? cap : charge);
    if (endsHere) break;
    lower = upper;
  }
  return charges;
}

export function sumOf(charges: readonly Exact[]): Exact {
  return charges.reduce((sum, charge) => sum.plus(charge), new Exact(0));
}
