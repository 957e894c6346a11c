import { Exact } from "../rating/exact.ts";
import type { MoneyRounding } from "../rating/money.ts";
import { type Ratio, ratio, ratioOfCharge, ratioOfDecimal, rounded, times } from "../ratio.ts";
import type { Commitment } from "./commitment-schema.ts";
import { type CoveredDays, shareOf, WHOLE_PERIOD } from "./proration.ts";

export type ChargeKind = "recurring" | "usage";

/** A commitment ready to be applied. Amounts are in minor units of the contract's currency. */
export interface CompiledCommitment {
  readonly key: string;
  readonly overageFactor: Ratio;
  readonly rounding: MoneyRounding;
  readonly trueUp: boolean;
  /** Hours of the day [from, to) whose windows it is for; undefined: all that are left. */
  readonly hours: { readonly from: number; readonly to: number } | undefined;
  /** Whether charges of a price count towards it. */
  countsFor(price: string, kind: ChargeKind): boolean;
  /** What is committed for the days that are covered: an integer, because it is shown and charged as one. */
  amountFor(days: CoveredDays): bigint;
  /** What is committed for one window, exactly: windows are rounded together. */
  readonly amountPerWindow: Ratio;
}

/** What the quantity `units` ÷ `per` costs: `total` ÷ `per` (of its own) currency units, as a price computes it. */
export type UnitsCharge = (units: Exact, per: Exact) => { readonly total: Exact; readonly per: Exact };

/** What a commitment has to know of the plan that it stands in. */
export interface CommitmentContext {
  /** ISO 4217 digits of the currency. */
  readonly exponent: number;
  /** Where ties go, by the plan; away from zero where left out. */
  readonly rounding?: MoneyRounding;
  /** The charge function of a price, undefined where there is no such price. */
  chargeOf(price: string): UnitsCharge | undefined;
}

/** Prepares a valid commitment. Throws RangeError where a quantity's price does not exist. */
export function compileCommitment(commitment: Commitment, context: CommitmentContext): CompiledCommitment {
  const prices = new Set(commitment.prices);
  const kinds = new Set<ChargeKind>(commitment.counts);
  const exactAmount = exactAmountOf(commitment, context);
  const { rounding = "half_away_from_zero" } = context;
  return {
    key: commitment.key,
    overageFactor: ratioOfDecimal(commitment.overage_factor),
    rounding,
    trueUp: commitment.true_up,
    hours: commitment.hours,
    countsFor: (price, kind) => kinds.has(kind) && (prices.size === 0 || prices.has(price)),
    amountFor: (days) => rounded(exactAmount(commitment.prorate === "none" ? WHOLE_PERIOD : days), rounding),
    amountPerWindow: exactAmount(WHOLE_PERIOD),
  };
}

function exactAmountOf(commitment: Commitment, context: CommitmentContext): (days: CoveredDays) => Ratio {
  const { exponent } = context;
  if (commitment.quantity === undefined) {
    const minorUnits = times(ratioOfDecimal(commitment.amount ?? "0"), ratio(10n ** BigInt(exponent)));
    return (days) => times(minorUnits, shareOf(days));
  }
  const quantity = new Exact(commitment.quantity);
  const price = commitment.prices[0] ?? "";
  const charge = context.chargeOf(price);
  if (charge === undefined) throw new RangeError(`commitment ${commitment.key}: no price ${price}`);
  return (days) => {
    // The share of the quantity, not of its worth: a price with tiers charges for what is committed to.
    const { numerator, denominator } = shareOf(days);
    const units = quantity.times(numerator.toString());
    return ratioOfCharge(charge(units, new Exact(denominator.toString())), exponent);
  };
}
