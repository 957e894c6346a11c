import { TrialBalance } from "../billing/ledger/balances.ts";
import { currencyExponent } from "../billing/rating/currencies.ts";
import { formatMinorUnits, minorUnitsOfText } from "../billing/rating/money.ts";
import { storedDocuments, storedEntries } from "../operators/invoice/billing-book.ts";
import type { ReportSource } from "./partition-report.ts";

export type BillingCheck =
  | "ledger debits = credits"
  | "functional debits = credits"
  | "ledger entries = balances"
  | "functional entries = balances"
  | "documents = receivable"
  | "invoiced = posted + open"
  | "usage on documents = usage invoiced"
  | "rated = invoiced (billed periods without late usage)";

/** Told each check: what it is about, and its two sides in currency units. */
export type AddCheck = (check: BillingCheck, of: string, left: string, right: string) => void;

/**
 * The equations of billing. Each side is found by another way: documents and entries as they are stored, balances and
 * invoiced amounts as they are kept while billing, rated amounts by the rater.
 */
export function checkBilling({ engine, store }: ReportSource, add: AddCheck): void {
  const trial = new TrialBalance();
  for (const entry of storedEntries(store)) trial.add(entry);
  for (const { legalEntity, currency, debits, credits, functional } of trial.totals()) {
    const of = `${legalEntity} ${currency}`;
    add("ledger debits = credits", of, money(debits, currency), money(credits, currency));
    if (functional !== undefined)
      add(
        "functional debits = credits",
        `${of} in ${functional.currency}`,
        money(functional.debits, functional.currency),
        money(functional.credits, functional.currency),
      );
  }
  const kept = new Map<string, bigint>();
  const keptFunctional = new Map<string, bigint>();
  const receivable = new Map<string, bigint>();
  for (const balance of engine.invoices.book.totals.balances()) {
    const { legalEntity, currency, account, debits, credits, functional } = balance;
    const of = `${legalEntity} ${currency} ${account}`;
    kept.set(of, debits - credits);
    if (functional !== undefined) keptFunctional.set(of, functional.debits - functional.credits);
    if (account === "receivable") receivable.set(`${legalEntity} ${currency}`, debits - credits);
  }
  for (const { legalEntity, currency, account, debits, credits, functional } of trial.balances()) {
    const of = `${legalEntity} ${currency} ${account}`;
    add(
      "ledger entries = balances",
      of,
      money(debits - credits, currency),
      money(kept.get(of) ?? 0n, currency),
    );
    if (functional !== undefined)
      add(
        "functional entries = balances",
        `${of} in ${functional.currency}`,
        money(functional.debits - functional.credits, functional.currency),
        money(keptFunctional.get(of) ?? 0n, functional.currency),
      );
  }
  const totals = new Map<string, bigint>();
  const usageLines = new Map<string, bigint>();
  const addTo = (sums: Map<string, bigint>, key: string, amount: bigint): void => {
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  };
  for (const document of storedDocuments(store)) {
    const { legalEntity, currency } = document;
    addTo(totals, `${legalEntity} ${currency}`, minorUnitsOfText(document.total));
    for (const line of document.lines)
      if (line.kind === "usage") addTo(usageLines, currency, minorUnitsOfText(line.amount));
  }
  for (const [of, total] of totals) {
    const currency = of.slice(of.lastIndexOf(" ") + 1);
    add("documents = receivable", of, money(total, currency), money(receivable.get(of) ?? 0n, currency));
  }
  checkInvoiced(engine, usageLines, add);
}

function checkInvoiced(engine: ReportSource["engine"], usageLines: Map<string, bigint>, add: AddCheck): void {
  const { catalog, invoices, rater } = engine;
  if (catalog === undefined) return;
  const { book } = invoices;
  for (const { contract, lines } of [...book.frozen(), ...book.held()]) {
    const currency = catalog.contract(contract)?.currency ?? "";
    for (const { kind, amount } of lines)
      if (kind === "usage") usageLines.set(currency, (usageLines.get(currency) ?? 0n) + amount);
  }
  const invoiced = new Map<string, bigint>();
  const settled = new Map<string, { rated: bigint; invoiced: bigint }>();
  const isSettled = (contractId: string, startMs: number): boolean => {
    const number = book.contracts.numberOf(contractId);
    const contract = catalog.contract(contractId);
    if (number === undefined || contract === undefined || startMs >= contract.endMs) return false;
    if (contract.periodAt(startMs).endMs <= catalog.settings.billingStartMs) return false;
    const { billedUpToMs, latePeriods } = book.contracts.at(number);
    return startMs < billedUpToMs && !latePeriods.includes(startMs);
  };
  const settledIn = (currency: string): { rated: bigint; invoiced: bigint } => {
    const sums = settled.get(currency) ?? { rated: 0n, invoiced: 0n };
    settled.set(currency, sums);
    return sums;
  };
  for (const period of book.periods.entries()) {
    const currency = catalog.contract(period.contract)?.currency ?? "";
    let usage = 0n;
    for (const { kind, amount } of period.charges.values()) if (kind === "usage") usage += amount;
    invoiced.set(currency, (invoiced.get(currency) ?? 0n) + usage);
    if (isSettled(period.contract, period.startMs)) settledIn(currency).invoiced += usage;
  }
  for (const { contract: id, price, periodStartMs, billed } of rater.pricePeriods()) {
    const contract = catalog.contract(id);
    if (price === undefined || contract === undefined || !isSettled(id, periodStartMs)) continue;
    settledIn(contract.currency).rated += billed;
  }
  for (const [currency, amount] of invoiced)
    add(
      "usage on documents = usage invoiced",
      currency,
      money(usageLines.get(currency) ?? 0n, currency),
      money(amount, currency),
    );
  for (const [currency, sums] of settled)
    add(
      "rated = invoiced (billed periods without late usage)",
      currency,
      money(sums.rated, currency),
      money(sums.invoiced, currency),
    );
}

function money(minor: bigint, currency: string): string {
  return formatMinorUnits(minor, currencyExponent(currency) ?? 0);
}
