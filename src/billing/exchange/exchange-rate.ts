import { z } from "zod";
import { startOfDate } from "../catalog/dates.ts";
import { positiveDecimalField, textField } from "../catalog/fields.ts";
import { currencyExponent } from "../rating/currencies.ts";

/** A field with an ISO 4217 code of a currency that one can bill in. */
export const currencyField = () =>
  z.string().refine((code) => currencyExponent(code) !== undefined, {
    error: (issue) => `${JSON.stringify(issue.input)} is not an ISO 4217 currency`,
  });

/** What one unit of a currency is worth in another from a day on, until the next rate of the two. */
export const exchangeRateSchema = z
  .strictObject({
    from: currencyField().describe("Currency of contracts, ISO 4217."),
    to: currencyField().describe("Functional currency of legal entities, ISO 4217."),
    rate: positiveDecimalField().describe("What one unit of `from` is worth in `to`."),
    date: z
      .string()
      .refine((text) => startOfDate(text) !== undefined, "must be a date, like 2026-01-31")
      .describe("First day that it holds for; it ends with the next rate, or when it is too old."),
    source: textField().describe("Who says so, like ECB reference rate."),
  })
  .superRefine(({ from, to }, context) => {
    if (from === to)
      context.addIssue({ code: "custom", path: ["to"], message: "must be another currency than from" });
  });
export type ExchangeRate = z.output<typeof exchangeRateSchema>;

/** Names a rate: there is one for two currencies and a day. */
export function exchangeRateKey({ from, to, date }: Pick<ExchangeRate, "from" | "to" | "date">): string {
  return `${from}-${to}-${date}`;
}

/** A rate that something was booked by. */
export type AppliedRate = Omit<ExchangeRate, "source">;
