import { z } from "zod";
import { startOfDate } from "../catalog/dates.ts";
import { keyField, percentField, textField } from "../catalog/fields.ts";

const countryField = () => z.string().regex(/^[A-Z]{2}$/, "must be an ISO 3166 alpha-2 code, like DE");
const dateField = () =>
  z.string().refine((text) => startOfDate(text) !== undefined, "must be a date, like 2026-01-31");

/** Where a customer is taxed. */
export const addressFields = {
  country: countryField().optional().describe("ISO 3166 alpha-2 code of the country it is taxed in."),
  region: textField().optional().describe("State or province, as the tax rates or the tax service name it."),
  city: textField().optional().describe("City, as the tax rates or the tax service name it."),
  postal_code: textField().optional().describe("Postal code, for the tax service."),
  street: textField().optional().describe("Street and number, for the tax service."),
};

/** A rate of one jurisdiction: a country, a region of it or a city. Those of all levels that an address lies in add up. */
export const taxRateSchema = z
  .strictObject({
    key: keyField(),
    name: textField().describe("What it is called on documents, like VAT."),
    country: countryField(),
    region: textField().optional(),
    city: textField().optional(),
    tax_code: textField()
      .optional()
      .describe("Products with this tax_code alone; left out: all that have no rate of their own there."),
    percent: percentField(),
    from: dateField().describe("First day that it holds for."),
    to: dateField().optional().describe("First day that it does not hold for any more."),
  })
  .superRefine((rate, context) => {
    if (rate.city !== undefined && rate.region === undefined)
      context.addIssue({ code: "custom", path: ["region"], message: "is required for a city" });
    if (rate.to !== undefined && rate.to <= rate.from)
      context.addIssue({ code: "custom", path: ["to"], message: "must be after from" });
  });
export type TaxRate = z.output<typeof taxRateSchema>;

/** Why a customer pays no tax. */
export const taxExemptionSchema = z.strictObject({
  certificate: textField().describe("What proves it; named on documents."),
  from: dateField(),
  to: dateField().optional().describe("First day that it does not hold for any more."),
});
export type TaxExemption = z.output<typeof taxExemptionSchema>;

/** What the rates of one product in one jurisdiction have in common. */
export function taxRateGroup({ country, region, city, tax_code: code }: TaxRate): string {
  return [country, region ?? "", city ?? "", code ?? ""].join("\u0000");
}

/** Faults of rates of one group, by their place in the list: they must follow one another without overlap or gap. */
export function taxRateFaults(
  rates: readonly TaxRate[],
): readonly { readonly index: number; readonly message: string }[] {
  const ordered = rates
    .map((rate, index) => ({ rate, index }))
    .sort((a, b) => (a.rate.from < b.rate.from ? -1 : 1));
  const faults: { index: number; message: string }[] = [];
  ordered.forEach(({ rate, index }, place) => {
    const before = ordered[place - 1]?.rate;
    if (before === undefined) return;
    if (before.to === undefined || before.to > rate.from)
      faults.push({ index, message: `overlaps with ${before.key}, which holds to ${before.to ?? "ever"}` });
    else if (before.to < rate.from)
      faults.push({ index, message: `leaves a gap behind ${before.key}, which holds to ${before.to}` });
  });
  return faults;
}
