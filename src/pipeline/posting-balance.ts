import { currencyExponent } from "../billing/rating/currencies.ts";
import { formatMinorUnits } from "../billing/rating/money.ts";
import type { AddCheck } from "./billing-balance.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/**
 * What is invoiced since a connection began is in its ERP, or on its way, or waits: by the ledger's receivable on the one
 * side, by the states of the documents on the other.
 */
export function checkPostings({ postings, invoices }: PartitionEngine, add: AddCheck): void {
  const known = new Map<string, bigint>();
  for (const { connection, legalEntity, currency, amount } of postings.book.entries()) {
    if (amount === undefined) continue;
    const of = `${connection} ${legalEntity} ${currency}`;
    known.set(of, (known.get(of) ?? 0n) + amount);
  }
  for (const { connection, legalEntity, currency, receivable, leftOut } of postings.book.sinces()) {
    const of = `${connection} ${legalEntity} ${currency}`;
    const invoiced = invoices.book.totals.receivable(legalEntity, currency) - receivable - leftOut;
    const exponent = currencyExponent(currency) ?? 0;
    add(
      "invoiced = posted + open",
      of,
      formatMinorUnits(invoiced, exponent),
      formatMinorUnits(known.get(of) ?? 0n, exponent),
    );
  }
}
