import type { AppliedRate } from "../exchange/exchange-rate.ts";
import { functionalAmount } from "../exchange/functional-amount.ts";
import type { JournalEntry, Posting } from "./journal-entry.ts";

/**
 * An entry with its postings in the legal entity's functional currency too, each converted and rounded by itself. What
 * rounding leaves is a posting of its own, so that the entry balances in both currencies.
 */
export function withFunctionalAmounts(entry: JournalEntry, rate: AppliedRate): JournalEntry {
  const postings = entry.postings.map((posting): Posting => ({
    ...posting,
    functional: functionalAmount(posting.amount, rate),
  }));
  const difference = functionalSum(postings);
  if (difference !== 0n)
    postings.push({ account: "currency-rounding", amount: 0n, product: "", functional: -difference });
  return { ...entry, functional: { currency: rate.to, rate: rate.rate, rateDate: rate.date }, postings };
}

/** What the functional amounts add up to: 0, or the entry does not balance. */
export function functionalSum(postings: readonly Posting[]): bigint {
  return postings.reduce((sum, { functional }) => sum + (functional ?? 0n), 0n);
}
