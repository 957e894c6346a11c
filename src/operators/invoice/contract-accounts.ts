import type { CompiledContract } from "../../billing/catalog/compiled.ts";
import type { EarnedAmount } from "../../billing/invoices/earned-charges.ts";
import { discountLines } from "../../billing/invoices/invoice-discounts.ts";
import type { FrozenDocument } from "../../billing/invoices/billing-document.ts";
import { functionalShare } from "../../billing/exchange/functional-amount.ts";
import { netOfLine } from "../../billing/invoices/freeze-document.ts";
import type { LedgerEntry } from "../../billing/credits/ledger-entries.ts";
import { functionalDeferrals } from "../../billing/ledger/document-entry.ts";
import {
  journalEntry,
  type EntryFunctional,
  type EntryKind,
  type JournalEntry,
  type Posting,
} from "../../billing/ledger/journal-entry.ts";
import { earnedBy } from "../../billing/ledger/release.ts";
import { localDate } from "../../billing/zone-days.ts";
import type { BillingBook } from "./billing-book.ts";
import { billedPeriodKey, type BilledContract, type Deferral } from "./billing-rows.ts";
import type { EntryExchange } from "./entry-exchange.ts";

/** Books what is not a document: accruals, releases of deferred revenue, credits. */
export class ContractAccounts {
  readonly #book: BillingBook;
  readonly #exchange: EntryExchange;

  constructor(book: BillingBook, exchange: EntryExchange) {
    this.#book = book;
    this.#exchange = exchange;
  }

  /**
   * Accrues what is earned by the end of an accounting month and not invoiced, net of the invoice's discounts, and takes
   * it back on the next day, by the same exchange rate: the invoice books it as revenue once more.
   * @param monthEndMs first moment of the next accounting month
   */
  accrue(contract: CompiledContract, earned: readonly EarnedAmount[], monthEndMs: number): void {
    const amounts = earned.map(({ amount }) => amount);
    const { byLine } = discountLines(
      contract.invoiceDiscounts,
      amounts,
      contract.currencyExponent,
      contract.rounding,
    );
    const postings = earned.flatMap(({ product, amount }, index): Posting[] => {
      const net = amount - (byLine[index] ?? 0n);
      return [
        { account: "unbilled-receivable", amount: net, product: "" },
        { account: "revenue", amount: -net, product },
      ];
    });
    const reversed = postings.map((posting) => ({ ...posting, amount: -posting.amount }));
    this.#exchange.book(contract, [
      ...entryOf(contract, "accrual", monthEndMs - 1, "Unbilled revenue", postings),
      ...entryOf(contract, "accrual-reversal", monthEndMs, "Unbilled revenue, reversed", reversed),
    ]);
  }

  /** Defers the fees of a final document that are due in advance. */
  defer(row: BilledContract, document: FrozenDocument): void {
    const { lines, taxIncluded } = document;
    const functionalAmounts = functionalDeferrals(document);
    for (const [index, line] of lines.entries()) {
      if (!line.inAdvance) continue;
      const number = this.#book.periods.numberOf(billedPeriodKey(row.contract, line.periodStartMs));
      if (number === undefined) continue;
      const period = this.#book.periods.change(number);
      const before: Deferral = period.deferrals.get(line.charge) ?? { deferred: 0n, released: 0n };
      const net = netOfLine(line, taxIncluded);
      period.deferrals = new Map(period.deferrals).set(
        line.charge,
        withDeferred(before, net, functionalAmounts[index]),
      );
      if (!row.deferring.includes(line.periodStartMs))
        row.deferring = [...row.deferring, line.periodStartMs].sort((a, b) => a - b);
    }
  }

  /**
   * Releases deferred fees to revenue as far as they are earned by a time: in the functional currency at the rates at
   * which they were deferred, whatever rates are since.
   */
  release(contract: CompiledContract, row: BilledContract, timeMs: number): void {
    const postings: Posting[] = [];
    const { functional_currency: currency } = contract.legalEntity;
    let functional: EntryFunctional | undefined;
    const left: number[] = [];
    for (const startMs of row.deferring) {
      const number = this.#book.periods.numberOf(billedPeriodKey(row.contract, startMs));
      if (number === undefined) continue;
      const period = this.#book.periods.change(number);
      const deferrals = new Map(period.deferrals);
      for (const [key, before] of deferrals) {
        const earned = earnedBy(before.deferred, contract.timeZone, startMs, period.endMs, timeMs);
        const after = withReleased(before, earned, timeMs >= period.endMs);
        const product = period.charges.get(key)?.product ?? "";
        const amount = earned - before.released;
        const debit: Posting = { account: "deferred-revenue", amount, product };
        const credit: Posting = { account: "revenue", amount: -amount, product };
        if (after.functional === undefined || currency === undefined) postings.push(debit, credit);
        else {
          const converted = after.functional.released - (before.functional?.released ?? 0n);
          functional = { currency, rate: undefined, rateDate: undefined };
          postings.push({ ...debit, functional: converted }, { ...credit, functional: -converted });
        }
        deferrals.set(key, after);
      }
      period.deferrals = deferrals;
      if (period.endMs > timeMs) left.push(startMs);
    }
    row.deferring = left;
    for (const entry of entryOf(contract, "release", timeMs - 1, "Fees earned", postings, functional))
      this.#book.book(entry);
  }

  /** Books what happened to prepaid credits other than their use, which the documents book. */
  bookCredits(contract: CompiledContract, entries: readonly LedgerEntry[]): void {
    for (const { kind, timeMs, grant, amount } of entries) {
      const against =
        kind === "grant" || kind === "void"
          ? "credits-granted"
          : kind === "expire"
            ? "credits-expired"
            : undefined;
      if (against === undefined) continue;
      const debited = kind === "grant" ? amount : -amount;
      const postings: readonly Posting[] = [
        { account: against, amount: debited, product: "" },
        { account: "credits", amount: -debited, product: "" },
      ];
      const memo = `Credits ${grant}: ${kind}`;
      this.#exchange.book(contract, entryOf(contract, "credits", timeMs, memo, postings));
    }
  }
}

/** An entry of the contract's books on a time's day; none where nothing is to be posted. */
function entryOf(
  contract: CompiledContract,
  kind: EntryKind,
  timeMs: number,
  memo: string,
  postings: readonly Posting[],
  functional?: EntryFunctional,
): readonly JournalEntry[] {
  const { legalEntity, currency, id } = contract;
  const date = localDate(legalEntity.time_zone, timeMs);
  const head = { kind, date, memo, legalEntity: legalEntity.key, currency, contract: id };
  const entry = journalEntry(
    { ...head, document: undefined, ...(functional === undefined ? {} : { functional }) },
    postings,
  );
  return entry === undefined ? [] : [entry];
}

function withDeferred(before: Deferral, net: bigint, functional: bigint | undefined): Deferral {
  const after = { ...before, deferred: before.deferred + net };
  if (functional === undefined) return after;
  const { deferred, released } = before.functional ?? { deferred: 0n, released: 0n };
  return { ...after, functional: { deferred: deferred + functional, released } };
}

/** @param isOver nothing may stay deferred, in either currency */
function withReleased(before: Deferral, earned: bigint, isOver: boolean): Deferral {
  const { deferred, functional } = before;
  if (functional === undefined) return { deferred, released: earned };
  const released = isOver ? functional.deferred : functionalShare(functional.deferred, earned, deferred);
  return { deferred, released: earned, functional: { deferred: functional.deferred, released } };
}
