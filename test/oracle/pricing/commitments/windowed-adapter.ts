import { z } from "zod";
import { applyWindowedCommitments } from "../../../../src/billing/commitments/windowed-commitment.ts";
import { type Ratio, ratioOfCharge } from "../../../../src/billing/ratio.ts";
import { Exact } from "../../../../src/billing/rating/exact.ts";
import type { PricingAdapter } from "../adapter.ts";
import { decimalText } from "../case-fields.ts";
import { commitmentOf } from "./minimum-adapters.ts";
import { namedMembers } from "./named-members.ts";
import { chargeOfPrice } from "./unit-charge.ts";

const HOUR_MS = 3_600_000;

const termsSchema = z.object({
  unit_price: decimalText,
  commitment: decimalText.optional(),
  commitment_type: z.enum(["amount", "quantity"]).default("amount"),
  overage_factor: decimalText.default("1"),
  true_up: z.boolean().default(false),
  hours: z.tuple([z.number(), z.number()]).optional(),
});
type Terms = z.output<typeof termsSchema>;

const configSchema = z.union([
  z.object({ windows_use: termsSchema }).transform(({ windows_use }) => [windows_use]),
  z
    .object({ bucket: termsSchema, outside: termsSchema })
    .transform(({ bucket, outside }) => [bucket, outside]),
]);

const inputSchema = z.union([
  z
    .object({ windows_at: z.array(z.tuple([z.number(), decimalText])) })
    .transform(({ windows_at }) => windows_at),
  z
    .object({ windows: z.array(decimalText) })
    .transform(({ windows }) => windows.map((quantity, hour): [number, string] => [hour, quantity])),
]);

const price = (terms: Terms) => ({ model: "per_unit", unit_price: terms.unit_price });

/** Amounts of the cases are in currency units: with no digits for minor units nothing is scaled or rounded. */
const WHOLE_UNITS = 0;

export const windowedCommitment: PricingAdapter = {
  models: ["windowed_commitment"],
  answer(pricingCase) {
    const { config, input } = pricingCase;
    const all = configSchema.parse(config);
    const commitments = all.flatMap((terms) => {
      if (terms.commitment === undefined) return [];
      const fields = {
        [terms.commitment_type]: terms.commitment,
        prices: ["p"],
        per: "window",
        overage_factor: terms.overage_factor,
        true_up: terms.true_up,
        hours: terms.hours === undefined ? undefined : { from: terms.hours[0], to: terms.hours[1] },
      };
      return [commitmentOf(fields, WHOLE_UNITS, price(terms))];
    });
    const windows = inputSchema.parse(input).map(([hour, quantity]) => {
      const terms = all.find(({ hours }) => hours === undefined || (hour >= hours[0] && hour < hours[1]));
      if (terms === undefined) throw new RangeError(`no price for hour ${hour}`);
      const charge = chargeOfPrice(price(terms))(new Exact(quantity), new Exact(1));
      return { startMs: hour * HOUR_MS, amount: ratioOfCharge(charge, WHOLE_UNITS) };
    });
    const outcome = applyWindowedCommitments(commitments, "UTC", windows);
    return namedMembers(pricingCase, {
      amount: decimalOf(outcome.charge),
      window_amounts: outcome.windows.map((window) => decimalOf(window.charge)),
      utilized: decimalOf(outcome.atNormalRate),
      overage: decimalOf(outcome.overage),
      true_up: decimalOf(outcome.trueUp),
    });
  },
};

/** Only powers of ten are divided by where all that goes in is decimal. */
function decimalOf({ numerator, denominator }: Ratio): string {
  return new Exact(numerator.toString()).div(denominator.toString()).toString();
}
