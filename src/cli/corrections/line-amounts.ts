import { InvalidArgumentError } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { parseDecimal, rescale } from "../../model/decimal.ts";
import { currencyExponent } from "../../billing/rating/currencies.ts";

/** A line of an invoice, from 1, and an amount in currency units as it was written. */
export interface LineAmount {
  readonly line: number;
  readonly amount: string;
}

/** Collects `--line 2=10.50`. */
export function collectLineAmount(text: string, former: readonly LineAmount[] = []): LineAmount[] {
  const match = /^(\d+)=(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("It must be a line and an amount, such as 2=10.50.");
  return [...former, { line: Number(match[1]), amount: match[2] ?? "" }];
}

/** The amounts in minor units, as a request names them. Throws `usage-invalid` for more digits than the currency has. */
export function inMinorUnits(amounts: readonly LineAmount[], currency: string): [number, string][] {
  return amounts.map(({ line, amount }) => {
    const decimal = parseDecimal(amount);
    const minorUnits =
      decimal === undefined
        ? "too-precise"
        : rescale(decimal.coefficient, decimal.scale, currencyExponent(currency) ?? 0);
    if (typeof minorUnits === "string" || BigInt(minorUnits) <= 0n)
      throw new TributaryError(
        "usage-invalid",
        `${amount} is no amount of ${currency} above 0 (line ${line}).`,
      );
    return [line, minorUnits.toString()];
  });
}
