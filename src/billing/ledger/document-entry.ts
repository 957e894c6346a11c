import type { CompiledContract } from "../catalog/compiled.ts";
import type { DocumentLine, FrozenDocument } from "../invoices/billing-document.ts";
import { netOfLine } from "../invoices/freeze-document.ts";
import { localDate } from "../zone-days.ts";
import { functionalAmount } from "../exchange/functional-amount.ts";
import { withFunctionalAmounts } from "./functional-entry.ts";
import { journalEntry, type JournalEntry, type LedgerAccount, type Posting } from "./journal-entry.ts";

/**
 * The entry of a final document: what is to be paid and what credits pay against revenue (net of discounts) and tax. Fees
 * that are due in advance are deferred: they become revenue over their service period.
 */
export function documentEntry(
  document: FrozenDocument,
  contract: CompiledContract,
  number: string,
): JournalEntry | undefined {
  const postings: Posting[] = [
    { account: "receivable", amount: document.total, product: "" },
    { account: "credits", amount: document.credits, product: "" },
    { account: "tax-payable", amount: -document.tax, product: "" },
  ];
  for (const line of document.lines)
    postings.push({
      account: incomeAccount(line),
      amount: -netOfLine(line, document.taxIncluded),
      product: line.product,
    });
  const entry = journalEntry(
    {
      kind: "document",
      date: localDate(contract.legalEntity.time_zone, document.issuedMs),
      memo: `${document.kind === "invoice" ? "Invoice" : "Credit memo"} ${number}`,
      legalEntity: contract.legalEntity.key,
      currency: contract.currency,
      contract: contract.id,
      document: document.id,
    },
    postings,
  );
  return entry === undefined || document.exchange === undefined
    ? entry
    : withFunctionalAmounts(entry, document.exchange);
}

/**
 * What of a document's deferred revenue is each line's in the functional currency, line by line; undefined for lines that
 * defer nothing, and without a rate. The lines of a product add up to what the entry has deferred for it.
 */
export function functionalDeferrals({
  lines,
  taxIncluded,
  exchange,
}: FrozenDocument): readonly (bigint | undefined)[] {
  const found = lines.map((): bigint | undefined => undefined);
  if (exchange === undefined) return found;
  const byProduct = new Map<string, number[]>();
  for (const [index, { product, inAdvance }] of lines.entries())
    if (inAdvance) byProduct.set(product, [...(byProduct.get(product) ?? []), index]);
  for (const indices of byProduct.values()) {
    let whole = 0n;
    let converted = 0n;
    for (const index of indices) {
      const line = lines[index];
      const net = line === undefined ? 0n : netOfLine(line, taxIncluded);
      const amount = functionalAmount(net, exchange);
      whole += net;
      converted += amount;
      found[index] = amount;
    }
    // The entry has the sum, rounded once: the last line takes what rounding each by itself has left.
    const last = indices.at(-1) ?? 0;
    found[last] = (found[last] ?? 0n) + functionalAmount(whole, exchange) - converted;
  }
  return found;
}

/** Where a line's net amount is booked. */
export function incomeAccount(line: Pick<DocumentLine, "inAdvance" | "adjusts">): LedgerAccount {
  if (line.inAdvance) return "deferred-revenue";
  return line.adjusts === undefined ? "revenue" : "adjustments";
}
