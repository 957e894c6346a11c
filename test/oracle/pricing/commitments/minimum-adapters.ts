import { z } from "zod";
import { applyCommitment, type CommittedLine } from "../../../../src/billing/commitments/apply-commitment.ts";
import { commitmentSchema } from "../../../../src/billing/commitments/commitment-schema.ts";
import {
  type CompiledCommitment,
  compileCommitment,
} from "../../../../src/billing/commitments/compile-commitment.ts";
import { type CoveredDays, shareOf, WHOLE_PERIOD } from "../../../../src/billing/commitments/proration.ts";
import { scaledDecimal } from "../../../../src/billing/decimal-text.ts";
import { decimalText as textOfDecimal } from "../../../../src/model/decimal.ts";
import {
  type Ratio,
  ratio,
  ratioOfCharge,
  ratioOfDecimal,
  rounded,
  times,
} from "../../../../src/billing/ratio.ts";
import { currencyExponent } from "../../../../src/billing/rating/currencies.ts";
import type { MoneyRounding } from "../../../../src/billing/rating/money.ts";
import { Exact } from "../../../../src/billing/rating/exact.ts";
import type { PricingAdapter } from "../adapter.ts";
import { commonScale, decimalText, integerText } from "../case-fields.ts";
import { namedMembers } from "./named-members.ts";
import { moneyRoundingOf } from "../priced-plan.ts";
import { chargeOfPrice } from "./unit-charge.ts";

/** Digits of the currency of cases in minor units that name none. */
const CENTS = 2;

const days = z
  .object({ days: integerText, full: integerText })
  .transform((fields): CoveredDays => ({ covered: Number(fields.days), full: Number(fields.full) }));

/** A commitment of the catalog, from fields as a file has them. */
export function commitmentOf(
  fields: Readonly<Record<string, unknown>>,
  exponent: number,
  price?: Readonly<Record<string, unknown>>,
  rounding: MoneyRounding = "half_away_from_zero",
): CompiledCommitment {
  return compileCommitment(commitmentSchema.parse({ key: "c", ...fields }), {
    exponent,
    rounding,
    chargeOf: () => (price === undefined ? undefined : chargeOfPrice(price)),
  });
}

function commitmentOfMinor(minorUnits: bigint): CompiledCommitment {
  return commitmentOf({ amount: scaledDecimal(minorUnits, CENTS) }, CENTS);
}

function line(kind: CommittedLine["kind"], amount: Ratio, price = "p"): CommittedLine {
  return { price, kind, amount };
}

function prorated(minorUnits: bigint, covered: CoveredDays): bigint {
  return rounded(times(ratio(minorUnits), shareOf(covered)));
}

const minCommitmentProrated: PricingAdapter = {
  models: ["min_commitment_prorated"],
  answer({ config, input }) {
    const { commitment_cents: cents, full_period_days: full } = z
      .object({ commitment_cents: integerText, full_period_days: decimalText })
      .parse(config);
    const { days_in_period } = z.object({ days_in_period: decimalText }).parse(input);
    const covered = days.parse({ days: days_in_period, full });
    return { commitment_cents: commitmentOfMinor(cents).amountFor(covered).toString() };
  },
};

const minCommitmentTrueUp: PricingAdapter = {
  models: ["min_commitment_true_up"],
  answer({ config, input }) {
    const { commitment_cents: cents } = z.object({ commitment_cents: integerText }).parse(config);
    // Charges of another period are not lines of this one: they are no input of its commitment.
    const { fees_cents: fees } = z.object({ fees_cents: z.array(integerText) }).parse(input);
    const commitment = commitmentOfMinor(cents);
    const lines = fees.map((fee) => line("usage", ratio(fee)));
    const { trueUp } = applyCommitment(commitment, commitment.amountFor(WHOLE_PERIOD), lines, true);
    return { true_up_cents: trueUp.toString() };
  },
};

const proratedSubscription: PricingAdapter = {
  models: ["min_commitment_with_prorated_subscription"],
  answer({ config, input }) {
    const { plan_cents: plan, commitment_cents: cents } = z
      .object({ plan_cents: integerText, commitment_cents: integerText })
      .parse(config);
    const { days_in_period, full_period_days } = z
      .object({ days_in_period: decimalText, full_period_days: decimalText })
      .parse(input);
    const covered = days.parse({ days: days_in_period, full: full_period_days });
    const commitment = commitmentOfMinor(cents);
    const lines = [line("recurring", ratio(prorated(plan, covered)))];
    const { trueUp } = applyCommitment(commitment, commitment.amountFor(covered), lines, true);
    return { true_up_cents: trueUp.toString() };
  },
};

const commitmentTrueUp: PricingAdapter = {
  models: ["commitment_true_up"],
  answer({ config, input }) {
    const { commitment_minor } = z.object({ commitment_minor: integerText }).parse(config);
    const { recurring_minor, usage_minor } = z
      .object({ recurring_minor: integerText, usage_minor: integerText })
      .parse(input);
    const commitment = commitmentOfMinor(commitment_minor);
    const lines = [line("recurring", ratio(recurring_minor), "fee"), line("usage", ratio(usage_minor))];
    const outcome = applyCommitment(commitment, commitment.amountFor(WHOLE_PERIOD), lines, true);
    return { true_up_minor: outcome.trueUp.toString(), subtotal_minor: outcome.total.toString() };
  },
};

const commitmentTrueUpRounded: PricingAdapter = {
  models: ["commitment_true_up_rounded"],
  answer({ config, input }) {
    const { commitment: amount, currency } = z
      .object({ commitment: decimalText, currency: z.string() })
      .parse(config);
    const { rounding } = moneyRoundingOf(config);
    const exponent = currencyExponent(currency);
    if (exponent === undefined) throw new RangeError(`no currency ${currency}`);
    const { used } = z.object({ used: decimalText }).parse(input);
    const commitment = commitmentOf({ amount }, exponent, undefined, rounding);
    const minorUnits = times(ratioOfDecimal(used), ratio(10n ** BigInt(exponent)));
    const amountMinor = commitment.amountFor(WHOLE_PERIOD);
    const { trueUp } = applyCommitment(commitment, amountMinor, [line("usage", minorUnits)], true);
    return { true_up: textOfDecimal(trueUp, exponent) };
  },
};

const commitmentOverage: PricingAdapter = {
  models: ["commitment_overage"],
  answer(pricingCase) {
    const { config, input } = pricingCase;
    const fields = z
      .object({
        commitment: decimalText,
        overage_factor: decimalText,
        features: z.array(z.object({ unit_price: decimalText })),
        true_up: z.boolean().default(false),
      })
      .parse(config);
    const { quantities } = z.object({ quantities: z.array(decimalText) }).parse(input);
    // Fine enough for all factors of the case, so that nothing is rounded away.
    const exponent =
      commonScale([fields.commitment, ...fields.features.map((feature) => feature.unit_price)]) +
      commonScale([fields.overage_factor]) +
      commonScale(quantities);
    const { commitment: amount, overage_factor, true_up } = fields;
    const commitment = commitmentOf({ amount, overage_factor, true_up }, exponent);
    const lines = fields.features.map((feature, index) => {
      const charge = chargeOfPrice({ model: "per_unit", ...feature });
      const units = new Exact(quantities[index] ?? "0");
      return line("usage", ratioOfCharge(charge(units, new Exact(1)), exponent), `p${index}`);
    });
    const outcome = applyCommitment(commitment, commitment.amountFor(WHOLE_PERIOD), lines, true);
    const overage = outcome.lines.reduce((sum, charged) => sum + charged.overage, 0n);
    return namedMembers(pricingCase, {
      amount: scaledDecimal(outcome.total, exponent),
      at_normal_rate: scaledDecimal(outcome.total - outcome.trueUp - overage, exponent),
      at_overage_rate: scaledDecimal(overage, exponent),
    });
  },
};

export const MINIMUM_ADAPTERS: readonly PricingAdapter[] = [
  minCommitmentProrated,
  minCommitmentTrueUp,
  proratedSubscription,
  commitmentTrueUp,
  commitmentTrueUpRounded,
  commitmentOverage,
];
