import { ratio, ratioOfDecimal, rounded, times, plus, type Ratio, ZERO } from "../ratio.ts";
import type { MoneyRounding } from "../rating/money.ts";
import { type TaxExemption, type TaxRate, taxRateGroup } from "./tax-rate.ts";

/** Where a customer is taxed, and why perhaps not. */
export interface TaxedCustomer {
  readonly country: string | undefined;
  readonly region: string | undefined;
  readonly city: string | undefined;
  /** Tax number of a business; "" or undefined for consumers. */
  readonly taxId: string | undefined;
  readonly exemption: TaxExemption | undefined;
}

/** A line to be taxed. Minor units. */
export interface TaxableLine {
  /** What is taxed: net, or gross where prices include tax. */
  readonly taxable: bigint;
  readonly taxCode: string | undefined;
  /** Calendar day whose rates hold: YYYY-MM-DD. */
  readonly date: string;
}

export interface TaxDetail {
  readonly name: string;
  /** Country, region and city, as far as the rate is of them: "US/CA/Los Angeles". */
  readonly jurisdiction: string;
  readonly percent: string;
  readonly amount: bigint;
}

export interface LineTax {
  readonly tax: bigint;
  readonly details: readonly TaxDetail[];
  /** Why no tax is due, undefined where it is. */
  readonly note: string | undefined;
}

/**
 * Names of reasons for which a document waits instead of being taxed by a guess:
 * - `tax-pending`, `tax-service-unavailable`: a tax service has not answered yet, or not for long;
 * - `tax-service-refused`, `tax-reply-invalid`: it can't tax the document, or its taxes do not add up;
 * - `earlier-document-held`: it is taxed; credits pay documents in their order, and an earlier one of its contract waits.
 */
export const TAX_HOLDS = [
  "tax-address-missing",
  "tax-rate-missing",
  "tax-pending",
  "tax-service-unavailable",
  "tax-service-refused",
  "tax-reply-invalid",
  "earlier-document-held",
] as const;
export type TaxHold = (typeof TAX_HOLDS)[number];

export type TaxResult =
  | { readonly lines: readonly LineTax[] }
  | { readonly hold: TaxHold; readonly detail: string; readonly lines?: readonly LineTax[] };

export interface TaxRequest {
  /** Country of the legal entity that sells. */
  readonly sellerCountry: string | undefined;
  readonly customer: TaxedCustomer;
  readonly pricesIncludeTax: boolean;
  readonly rounding: MoneyRounding;
  readonly lines: readonly TaxableLine[];
}

const HUNDREDTH = ratio(1n, 100n);

/** The built-in tax rates. */
export class TaxTable {
  readonly #rates = new Map<string, TaxRate[]>();
  readonly #reverseChargeCountries: ReadonlySet<string>;

  /** @param reverseChargeCountries between two of which a business accounts for the tax itself */
  constructor(rates: readonly TaxRate[], reverseChargeCountries: readonly string[]) {
    this.#reverseChargeCountries = new Set(reverseChargeCountries);
    for (const rate of rates) {
      const group = this.#rates.get(taxRateGroup(rate));
      if (group === undefined) this.#rates.set(taxRateGroup(rate), [rate]);
      else group.push(rate);
    }
  }

  /**
   * The tax of each line. A line's tax is rounded for each of its rates; the rates of country, region and city add up, each
   * on the line's net amount. Where prices include tax, the tax is what is left of the price when its net amount is taken.
   */
  tax(request: TaxRequest): TaxResult {
    const { customer } = request;
    if (customer.country === undefined)
      return { hold: "tax-address-missing", detail: "the customer has no country" };
    const lines: LineTax[] = [];
    for (const line of request.lines) {
      const note = this.#noteFor(request, line);
      if (note !== undefined) {
        lines.push({ tax: 0n, details: [], note });
        continue;
      }
      const rates = this.#ratesFor(customer, line);
      if (rates.length === 0) {
        const place = jurisdictionOf({ ...customer, country: customer.country });
        const what = line.taxCode === undefined ? "" : ` for ${line.taxCode}`;
        return { hold: "tax-rate-missing", detail: `no rate of ${place}${what} on ${line.date}` };
      }
      lines.push(taxByRates(line, rates, request));
    }
    return { lines };
  }

  #noteFor({ sellerCountry, customer }: TaxRequest, { date }: TaxableLine): string | undefined {
    const { exemption, country, taxId } = customer;
    if (exemption !== undefined && holdsOn(exemption, date)) return `exempt: ${exemption.certificate}`;
    const isCrossBorder =
      sellerCountry !== undefined &&
      country !== undefined &&
      country !== sellerCountry &&
      this.#reverseChargeCountries.has(sellerCountry) &&
      this.#reverseChargeCountries.has(country);
    return isCrossBorder && taxId !== undefined ? `reverse charge: ${taxId}` : undefined;
  }

  #ratesFor({ country = "", region, city }: TaxedCustomer, line: TaxableLine): TaxRate[] {
    const found: TaxRate[] = [];
    const places: (readonly [string | undefined, string | undefined])[] = [[undefined, undefined]];
    if (region !== undefined) places.push([region, undefined]);
    if (region !== undefined && city !== undefined) places.push([region, city]);
    for (const [rateRegion, rateCity] of places) {
      const ofCode =
        line.taxCode === undefined
          ? undefined
          : this.#rateOn(line.date, country, rateRegion, rateCity, line.taxCode);
      const rate = ofCode ?? this.#rateOn(line.date, country, rateRegion, rateCity, undefined);
      if (rate !== undefined) found.push(rate);
    }
    return found;
  }

  #rateOn(
    date: string,
    country: string,
    region: string | undefined,
    city: string | undefined,
    code: string | undefined,
  ): TaxRate | undefined {
    const group = [country, region ?? "", city ?? "", code ?? ""].join("\u0000");
    return this.#rates.get(group)?.find((rate) => holdsOn(rate, date));
  }
}

function taxByRates(
  { taxable }: TaxableLine,
  rates: readonly TaxRate[],
  { pricesIncludeTax, rounding }: TaxRequest,
): LineTax {
  const shares = rates.map(({ percent }) => times(ratioOfDecimal(percent), HUNDREDTH));
  const net = pricesIncludeTax ? netOf(taxable, shares) : ratio(taxable);
  const details = rates.map((rate, index): TaxDetail => ({
    name: rate.name,
    jurisdiction: jurisdictionOf(rate),
    percent: rate.percent,
    amount: rounded(times(net, shares[index] ?? ZERO), rounding),
  }));
  return { tax: details.reduce((sum, { amount }) => sum + amount, 0n), details, note: undefined };
}

/** The exact net amount of a price that includes taxes of these shares of it. */
function netOf(gross: bigint, shares: readonly Ratio[]): Ratio {
  const factor = shares.reduce((sum, share) => plus(sum, share), ratio(1n));
  return ratio(gross * factor.denominator, factor.numerator);
}

function holdsOn({ from, to }: Pick<TaxRate, "from" | "to">, date: string): boolean {
  return date >= from && (to === undefined || date < to);
}

function jurisdictionOf({ country, region, city }: Pick<TaxRate, "country" | "region" | "city">): string {
  return [country, region, city].filter((part) => part !== undefined).join("/");
}
