import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { BillingPeriod, CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import { documentNumber } from "../../billing/catalog/legal-entity.ts";
import {
  publishedDocument,
  type FrozenDocument,
  type PublishedDocument,
} from "../../billing/invoices/billing-document.ts";
import { completeDocument, untaxedDocument } from "../../billing/invoices/freeze-document.ts";
import type { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import type { EarnedAmount } from "../../billing/invoices/earned-charges.ts";
import { linesToInvoice, type InvoiceLine, withLines } from "../../billing/invoices/invoice-lines.ts";
import { advanceCharges, type PeriodCharge } from "../../billing/invoices/period-charges.ts";
import { documentEntry } from "../../billing/ledger/document-entry.ts";
import type { Journal } from "../journal.ts";
import type { Rater } from "../rate/rate-operator.ts";
import type { BillingBook } from "./billing-book.ts";
import { type BilledContract, billedPeriodKey, forgetDocument, newPeriod } from "./billing-rows.ts";
import { ContractAccounts } from "./contract-accounts.ts";
import { ContractCredits } from "./contract-credits.ts";
import { DocumentTaxes } from "./document-taxes.ts";
import { isPeriodPending, periodDueMs } from "./billing-schedule.ts";
import { EntryExchange } from "./entry-exchange.ts";
import { InvoiceCharges } from "./invoice-charges.ts";
import { PrepaidUnits, type UnitPayer } from "./prepaid-units.ts";

export interface ContractBillerOptions {
  readonly book: BillingBook;
  readonly rater: Rater;
  readonly journal: Journal;
  readonly catalog: CompiledCatalog;
}

interface DocumentHead {
  readonly period: BillingPeriod;
  readonly issuedMs: number;
  /** Time at which credits pay. */
  readonly creditsAtMs: number;
}

/**
 * Bills one contract. What is due at one time is done in this order: the accounting month that has ended (accrual and
 * release), the fees at the contract's start, the billing period that has ended, corrections of a contract that is over.
 */
export class ContractBiller {
  readonly #book: BillingBook;
  readonly #rater: Rater;
  readonly #journal: Journal;
  readonly #catalog: CompiledCatalog;
  readonly #charges: InvoiceCharges;
  readonly #accounts: ContractAccounts;
  readonly #credits: ContractCredits;
  readonly #exchange: EntryExchange;
  readonly #units: PrepaidUnits;
  readonly taxes: DocumentTaxes;

  constructor({ book, rater, journal, catalog }: ContractBillerOptions) {
    this.#book = book;
    this.#rater = rater;
    this.#journal = journal;
    this.#catalog = catalog;
    this.#charges = new InvoiceCharges(rater, catalog);
    this.#exchange = new EntryExchange(book, journal, catalog);
    this.#accounts = new ContractAccounts(book, this.#exchange);
    this.#credits = new ContractCredits(book, this.#accounts);
    this.#units = new PrepaidUnits(book);
    this.taxes = new DocumentTaxes({
      book,
      journal,
      catalog,
      credits: this.#credits,
      exchange: this.#exchange,
    });
  }

  /** Does what is due for a contract at a time. Documents are frozen; they become final when they get their number. */
  bill(number: number, contract: CompiledContract, dueMs: number, issuedMs: number, graceMs: number): void {
    const row = this.#book.contracts.change(number);
    const month = contract.accountingMonthAt(row.monthMs);
    if (row.monthMs < contract.endMs && month.endMs + graceMs === dueMs) this.#endMonth(row, contract, month);
    if (!row.started && contract.startMs === dueMs) this.#start(row, contract, issuedMs);
    if (isPeriodPending(row, contract)) {
      const period = contract.periodAt(row.billedUpToMs);
      if (periodDueMs(row, contract, graceMs) === dueMs) this.#endPeriod(row, contract, period, issuedMs);
    }
    if (row.lateDueMs === dueMs) {
      const period = this.#periodFrom(contract, row.latePeriods.at(-1) ?? row.billedUpToMs);
      const head = { period, issuedMs, creditsAtMs: period.endMs - 1 };
      const payer = this.#units.payer(contract, head.creditsAtMs);
      this.#freeze(row, contract, head, this.#lateLines(row, contract, payer));
    }
  }

  /**
   * The next document of a contract as it would be if its billing period ended now; undefined where there is nothing to
   * bill. Changes nothing.
   */
  draft(number: number, contract: CompiledContract): PublishedDocument | undefined {
    const row = this.#book.contracts.at(number);
    if (row.billedUpToMs >= contract.endMs) return undefined;
    const period = contract.periodAt(row.billedUpToMs);
    const payer = this.#units.trial(contract, period.endMs - 1);
    const lines = [
      ...this.#lines(contract, period, this.#charges.of(contract, period, payer)),
      ...row.latePeriods.flatMap((startMs) => this.#lateLinesOf(contract, startMs, payer, period)),
    ];
    if (!lines.some(({ amount }) => amount !== 0n)) return undefined;
    const untaxed = untaxedDocument(
      contract,
      {
        id: `${contract.id}:${row.documents + 1}`,
        issuedMs: period.endMs,
        periodStartMs: period.startMs,
        periodEndMs: period.endMs,
        creditsAtMs: period.endMs - 1,
        catalogVersion: this.#catalog.version,
      },
      lines,
    );
    const credits = this.#credits.preview(contract, untaxed.creditsAtMs);
    const found = this.#exchange.rateAt(contract, untaxed.issuedMs);
    const rate = found.kind === "found" ? found.rate : undefined;
    const taxes = this.taxes.taxesOf(untaxed, contract);
    // A tax service is asked about documents, not about drafts.
    const isPending = taxes !== undefined && "hold" in taxes && taxes.hold === "tax-pending";
    const document = completeDocument(untaxed, contract, isPending ? undefined : taxes, credits, rate);
    return publishedDocument(document, contract, this.#productOf, undefined, (line) =>
      this.#numberOf(contract, line),
    );
  }

  /** A frozen document for others to see. */
  published(document: FrozenDocument, contract: CompiledContract): PublishedDocument {
    return publishedDocument(document, contract, this.#productOf, undefined, (line) =>
      this.#numberOf(contract, line),
    );
  }

  /** A document gets its number: it is final, entered in the subledger and published. */
  finish(document: FrozenDocument, contract: CompiledContract, rank: number): void {
    const number = documentNumber(contract.legalEntity, rank);
    for (const line of document.lines) {
      const known = this.#book.periods.numberOf(billedPeriodKey(contract.id, line.periodStartMs));
      if (known === undefined) continue;
      const period = this.#book.periods.at(known);
      const charge = period.charges.get(line.charge);
      if (charge?.document === document.id)
        this.#book.periods.change(known).charges = new Map(period.charges).set(line.charge, {
          ...charge,
          number,
        });
      if (period.document === document.id) this.#book.periods.change(known).number = number;
    }
    const published = publishedDocument(document, contract, this.#productOf, number, (line) =>
      this.#numberOf(contract, line),
    );
    this.#book.finish(document.id, published);
    this.#book.book(documentEntry(document, contract, number));
    this.#journal.document(published);
    const row = this.#book.contracts.change(this.#book.contracts.numberOf(contract.id) ?? -1);
    this.#accounts.defer(row, document);
    // Of service periods that were accounted for already nothing may stay deferred.
    if (row.deferring.length > 0) this.#accounts.release(contract, row, row.monthMs);
  }

  /** The contract's credits at a time, or as they are where that is past: a copy. Undefined where it has none. */
  creditsPreview(contract: CompiledContract, atMs: number): CreditLedger | undefined {
    return this.#credits.preview(contract, atMs);
  }

  /** Makes something with the contract's credits, as `creditsPreview`; what it uses of them is booked. */
  withCredits<Made>(
    contract: CompiledContract,
    atMs: number,
    make: (ledger: CreditLedger | undefined) => Made,
  ): Made {
    const made: Made[] = [];
    this.#credits.use(contract, atMs, (ledger) => made.push(make(ledger)));
    const [first] = made;
    if (first === undefined) throw new RangeError("nothing was made");
    return first;
  }

  /** Completes a document that corrects another one. */
  completeCorrection(document: FrozenDocument, contract: CompiledContract): void {
    this.taxes.completeCorrection(document, contract);
  }

  /** Takes a voided document's lines, negated, from what was invoiced of their periods, as if it had never been. */
  takeBack(contract: CompiledContract, document: string, lines: readonly InvoiceLine[]): void {
    for (const line of lines) {
      this.#noteInvoiced(contract, line, undefined);
      const known = this.#book.periods.numberOf(billedPeriodKey(contract.id, line.periodStartMs));
      if (known !== undefined) forgetDocument(this.#book.periods.change(known), document);
    }
    this.#units.giveBack(contract, lines, (meter) => this.#catalog.meters.get(meter)?.scale ?? 0);
  }

  /**
   * Bills, by a document of its own, what is due of periods and not invoiced.
   * @param period that the document is of
   * @param startsMs of periods of the contract; of one that has not been billed yet, what is due in advance
   */
  rebill(
    row: BilledContract,
    contract: CompiledContract,
    period: BillingPeriod,
    startsMs: readonly number[],
    issuedMs: number,
  ): void {
    const creditsAtMs = period.endMs <= row.billedUpToMs ? period.endMs - 1 : period.startMs;
    const payer = this.#units.payer(contract, creditsAtMs);
    const lines = startsMs.flatMap((startMs) =>
      startMs < row.billedUpToMs
        ? this.#lateLinesOf(contract, startMs, payer, undefined)
        : this.#advanceLines(contract, this.#periodFrom(contract, startMs)),
    );
    this.#freeze(row, contract, { period, issuedMs, creditsAtMs }, lines);
  }

  readonly #productOf = (key: string) => this.#catalog.products.get(key);

  #numberOf(contract: CompiledContract, line: InvoiceLine): string | undefined {
    const known = this.#book.periods.numberOf(billedPeriodKey(contract.id, line.periodStartMs));
    if (known === undefined) return undefined;
    const { charges, document, number } = this.#book.periods.at(known);
    return line.adjusts === document ? number : charges.get(line.charge)?.number;
  }

  #start(row: BilledContract, contract: CompiledContract, issuedMs: number): void {
    row.started = true;
    const period = contract.periodAt(contract.startMs);
    this.#freeze(
      row,
      contract,
      { period, issuedMs, creditsAtMs: contract.startMs },
      this.#advanceLines(contract, period),
    );
  }

  #endPeriod(row: BilledContract, contract: CompiledContract, period: BillingPeriod, issuedMs: number): void {
    const payer = this.#units.payer(contract, period.endMs - 1);
    const lines = [...this.#lines(contract, period, this.#charges.of(contract, period, payer))];
    row.billedUpToMs = period.endMs;
    if (period.endMs < contract.endMs)
      lines.push(...this.#advanceLines(contract, contract.periodAt(period.endMs)));
    lines.push(...this.#lateLines(row, contract, payer, period));
    this.#freeze(row, contract, { period, issuedMs, creditsAtMs: period.endMs - 1 }, lines);
    this.#credits.endPeriod(contract, period.endMs);
    this.#units.endPeriod(contract, period.endMs);
  }

  #advanceLines(contract: CompiledContract, period: BillingPeriod): readonly InvoiceLine[] {
    const charges = advanceCharges(contract, period);
    return charges.length === 0 ? [] : this.#lines(contract, period, charges, true);
  }

  /** Corrections of periods that were billed before, and forgets that they were due. */
  #lateLines(
    row: BilledContract,
    contract: CompiledContract,
    payer: UnitPayer | undefined,
    present?: BillingPeriod,
  ): InvoiceLine[] {
    const late = row.latePeriods;
    row.latePeriods = [];
    row.lateDueMs = undefined;
    return late.flatMap((startMs) => this.#lateLinesOf(contract, startMs, payer, present));
  }

  #lateLinesOf(
    contract: CompiledContract,
    startMs: number,
    payer: UnitPayer | undefined,
    present: BillingPeriod | undefined,
  ): readonly InvoiceLine[] {
    if (startMs === present?.startMs) return [];
    const period = this.#periodFrom(contract, startMs);
    return this.#lines(contract, period, this.#charges.of(contract, period, payer));
  }

  /** The period that begins at a time, as the contract covers it now; empty where it does not any more. */
  #periodFrom(contract: CompiledContract, startMs: number): BillingPeriod {
    return startMs < contract.endMs ? contract.periodAt(startMs) : { startMs, endMs: startMs };
  }

  #lines(
    contract: CompiledContract,
    period: BillingPeriod,
    charges: readonly PeriodCharge[],
    isPart = false,
  ): readonly InvoiceLine[] {
    const known = this.#book.periods.numberOf(billedPeriodKey(contract.id, period.startMs));
    const before = known === undefined ? undefined : this.#book.periods.at(known);
    // A part of the charges says nothing of the others.
    const invoiced =
      before === undefined
        ? undefined
        : {
            period,
            document: before.document,
            charges: isPart
              ? new Map([...before.charges].filter(([key]) => charges.some((charge) => charge.key === key)))
              : before.charges,
          };
    return linesToInvoice(period, charges, invoiced, this.#productOf);
  }

  #freeze(
    row: BilledContract,
    contract: CompiledContract,
    { period, issuedMs, creditsAtMs }: DocumentHead,
    lines: readonly InvoiceLine[],
  ): void {
    if (!lines.some(({ amount }) => amount !== 0n)) {
      this.#credits.advance(contract, creditsAtMs);
      for (const line of lines) this.#noteInvoiced(contract, line, undefined);
      return;
    }
    row.documents += 1;
    const id = `${contract.id}:${row.documents}`;
    const { version: catalogVersion } = this.#catalog;
    const { startMs: periodStartMs, endMs: periodEndMs } = period;
    const head = { id, issuedMs, periodStartMs, periodEndMs, creditsAtMs, catalogVersion };
    this.taxes.complete(untaxedDocument(contract, head, lines), contract);
    for (const line of lines) this.#noteInvoiced(contract, line, id);
  }

  /** Books the entries that waited for an exchange rate, where the catalog in effect now has it. */
  retryEntries(budget: SliceBudget): SlicedWork {
    return this.#exchange.retry(budget);
  }

  #noteInvoiced(contract: CompiledContract, line: InvoiceLine, document: string | undefined): void {
    const { periodStartMs: startMs, periodEndMs: endMs } = line;
    const key = billedPeriodKey(contract.id, startMs);
    const number =
      this.#book.periods.numberOf(key) ?? this.#book.periods.add(newPeriod(contract.id, startMs));
    const row = this.#book.periods.change(number);
    row.endMs = endMs;
    const after = withLines({ ...row, period: { startMs, endMs } }, row, [line], document);
    row.charges = after.charges;
    if (line.kind === "usage") this.#rater.invoiced(contract, line.amount);
    if (!line.inAdvance) row.document ??= document;
  }

  #endMonth(row: BilledContract, contract: CompiledContract, month: BillingPeriod): void {
    this.#credits.advance(contract, month.endMs - 1);
    this.#accounts.release(contract, row, month.endMs);
    this.#accounts.accrue(contract, this.#earned(row, contract, month.endMs), month.endMs);
    row.monthMs = month.endMs;
  }

  /** What is earned by a month's end and not invoiced. */
  #earned(row: BilledContract, contract: CompiledContract, monthEndMs: number): EarnedAmount[] {
    const earned: EarnedAmount[] = [];
    const payer = this.#units.trial(contract, monthEndMs - 1);
    const addLines = (lines: readonly InvoiceLine[]): void => {
      for (const { product, amount, inAdvance } of lines) if (!inAdvance) earned.push({ product, amount });
    };
    for (let atMs = row.billedUpToMs; atMs < Math.min(monthEndMs, contract.endMs);) {
      const period = contract.periodAt(atMs);
      if (period.endMs <= monthEndMs)
        addLines(this.#lines(contract, period, this.#charges.of(contract, period, payer)));
      else earned.push(...this.#charges.earnedBy(contract, period, monthEndMs, payer));
      atMs = period.endMs;
    }
    for (const startMs of row.latePeriods) {
      const period = this.#periodFrom(contract, startMs);
      if (period.endMs > startMs)
        addLines(this.#lines(contract, period, this.#charges.of(contract, period, payer)));
    }
    return earned;
  }
}
