import { z } from "zod";
import { CreditLedger } from "../../../../src/billing/credits/credit-ledger.ts";
import { decimalText as textOfDecimal } from "../../../../src/model/decimal.ts";
import { ratioOfCharge, rounded } from "../../../../src/billing/ratio.ts";
import { chargeDelta } from "../../../../src/billing/rating/delta.ts";
import { Exact } from "../../../../src/billing/rating/exact.ts";
import { BilledRun } from "../../../support/billed-run.ts";
import type { PricingAdapter } from "../adapter.ts";
import { ACCOUNT, catalogOf } from "../priced-plan.ts";
import { atScale, decimalText } from "../case-fields.ts";
import { grantTerms } from "./grant-adapters.ts";
import { namedMembers } from "./named-members.ts";
import { chargeOfPrice } from "./unit-charge.ts";

const CENTS = 2;
const money = (minorUnits: bigint): string => textOfDecimal(minorUnits, CENTS);

/** Each event is a month's usage of its meter, and so an invoice. */
const walletLimitedToMetrics: PricingAdapter = {
  models: ["wallet_limited_to_metrics"],
  async answer(pricingCase) {
    const { config, input } = pricingCase;
    const fields = z
      .object({
        wallet: decimalText,
        applies_to: z.array(z.string()),
        unit_price: z.record(z.string(), decimalText),
        tax_percent: z.record(z.string(), decimalText),
      })
      .parse(config);
    const { events } = z.object({ events: z.array(z.string()) }).parse(input);
    const codes = Object.keys(fields.unit_price);
    const keyOf = (code: string): string => `code-${codes.indexOf(code)}`;
    const run = new BilledRun(
      catalogOf({
        meters: codes.map((code) => ({
          key: keyOf(code),
          event_type: "usage",
          aggregation: "count",
          filters: [{ property: "code", any_of: [code] }],
        })),
        otherProducts: codes.map((code) => ({ key: keyOf(code), name: code, tax_code: keyOf(code) })),
        taxPercents: Object.fromEntries(codes.map((code) => [keyOf(code), fields.tax_percent[code] ?? "0"])),
        prices: codes.map((code) => ({
          model: "per_unit",
          product: keyOf(code),
          meter: keyOf(code),
          unit_price: fields.unit_price[code],
        })),
        contract: {
          start: monthStart(0),
          end: monthStart(events.length),
          credits: [
            {
              id: "wallet",
              amount: fields.wallet,
              effective: monthStart(0),
              meters: fields.applies_to.map(keyOf),
            },
          ],
        },
      }),
    );
    for (const [month, code] of events.entries())
      await run.use({
        account: ACCOUNT,
        timeMs: Date.parse(monthStart(month)),
        data: `{"code":${JSON.stringify(code)}}`,
      });
    await run.until(Date.parse(monthStart(events.length + 1)));
    const documents = await run.result();
    run.close();
    let wallet = new Exact(fields.wallet);
    const invoices = documents.invoices.map(({ subtotal, tax, credits, total }) => {
      wallet = wallet.minus(credits);
      return {
        subtotal_with_tax: new Exact(subtotal).plus(tax).toString(),
        credits,
        due: total,
        wallet_after: wallet.toString(),
      };
    });
    return namedMembers(pricingCase, { invoices });
  },
};

/** First day of a month, counted from one that many can follow. */
function monthStart(month: number): string {
  return new Date(Date.UTC(2025, month, 1)).toISOString().slice(0, 10);
}

const tier = z.object({ up_to: decimalText.nullable(), unit_price: decimalText, flat_fee: decimalText });

const creditsAllocation: PricingAdapter = {
  models: ["credits_allocation"],
  answer(pricingCase) {
    const { base, tiers } = z
      .object({ base: z.enum(["graduated", "volume"]), tiers: z.array(tier) })
      .parse(pricingCase.config);
    const { quantity, credits } = z
      .object({ quantity: decimalText, credits: z.array(decimalText) })
      .parse(pricingCase.input);
    const charge = chargeOfPrice({ model: base, tiers });
    const one = new Exact(1);
    const chargedFor = (units: Exact): bigint => rounded(ratioOfCharge(charge(units, one), CENTS));
    // A line for each tier that is entered: what the quantity up to its bound costs more than up to the one before.
    const lines: bigint[] = [];
    let billed = 0n;
    for (const { up_to } of tiers) {
      // A volume price has one line: all units are of one tier.
      const units = base === "volume" ? new Exact(quantity) : Exact.min(quantity, up_to ?? quantity);
      const cumulative = chargedFor(units);
      if (cumulative > billed) lines.push(cumulative - billed);
      billed = cumulative;
      if (units.gte(quantity)) break;
    }
    const ledger = CreditLedger.open("credits", 0, "charge");
    for (const [index, amount] of credits.entries())
      ledger.addGrant(
        grantTerms({ id: `credit-${index}`, amount: atScale(amount, CENTS), createdMs: index }),
        0,
      );
    const source = { product: "p", meter: "m" };
    const paid = lines.map((gross) => ({ gross, ...ledger.burn(source, gross, 0) }));
    return namedMembers(pricingCase, {
      line_totals: paid.map(({ gross, parts, overage }) => ({
        gross: money(gross),
        credits: parts.map((part) => money(part.amount)),
        due: money(overage),
      })),
      amount_due: money(paid.reduce((sum, { overage }) => sum + overage, 0n)),
    });
  },
};

/** Free units are a first tier without a price: what they leave is the charge at a price of 1. */
const freeUnitsAcrossSplit: PricingAdapter = {
  models: ["free_units_across_split"],
  answer(pricingCase) {
    const { free_units } = z.object({ free_units: decimalText }).parse(pricingCase.config);
    const { quantity, prior_quantity } = z
      .object({ quantity: decimalText, prior_quantity: decimalText })
      .parse(pricingCase.input);
    const tiers = [{ up_to: free_units, unit_price: "0" }, { unit_price: "1" }];
    const charge = chargeOfPrice({ model: "graduated", tiers });
    const scale = 12;
    const unit = new Exact(10n ** BigInt(scale) + "");
    const chargeOf = (units: bigint): bigint =>
      rounded(ratioOfCharge(charge(new Exact(units.toString()), unit), scale));
    const prior = chargeDelta(atScale(prior_quantity, scale), 0n, chargeOf);
    const cumulative = atScale(prior_quantity, scale) + atScale(quantity, scale);
    const now = chargeDelta(cumulative, prior.billed, chargeOf);
    return namedMembers(pricingCase, {
      billable_quantity: textOfDecimal(now.delta, scale),
      billable_prior_quantity: textOfDecimal(prior.billed, scale),
      free_used_now: textOfDecimal(atScale(quantity, scale) - now.delta, scale),
    });
  },
};

export const CREDITED_LINE_ADAPTERS: readonly PricingAdapter[] = [
  walletLimitedToMetrics,
  creditsAllocation,
  freeUnitsAcrossSplit,
];
