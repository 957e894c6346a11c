import { Exact } from "../../../../src/billing/rating/exact.ts";
import { BilledRun } from "../../../support/billed-run.ts";
import type { PricingAdapter } from "../adapter.ts";
import { catalogOf, planOf } from "../priced-plan.ts";
import { type Fields, knowOnly, listOf, optionalText, textOf } from "../values.ts";

const DAY_MS = 86_400_000;

/**
 * What is taken off before tax is a discount of the invoice to us, what is taken off after it pays like prepaid credits. A
 * credit that was taxed when it was sold pays its tax too.
 */
const totalsAdapter: PricingAdapter = {
  models: ["invoice_totals_order"],
  async answer(pricingCase) {
    knowOnly(
      pricingCase,
      ["sequence", "taxable", "tax_percent", "credit_tax_percent", "round_to", "currency", "mode"],
      ["subtotal", "invoice_coupons", "credits"],
    );
    const { config, input } = pricingCase;
    const taxable = textOf(config["taxable"] ?? "gross_subtotal");
    const creditTax = new Exact(optionalText(config["credit_tax_percent"]) ?? "0");
    const amounts: Fields = { coupons: input["invoice_coupons"], credits: input["credits"] };
    const order = listOf(config["sequence"]).map(textOf);
    const discounts: Fields[] = [];
    const grants: Fields[] = [];
    for (const name of ["coupons", "credits"].sort((a, b) => order.indexOf(a) - order.indexOf(b))) {
      const amount = optionalText(amounts[name]);
      if (amount === undefined) continue;
      if (taxable.startsWith("after") && taxable.includes(name)) discounts.push({ type: "amount", amount });
      else {
        const tax = name === "credits" ? new Exact(amount).times(creditTax).times("0.01") : new Exact(0);
        grants.push({ id: name, amount: tax.plus(amount).toString(), effective: "2026-01-01" });
      }
    }
    const run = new BilledRun(
      catalogOf({
        prices: [{ model: "flat", amount: textOf(input["subtotal"]) }],
        plan: planOf(config),
        contract: {
          start: "2026-01-01",
          end: "2026-02-01",
          ...(discounts.length === 0 ? {} : { invoice_discounts: discounts }),
          ...(grants.length === 0 ? {} : { credits: grants }),
        },
        taxPercent: textOf(config["tax_percent"]),
      }),
    );
    await run.until(Date.parse("2026-02-01T00:00:00Z") + 10 * DAY_MS);
    const { invoices } = await run.result();
    run.close();
    const [invoice] = invoices;
    if (invoice === undefined || invoices.length !== 1) throw new Error(`${invoices.length} documents`);
    return {
      subtotal: invoice.subtotal,
      taxable: new Exact(invoice.subtotal).minus(invoice.discounts).toString(),
      tax: invoice.tax,
      total: invoice.total,
    };
  },
};

export const TOTALS_ADAPTERS: readonly PricingAdapter[] = [totalsAdapter];
