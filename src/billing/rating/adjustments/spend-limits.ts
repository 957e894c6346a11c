import { nonNegativeDecimalField } from "../../catalog/fields.ts";
import { Exact } from "../exact.ts";

/** Limits of what one price charges in a billing period. `checkSpendLimits` tells whether they fit each other. */
export const spendLimitFields = {
  minimum_amount: nonNegativeDecimalField()
    .optional()
    .describe("A charge that is lower is raised to this when the billing period has ended."),
  maximum_amount: nonNegativeDecimalField()
    .optional()
    .describe("No more than this is charged in a billing period."),
};

export interface SpendLimits {
  readonly minimum_amount?: string | undefined;
  readonly maximum_amount?: string | undefined;
}

/** A fault of the limits, undefined where there is none. */
export function spendLimitsFault(limits: SpendLimits): string | undefined {
  const { minimum_amount: minimum, maximum_amount: maximum } = limits;
  if (minimum === undefined || maximum === undefined || !new Exact(minimum).gt(maximum)) return undefined;
  return `must not be less than minimum_amount, ${minimum}`;
}

/** Brings a charge (as numerator over `per`) into its limits: first not above the maximum, then not below the minimum. */
export type SpendLimiting = (charge: Exact, per: Exact, periodEnded: boolean) => LimitedCharge;

export interface LimitedCharge {
  /** The charge, at most the maximum. */
  readonly capped: Exact;
  /** The same, and at least the minimum once the period has ended. */
  readonly total: Exact;
}

export function compileSpendLimits(limits: SpendLimits): SpendLimiting {
  const minimum = limits.minimum_amount === undefined ? undefined : new Exact(limits.minimum_amount);
  const maximum = limits.maximum_amount === undefined ? undefined : new Exact(limits.maximum_amount);
  return (charge, per, periodEnded) => {
    const highest = maximum?.times(per);
    const capped = highest !== undefined && charge.gt(highest) ? highest : charge;
    const lowest = periodEnded ? minimum?.times(per) : undefined;
    return { capped, total: lowest !== undefined && capped.lt(lowest) ? lowest : capped };
  };
}
