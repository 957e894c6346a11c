import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import type { AppliedRate } from "../../billing/exchange/exchange-rate.ts";
import { withFunctionalAmounts } from "../../billing/ledger/functional-entry.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import { localDate } from "../../billing/zone-days.ts";
import type { Journal } from "../journal.ts";
import type { BillingBook } from "./billing-book.ts";
import type { HeldEntries } from "./held-entries.ts";

/** Name of the reason for which a document or an entry waits instead of being converted by a guess. */
export const EXCHANGE_RATE_MISSING = "exchange-rate-missing";

/** Units of `SliceBudget` that trying held entries again costs. */
const RETRY_UNITS = 50;

export type RateLookup =
  | { readonly kind: "none-needed" }
  | { readonly kind: "found"; readonly rate: AppliedRate }
  | { readonly kind: "missing"; readonly detail: string };

/** Brings entries to the functional currency of their legal entity before they are booked, or holds them. */
export class EntryExchange {
  readonly #book: Pick<BillingBook, "book"> & { readonly heldEntries: HeldEntries };
  readonly #journal: Pick<Journal, "exception">;
  readonly #catalog: CompiledCatalog;

  constructor(
    book: Pick<BillingBook, "book"> & { readonly heldEntries: HeldEntries },
    journal: Pick<Journal, "exception">,
    catalog: CompiledCatalog,
  ) {
    this.#book = book;
    this.#journal = journal;
    this.#catalog = catalog;
  }

  /** The rate of what a contract owes, on the day of a time in the legal entity's time zone. */
  rateAt(contract: CompiledContract, timeMs: number): RateLookup {
    return this.#rateOn(contract, localDate(contract.legalEntity.time_zone, timeMs));
  }

  #rateOn({ legalEntity, currency }: CompiledContract, date: string): RateLookup {
    const { functional_currency: functional } = legalEntity;
    if (functional === undefined || functional === currency) return { kind: "none-needed" };
    const rate = this.#catalog.exchangeRates.rateOn(currency, functional, date);
    return rate === undefined
      ? { kind: "missing", detail: `no rate from ${currency} to ${functional} on ${date}` }
      : { kind: "found", rate };
  }

  /**
   * Books entries that belong together (an accrual and its reversal) by one rate: that of the first one's day. Without
   * that rate all of them wait for a catalog that has it.
   */
  book(contract: CompiledContract, entries: readonly JournalEntry[]): void {
    const held = this.#tryBook(contract, entries);
    if (held === undefined) return;
    const ordinal = this.#book.heldEntries.add({ entries, catalogVersion: this.#catalog.version });
    this.#except(contract, ordinal, entries, held);
  }

  /** Tries what waits again, by the catalog in effect now. */
  *retry(budget: SliceBudget): SlicedWork {
    const { version } = this.#catalog;
    for (const [ordinal, { entries, catalogVersion }] of this.#book.heldEntries.all()) {
      if (budget.spend(RETRY_UNITS)) yield;
      if (catalogVersion === version) continue;
      const contract = this.#catalog.contract(entries[0]?.contract ?? "");
      if (contract === undefined) continue;
      const held = this.#tryBook(contract, entries);
      if (held === undefined) this.#book.heldEntries.remove(ordinal);
      else {
        this.#book.heldEntries.set(ordinal, { entries, catalogVersion: version });
        this.#except(contract, ordinal, entries, held);
      }
    }
  }

  /** Why the entries can't be booked; undefined where they were. */
  #tryBook(contract: CompiledContract, entries: readonly JournalEntry[]): string | undefined {
    const [first] = entries;
    if (first === undefined) return undefined;
    const found = this.#rateOn(contract, first.date);
    if (found.kind === "missing") return found.detail;
    for (const entry of entries)
      this.#book.book(found.kind === "found" ? withFunctionalAmounts(entry, found.rate) : entry);
    return undefined;
  }

  #except(
    { id: contract }: CompiledContract,
    ordinal: number,
    [first]: readonly JournalEntry[],
    detail: string,
  ): void {
    const { version } = this.#catalog;
    const { date = "", memo = "" } = first ?? {};
    this.#journal.exception({
      id: `${EXCHANGE_RATE_MISSING}-${contract}-entry-${ordinal}-${version}`,
      stage: "exchange",
      reason: EXCHANGE_RATE_MISSING,
      sinceMs: Date.parse(`${date}T00:00:00Z`),
      details: JSON.stringify({ contract, date, memo, detail }),
    });
  }
}
