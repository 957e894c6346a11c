import type { CompiledContract } from "../../billing/catalog/compiled.ts";
import { discountLines } from "../../billing/invoices/invoice-discounts.ts";
import type { FrozenDocument } from "../../billing/invoices/billing-document.ts";
import { netOfLine } from "../../billing/invoices/freeze-document.ts";
import type { LedgerEntry } from "../../billing/credits/ledger-entries.ts";
import { journalEntry, type EntryKind, type Posting } from "../../billing/ledger/journal-entry.ts";
import { earnedBy } from "../../billing/ledger/release.ts";
import { localDate } from "../../billing/zone-days.ts";
import type { BillingBook } from "./billing-book.ts";
import { billedPeriodKey, type BilledContract } from "./billing-rows.ts";

/** An amount that is earned and not invoiced, minor units. */
export interface EarnedAmount {
  readonly product: string;
  readonly amount: bigint;
}

/** Books what is not a document: accruals, releases of deferred revenue, credits. */
export class ContractAccounts {
  readonly #book: BillingBook;

  constructor(book: BillingBook) {
    this.#book = book;
  }

  /**
   * Accrues what is earned by the end of an accounting month and not invoiced, net of the invoice's discounts, and takes
   * it back on the next day: the invoice books it as revenue once more.
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
    this.#post(contract, "accrual", monthEndMs - 1, "Unbilled revenue", postings);
    this.#post(
      contract,
      "accrual-reversal",
      monthEndMs,
      "Unbilled revenue, reversed",
      postings.map((posting) => ({ ...posting, amount: -posting.amount })),
    );
  }

  /** Defers the fees of a final document that are due in advance. */
  defer(row: BilledContract, { lines, taxIncluded }: FrozenDocument): void {
    for (const line of lines) {
      if (!line.inAdvance) continue;
      const number = this.#book.periods.numberOf(billedPeriodKey(row.contract, line.periodStartMs));
      if (number === undefined) continue;
      const period = this.#book.periods.change(number);
      const { deferred, released } = period.deferrals.get(line.charge) ?? { deferred: 0n, released: 0n };
      period.deferrals = new Map(period.deferrals).set(line.charge, {
        deferred: deferred + netOfLine(line, taxIncluded),
        released,
      });
      if (!row.deferring.includes(line.periodStartMs))
        row.deferring = [...row.deferring, line.periodStartMs].sort((a, b) => a - b);
    }
  }

  /** Releases deferred fees to revenue as far as they are earned by a time. */
  release(contract: CompiledContract, row: BilledContract, timeMs: number): void {
    const postings: Posting[] = [];
    const left: number[] = [];
    for (const startMs of row.deferring) {
      const number = this.#book.periods.numberOf(billedPeriodKey(row.contract, startMs));
      if (number === undefined) continue;
      const period = this.#book.periods.change(number);
      const deferrals = new Map(period.deferrals);
      for (const [key, { deferred, released }] of deferrals) {
        const earned = earnedBy(deferred, contract.timeZone, startMs, period.endMs, timeMs);
        const product = period.charges.get(key)?.product ?? "";
        postings.push(
          { account: "deferred-revenue", amount: earned - released, product },
          { account: "revenue", amount: released - earned, product },
        );
        deferrals.set(key, { deferred, released: earned });
      }
      period.deferrals = deferrals;
      if (period.endMs > timeMs) left.push(startMs);
    }
    row.deferring = left;
    this.#post(contract, "release", timeMs - 1, "Fees earned", postings);
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
      this.#post(contract, "credits", timeMs, `Credits ${grant}: ${kind}`, [
        { account: against, amount: debited, product: "" },
        { account: "credits", amount: -debited, product: "" },
      ]);
    }
  }

  #post(
    contract: CompiledContract,
    kind: EntryKind,
    timeMs: number,
    memo: string,
    postings: readonly Posting[],
  ): void {
    const { legalEntity, currency, id } = contract;
    const date = localDate(legalEntity.time_zone, timeMs);
    const head = { kind, date, memo, legalEntity: legalEntity.key, currency, contract: id };
    this.#book.book(journalEntry({ ...head, document: undefined }, postings));
  }
}
