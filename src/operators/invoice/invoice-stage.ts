import type { MonoTypeOperatorFunction } from "rxjs";
import type {
  BillingRunRecord,
  CreditNoteRecord,
  DocumentsNumberedRecord,
  VoidInvoiceRecord,
} from "../../model/control.ts";
import { TributaryError } from "../../model/errors.ts";
import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import type { FrozenDocument, PublishedDocument } from "../../billing/invoices/billing-document.ts";
import { NO_CONTRACT } from "../rate/no-contract.ts";
import type { Rater } from "../rate/rate-operator.ts";
import type { ChargedPeriod } from "../rate/series-info.ts";
import type { ControlItem, PipelineItem } from "../stage.ts";
import type { Journal } from "../journal.ts";
import { inSlices, type ItemSlices } from "../slices/item-slices.ts";
import { BillingBook, type BookObserver, type StoredDocument } from "./billing-book.ts";
import { type BilledContract, billedPeriodKey } from "./billing-rows.ts";
import { isPeriodPending, nextDueMs, owesWithoutUsage } from "./billing-schedule.ts";
import { ContractBiller } from "./contract-biller.ts";
import { DueContracts } from "./due-contracts.ts";
import { InvoiceCorrections, type Correction } from "./invoice-corrections.ts";
import { ServiceTaxes } from "./service-taxes.ts";

const NO_DOCUMENT = { fault: "document-unknown", message: "there is no such document" } as const;

export interface InvoiceStageOptions {
  readonly partition: number;
  readonly partitionCount: number;
  readonly rater: Rater;
  readonly journal: Journal;
  /** Up to where the partition's windows have been told what became due; −Infinity at the beginning. */
  readonly processedMs: () => number;
  /** Told of final documents and of entries. */
  readonly observer?: BookObserver;
  readonly budget: SliceBudget;
}

/** Units of `SliceBudget` that a contract costs behind a catalog, and when it is billed; and a document or entry with it. */
const SCHEDULE_UNITS = 15;
const BILL_UNITS = 1_000;
const DOCUMENT_UNITS = 500;
const INVOICED_UNITS = 10;

/**
 * Bills contracts: documents, subledger, credits. All of it happens at records of the control log, never at an event, so
 * that a month's end of many contracts comes in slices of a size that the records name.
 */
export function invoice(stage: InvoiceStage, slices: ItemSlices): MonoTypeOperatorFunction<PipelineItem> {
  return inSlices(slices, (item) => stage.process(item));
}

export class InvoiceStage implements CheckpointParticipant {
  readonly book: BillingBook;
  readonly corrections = new InvoiceCorrections();
  readonly serviceTaxes: ServiceTaxes;
  readonly #options: InvoiceStageOptions;
  readonly #due = new DueContracts((number) => this.book.contracts.at(number).contract);
  #catalog: CompiledCatalog | undefined;
  #biller: ContractBiller | undefined;

  constructor(options: InvoiceStageOptions) {
    this.#options = options;
    this.book = new BillingBook(options.observer);
    this.serviceTaxes = new ServiceTaxes({
      book: this.book,
      journal: options.journal,
      taxes: () => this.#biller?.taxes,
      contractOf: (id) => this.#catalog?.contract(id),
    });
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.book.restore(store);
  }

  restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    return this.book.restoreInSlices(store, budget);
  }

  collectChanges(rows: StateRow[]): void {
    this.book.collectChanges(rows);
  }

  freezeChanges(): Iterable<StateRow> {
    return this.book.freezeChanges();
  }

  /** When the first contract is due: a billing run has something to do once the watermark has passed it. */
  get nextDueMs(): number {
    return this.#due.nextMs;
  }

  /** Documents that wait for their number, in the order in which they were frozen. */
  frozen(): Iterable<FrozenDocument> {
    return this.book.frozen();
  }

  /**
   * The next document of each contract whose billing period has begun, as it would be if the period ended now, and those
   * that wait for their number. Changes nothing.
   */
  *drafts(): Generator<PublishedDocument> {
    const { partition, partitionCount, processedMs } = this.#options;
    const biller = this.#biller;
    const catalog = this.#catalog;
    if (biller === undefined || catalog === undefined) return;
    for (const document of [...this.book.frozen(), ...this.book.held()]) {
      const contract = catalog.contract(document.contract);
      if (contract !== undefined) yield biller.published(document, contract);
    }
    for (const contract of catalog.contractsOf(partition, partitionCount)) {
      const number = this.book.contracts.numberOf(contract.id);
      if (number === undefined || this.book.contracts.at(number).billedUpToMs > processedMs()) continue;
      const draft = biller.draft(number, contract);
      if (draft !== undefined) yield draft;
    }
  }

  *process(item: PipelineItem): SlicedWork {
    if (item.kind === "control") yield* this.#control(item);
  }

  *#control({ placed, catalog, document }: ControlItem): SlicedWork {
    const { record } = placed;
    if (catalog !== undefined) yield* this.#useCatalog(catalog);
    if (record.kind === "billing-run") yield* this.#run(record);
    else if (record.kind === "documents-numbered") yield* this.#number(record);
    else if (record.kind === "documents-taxed" || record.kind === "tax-commit-refused")
      this.serviceTaxes.control(record, placed.sequence);
    else if (record.kind === "credit-note" || record.kind === "void-invoice") this.#correct(record, document);
    else if (record.kind === "period-signed-off") this.book.closed.signOff(placed.sequence, record);
    else if (record.kind === "period-reopened") this.book.closed.reopen(placed.sequence, record);
  }

  /** A price was charged: where its period has been billed before, the difference is billed later. */
  charged({ contract, price, periodStartMs }: ChargedPeriod): void {
    if (contract.id === NO_CONTRACT || price === undefined) return;
    if (contract.periodAt(periodStartMs).endMs <= this.#requireCatalog().settings.billingStartMs) return;
    const known = this.book.contracts.numberOf(contract.id);
    const number = known ?? this.#addContract(contract, periodStartMs);
    const row = this.book.contracts.at(number);
    if (row.chargedMs < periodStartMs) {
      const change = this.book.contracts.change(number);
      // Between usage there may be periods without any; nothing is owed for them.
      if (!isPeriodPending(row, contract) && row.billedUpToMs < periodStartMs) {
        change.billedUpToMs = periodStartMs;
        change.monthMs = Math.max(row.monthMs, contract.accountingMonthAt(periodStartMs).startMs);
      }
      change.chargedMs = periodStartMs;
      this.#schedule(number, contract);
    }
    if (periodStartMs >= row.billedUpToMs || row.latePeriods.includes(periodStartMs)) return;
    this.#addLate(number, contract, periodStartMs);
  }

  #addLate(number: number, contract: CompiledContract, periodStartMs: number): void {
    const row = this.book.contracts.change(number);
    row.latePeriods = [...row.latePeriods, periodStartMs].sort((a, b) => a - b);
    if (isPeriodPending(row, contract) || row.lateDueMs !== undefined) return;
    const afterMs = Math.max(row.billedUpToMs, this.#options.processedMs());
    row.lateDueMs = contract.fullPeriodAt(afterMs).endMs + this.#graceMs();
    this.#schedule(number, contract);
  }

  *#useCatalog(catalog: CompiledCatalog): SlicedWork {
    const { partition, partitionCount, rater, journal, budget } = this.#options;
    if (this.#catalog === undefined) yield* this.#takeUpInvoiced(catalog);
    this.#catalog = catalog;
    this.#biller = new ContractBiller({ book: this.book, rater, journal, catalog });
    this.#due.clear();
    for (const contract of yield* catalog.contractsInSlices(partition, partitionCount, budget)) {
      if (budget.spend(SCHEDULE_UNITS)) yield;
      let number = this.book.contracts.numberOf(contract.id);
      if (number === undefined) {
        if (!owesWithoutUsage(contract) || contract.endMs <= catalog.settings.billingStartMs) continue;
        number = this.#addContract(contract, contract.startMs);
      }
      this.#noteEnd(number, contract);
      this.#schedule(number, contract);
    }
    for (const document of this.book.held()) {
      const contract = catalog.contract(document.contract);
      if (contract !== undefined && document.catalogVersion !== catalog.version)
        this.#biller.taxes.retry(document, contract);
      if (budget.spend(DOCUMENT_UNITS)) yield;
    }
    yield* this.#biller.retryEntries(budget);
  }

  /** After a restore: what was invoiced is not unbilled. */
  *#takeUpInvoiced(catalog: CompiledCatalog): SlicedWork {
    for (const { contract: id, charges } of this.book.periods.entries()) {
      if (this.#options.budget.spend(INVOICED_UNITS)) yield;
      const contract = catalog.contract(id);
      if (contract === undefined) continue;
      for (const { kind, amount } of charges.values())
        if (kind === "usage") this.#options.rater.invoiced(contract, amount);
    }
  }

  /** @param fromMs a time in the first period that may be billed */
  #addContract(contract: CompiledContract, fromMs: number): number {
    const { billingStartMs } = this.#requireCatalog().settings;
    const { startMs } = contract.periodAt(Math.max(fromMs, billingStartMs));
    return this.book.contracts.add({
      contract: contract.id,
      billedUpToMs: startMs,
      chargedMs: Number.NEGATIVE_INFINITY,
      started: startMs > contract.startMs || !owesWithoutUsage(contract),
      monthMs: contract.accountingMonthAt(startMs).startMs,
      latePeriods: [],
      lateDueMs: undefined,
      documents: 0,
      deferring: [],
    });
  }

  /** A contract that was ended within a period that had been billed: what was billed for the time behind it is given back. */
  #noteEnd(number: number, contract: CompiledContract): void {
    const { billedUpToMs, latePeriods } = this.book.contracts.at(number);
    const lastMs = contract.endMs - 1;
    if (contract.endMs === Infinity) return;
    // The fees of the next period may have been billed in advance.
    for (let atMs = lastMs; atMs <= billedUpToMs;) {
      const { startMs, endMs } = contract.fullPeriodAt(atMs);
      atMs = endMs;
      const periodStartMs = Math.max(startMs, contract.startMs);
      const known = this.book.periods.numberOf(billedPeriodKey(contract.id, periodStartMs));
      if (known === undefined || latePeriods.includes(periodStartMs)) continue;
      if (this.book.periods.at(known).endMs > Math.max(contract.endMs, periodStartMs))
        this.#addLate(number, contract, periodStartMs);
    }
  }

  #schedule(number: number, contract: CompiledContract): void {
    const dueMs = nextDueMs(this.book.contracts.at(number), contract, this.#graceMs());
    if (dueMs !== Infinity) this.#due.add(dueMs, number);
  }

  *#run({ upToMs, issuedMs, maxContracts }: BillingRunRecord): SlicedWork {
    const { budget, processedMs } = this.#options;
    const lastMs = Math.min(upToMs, processedMs() + 1);
    for (let done = 0; done < maxContracts;) {
      const taken = yield* this.#due.take(lastMs, budget);
      if (taken === undefined) return;
      const { number, dueMs } = taken;
      if (budget.spend(SCHEDULE_UNITS)) yield;
      const row = this.book.contracts.at(number);
      const contract = this.#requireCatalog().contract(row.contract);
      if (contract === undefined) continue;
      // A contract may have been scheduled for several times; those that it is not due at any more say nothing.
      if (nextDueMs(row, contract, this.#graceMs()) !== dueMs) continue;
      this.#requireBiller().bill(number, contract, dueMs, Math.max(issuedMs, dueMs), this.#graceMs());
      this.#schedule(number, contract);
      done += 1;
      if (budget.spend(BILL_UNITS)) yield;
    }
  }

  *#number({ numbers }: DocumentsNumberedRecord): SlicedWork {
    for (const [id, rank] of numbers) {
      const document = this.book.frozenDocument(id);
      // A record may name a document again: its first rank stands.
      if (document === undefined) continue;
      const contract = this.#requireCatalog().contract(document.contract);
      if (contract === undefined) continue;
      this.#requireBiller().finish(document, contract, rank);
      if (this.#options.budget.spend(DOCUMENT_UNITS)) yield;
    }
  }

  /**
   * The credit memo of a correction as it would be if it were decided now; or why it can't be. Changes nothing.
   * @param issuedMs its date of issue
   */
  previewCorrection(
    stored: StoredDocument | undefined,
    correction: Correction,
    issuedMs: number,
  ): PublishedDocument | NonNullable<ReturnType<InvoiceCorrections["faultOf"]>> {
    const fault = this.corrections.faultOf(stored, correction);
    if (fault !== undefined || stored === undefined) return fault ?? NO_DOCUMENT;
    const { number, contract } = this.#contractOf(stored);
    const head = this.#memoHead(this.book.contracts.at(number), contract, issuedMs);
    const ledger = this.#requireBiller().creditsPreview(contract, Date.parse(stored.document.periodStart));
    const memo = this.corrections.memoOf(stored, correction, contract, head, ledger);
    return this.#requireBiller().published(memo, contract);
  }

  #correct(record: CreditNoteRecord | VoidInvoiceRecord, stored: StoredDocument | undefined): void {
    const fault = this.corrections.faultOf(stored, record);
    if (fault !== undefined || stored === undefined)
      throw new TributaryError("internal-fault", `A correction can't be applied: ${fault?.message ?? ""}.`);
    const biller = this.#requireBiller();
    const { number, contract } = this.#contractOf(stored);
    const row = this.book.contracts.change(number);
    const period = {
      startMs: Date.parse(stored.document.periodStart),
      endMs: Date.parse(stored.document.periodEnd),
    };
    const head = this.#memoHead(row, contract, record.issuedMs);
    row.documents += 1;
    const memo = biller.withCredits(contract, period.startMs, (ledger) =>
      this.corrections.memoOf(stored, record, contract, head, ledger),
    );
    this.corrections.note(stored, record, memo);
    biller.completeCorrection(memo, contract);
    // A credit note billed nothing that could be due again.
    if (record.kind !== "void-invoice" || stored.document.corrects !== undefined) return;
    biller.takeBack(contract, record.document, memo.lines);
    const startsMs = [...new Set(memo.lines.map(({ periodStartMs }) => periodStartMs))].sort((a, b) => a - b);
    if (record.reissue) {
      biller.rebill(row, contract, period, startsMs, record.issuedMs);
      return;
    }
    for (const startMs of startsMs)
      if (startMs < row.billedUpToMs && !row.latePeriods.includes(startMs))
        this.#addLate(number, contract, startMs);
  }

  #memoHead({ documents }: BilledContract, { id }: CompiledContract, issuedMs: number) {
    return { id: `${id}:${documents + 1}`, issuedMs, catalogVersion: this.#requireCatalog().version };
  }

  #contractOf({ document }: StoredDocument) {
    const contract = this.#requireCatalog().contract(document.contract);
    const number = this.book.contracts.numberOf(document.contract);
    if (contract === undefined || number === undefined)
      throw new RangeError(`document ${document.id} is of no contract that is billed`);
    return { number, contract };
  }

  #graceMs(): number {
    return this.#requireCatalog().settings.graceMs;
  }

  #requireCatalog(): CompiledCatalog {
    if (this.#catalog === undefined) throw new Error("billing before the first catalog version");
    return this.#catalog;
  }

  #requireBiller(): ContractBiller {
    if (this.#biller === undefined) throw new Error("billing before the first catalog version");
    return this.#biller;
  }
}
