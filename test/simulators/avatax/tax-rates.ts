import { roundedText, scaled, sumTexts, UNIT } from "../exact-numbers.ts";

/** The simulator's own rates: invented, with a change of one of them, so that the day matters. */
interface Rate {
  readonly country: string;
  readonly region: string;
  readonly jurisName: string;
  readonly taxName: string;
  readonly rate: string;
  /** First day, and first day that it does not hold for any more. */
  readonly from: string;
  readonly to: string;
}

const EVER = "9999-12-31";
const rate = (
  country: string,
  region: string,
  jurisName: string,
  taxName: string,
  percentage: string,
  from = "0000-01-01",
  to = EVER,
): Rate => ({ country, region, jurisName, taxName, rate: percentage, from, to });

export const RATES: readonly Rate[] = [
  rate("US", "CA", "CALIFORNIA", "CA STATE TAX", "0.06"),
  rate("US", "CA", "LOS ANGELES", "CA COUNTY TAX", "0.0025"),
  rate("US", "CA", "LOS ANGELES CO LOCAL TAX SL", "CA SPECIAL TAX", "0.0325", "0000-01-01", "2026-03-01"),
  rate("US", "CA", "LOS ANGELES CO LOCAL TAX SL", "CA SPECIAL TAX", "0.035", "2026-03-01"),
  rate("US", "WA", "WASHINGTON", "WA STATE TAX", "0.065"),
  rate("DE", "DE", "GERMANY", "Standard Rate", "0.19"),
  rate("JP", "JP", "JAPAN", "Standard Rate", "0.1"),
];

/** Tax codes that no tax is due for. */
const NON_TAXABLE_CODES: ReadonlySet<string> = new Set(["NT"]);
/** Digits of currencies other than 2. */
const CURRENCY_DIGITS: Readonly<Record<string, number>> = { JPY: 0, KWD: 3 };

export interface LineToTax {
  readonly amount: string;
  readonly taxCode: string | undefined;
  readonly taxDate: string;
  readonly taxIncluded: boolean;
  readonly isExempt: boolean;
  readonly country: string;
  readonly region: string;
}

export interface TaxedDetail {
  readonly rate: Rate;
  readonly tax: string;
}

export function currencyDigits(currency: string): number {
  return CURRENCY_DIGITS[currency] ?? 2;
}

/** Whether a place is one that taxes are known of. */
export function isKnownPlace(country: string, region: string): boolean {
  return RATES.some(
    (each) => each.country === country && (each.region === region || each.region === country),
  );
}

/** The taxes of a line: each rate on the net amount, rounded by itself. */
export function taxLine(line: LineToTax, currency: string): readonly TaxedDetail[] {
  if (line.isExempt || (line.taxCode !== undefined && NON_TAXABLE_CODES.has(line.taxCode))) return [];
  const rates = RATES.filter(
    (each) =>
      each.country === line.country &&
      (each.region === line.region || each.region === line.country) &&
      line.taxDate >= each.from &&
      line.taxDate < each.to,
  );
  const share = rates.reduce((sum, each) => sum + scaled(each.rate), 0n);
  const denominator = line.taxIncluded ? UNIT + share : UNIT;
  return rates.map((each) => ({
    rate: each,
    tax: roundedText(scaled(line.amount) * scaled(each.rate), denominator * UNIT, currencyDigits(currency)),
  }));
}

export function totalOf(details: readonly TaxedDetail[], currency: string): string {
  return sumTexts(
    details.map(({ tax }) => tax),
    currencyDigits(currency),
  );
}
