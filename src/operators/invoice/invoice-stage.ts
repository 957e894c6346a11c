import { tap, type MonoTypeOperatorFunction } from "rxjs";
import type { BillingRunRecord, DocumentsNumberedRecord } from "../../model/control.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import type { FrozenDocument, PublishedDocument } from "../../billing/invoices/billing-document.ts";
import { NO_CONTRACT } from "../rate/no-contract.ts";
import type { Rater } from "../rate/rate-operator.ts";
import type { ChargedPeriod } from "../rate/series-info.ts";
import type { ControlItem, PipelineItem } from "../stage.ts";
import type { Journal } from "../journal.ts";
import { DueSlots } from "../window/due-slots.ts";
import { BillingBook } from "./billing-book.ts";
import { billedPeriodKey } from "./billing-rows.ts";
import { ContractBiller, nextDueMs } from "./contract-biller.ts";

export interface InvoiceStageOptions {
  readonly partition: number;
  readonly partitionCount: number;
  readonly rater: Rater;
  readonly journal: Journal;
  /** The partition's watermark; −Infinity at the beginning. */
  readonly watermarkMs: () => number;
}

/**
 * Bills contracts: documents, subledger, credits. All of it happens at records of the control log, never at an event, so
 * that a month's end of many contracts comes in slices of a size that the records name.
 */
export function invoice(stage: InvoiceStage): MonoTypeOperatorFunction<PipelineItem> {
  return tap((item) => {
    if (item.kind === "control") stage.control(item);
  });
}

export class InvoiceStage implements CheckpointParticipant {
  readonly book = new BillingBook();
  readonly #options: InvoiceStageOptions;
  readonly #due = new DueSlots();
  #catalog: CompiledCatalog | undefined;
  #biller: ContractBiller | undefined;
  /** Contracts that are due at `#dueMs`, in the order of their ids; taken up by run after run. */
  #waiting: number[] = [];
  #waitingDueMs = Infinity;

  constructor(options: InvoiceStageOptions) {
    this.#options = options;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.book.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.book.collectChanges(rows);
  }

  /** When the first contract is due: a billing run has something to do once the watermark has passed it. */
  get nextDueMs(): number {
    return Math.min(this.#waitingDueMs, this.#due.nextMs);
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
    const { partition, partitionCount, watermarkMs } = this.#options;
    const biller = this.#biller;
    const catalog = this.#catalog;
    if (biller === undefined || catalog === undefined) return;
    for (const document of this.book.frozen()) {
      const contract = catalog.contract(document.contract);
      if (contract !== undefined) yield biller.published(document, contract);
    }
    for (const contract of catalog.contractsOf(partition, partitionCount)) {
      const number = this.book.contracts.numberOf(contract.id);
      if (number === undefined || this.book.contracts.at(number).billedUpToMs > watermarkMs()) continue;
      const draft = biller.draft(number, contract);
      if (draft !== undefined) yield draft;
    }
  }

  control({ placed: { record }, catalog }: ControlItem): void {
    if (catalog !== undefined) this.#useCatalog(catalog);
    if (record.kind === "billing-run") this.#run(record);
    else if (record.kind === "documents-numbered") this.#number(record);
  }

  /** A price was charged: where its period has been billed before, the difference is billed later. */
  charged({ contract, price, periodStartMs }: ChargedPeriod): void {
    if (contract.id === NO_CONTRACT || price === undefined) return;
    const number = this.book.contracts.numberOf(contract.id);
    if (number === undefined) return;
    const known = this.book.contracts.at(number);
    if (periodStartMs >= known.billedUpToMs || known.latePeriods.includes(periodStartMs)) return;
    this.#addLate(number, contract, periodStartMs);
  }

  #addLate(number: number, contract: CompiledContract, periodStartMs: number): void {
    const row = this.book.contracts.change(number);
    row.latePeriods = [...row.latePeriods, periodStartMs].sort((a, b) => a - b);
    if (row.billedUpToMs < contract.endMs || row.lateDueMs !== undefined) return;
    const afterMs = Math.max(contract.endMs, this.#options.watermarkMs());
    row.lateDueMs = contract.fullPeriodAt(afterMs).endMs + this.#graceMs();
    this.#schedule(number, contract);
  }

  #useCatalog(catalog: CompiledCatalog): void {
    const { partition, partitionCount, rater, journal } = this.#options;
    this.#catalog = catalog;
    this.#biller = new ContractBiller({ book: this.book, rater, journal, catalog });
    this.#due.clear();
    this.#waiting = [];
    this.#waitingDueMs = Infinity;
    for (const contract of catalog.contractsOf(partition, partitionCount)) {
      const number = this.book.contracts.numberOf(contract.id) ?? this.#addContract(contract);
      this.#noteEnd(number, contract);
      this.#schedule(number, contract);
    }
  }

  #addContract(contract: CompiledContract): number {
    const { id, startMs } = contract;
    return this.book.contracts.add({
      contract: id,
      billedUpToMs: startMs,
      started: false,
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
    for (let atMs = lastMs; atMs < billedUpToMs;) {
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

  #run({ upToMs, issuedMs, maxContracts }: BillingRunRecord): void {
    const lastMs = Math.min(upToMs, this.#options.watermarkMs() + 1);
    for (let done = 0; done < maxContracts;) {
      const number = this.#take(lastMs);
      if (number === undefined) return;
      const row = this.book.contracts.at(number);
      const contract = this.#requireCatalog().contract(row.contract);
      if (contract === undefined) continue;
      const dueMs = this.#waitingDueMs;
      // A contract may have been scheduled for several times; those that it is not due at any more say nothing.
      if (nextDueMs(row, contract, this.#graceMs()) !== dueMs) continue;
      this.#requireBiller().bill(number, contract, dueMs, Math.max(issuedMs, dueMs), this.#graceMs());
      this.#schedule(number, contract);
      done += 1;
    }
  }

  /** The next contract that is due up to a time; `#waitingDueMs` is then when. */
  #take(lastMs: number): number | undefined {
    if (this.#waiting.length === 0) {
      const dueMs = this.#due.nextMs;
      if (dueMs > lastMs) {
        this.#waitingDueMs = Infinity;
        return undefined;
      }
      const idOf = (number: number): string => this.book.contracts.at(number).contract;
      this.#waitingDueMs = dueMs;
      // The last one is taken first.
      this.#waiting = this.#due.take(dueMs).sort((a, b) => (idOf(a) < idOf(b) ? 1 : -1));
    }
    if (this.#waitingDueMs > lastMs) return undefined;
    return this.#waiting.pop();
  }

  #number({ numbers }: DocumentsNumberedRecord): void {
    for (const [id, rank] of numbers) {
      const document = this.book.frozenDocument(id);
      // A record may name a document again: its first rank stands.
      if (document === undefined) continue;
      const contract = this.#requireCatalog().contract(document.contract);
      if (contract === undefined) continue;
      this.#requireBiller().finish(document, contract, rank);
    }
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
