import type { Company, Environment } from "./environment.ts";
import { dialog } from "./errors.ts";
import type { Store } from "./store.ts";

/** What the services of an environment work on. */
export interface Books {
  readonly environment: Environment;
  readonly store: Store;
  readonly nowMs: () => number;
}

/** Throws where a day is not among those on which may be posted. */
export function checkPostingDate(company: Company, date: string): void {
  const { allowPostingFrom: from, allowPostingTo: to, closedMonths } = company;
  if ((from === "" || date >= from) && (to === "" || date <= to) && !closedMonths.has(date.slice(0, 7)))
    return;
  throw dialog(
    `Posting Date is not within your range of allowed posting dates. (Current value is '${date}'.)`,
  );
}

export interface LedgerEntry {
  readonly date: string;
  readonly documentNumber: string;
  readonly documentType: string;
  /** The same for all entries of one posting; the API doesn't show it. */
  readonly transactionNumber: string;
  readonly account: string;
  /** Debits are positive; a decimal in the local currency. */
  readonly amount: string;
  readonly description: string;
}

export function writeEntry({ store, nowMs }: Books, company: Company, entry: LedgerEntry): void {
  const isCredit = entry.amount.startsWith("-");
  store.create({
    set: "generalLedgerEntries",
    company: company.id,
    modifiedMs: nowMs(),
    lines: [],
    applied: "0",
    values: {
      entryNumber: String(store.takeNumber(`${company.id} `, 1)),
      postingDate: entry.date,
      documentNumber: entry.documentNumber,
      documentType: entry.documentType,
      transactionNumber: entry.transactionNumber,
      accountNumber: entry.account,
      description: entry.description,
      debitAmount: isCredit ? "0" : entry.amount,
      creditAmount: isCredit ? entry.amount.slice(1) : "0",
    },
  });
}
