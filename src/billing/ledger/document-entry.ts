import type { CompiledContract } from "../catalog/compiled.ts";
import type { DocumentLine, FrozenDocument } from "../invoices/billing-document.ts";
import { netOfLine } from "../invoices/freeze-document.ts";
import { localDate } from "../zone-days.ts";
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
  return journalEntry(
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
}

/** Where a line's net amount is booked. */
export function incomeAccount(line: Pick<DocumentLine, "inAdvance" | "adjusts">): LedgerAccount {
  if (line.inAdvance) return "deferred-revenue";
  return line.adjusts === undefined ? "revenue" : "adjustments";
}
