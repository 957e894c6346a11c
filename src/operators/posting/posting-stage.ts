import { tap, type MonoTypeOperatorFunction } from "rxjs";
import type { ErpDescription } from "../../model/erp-description.ts";
import { customerKey } from "../../model/posting.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { PublishedDocument } from "../../billing/invoices/billing-document.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import { blockHead } from "../../billing/posting/journal-block.ts";
import type { CompiledConnection } from "../../billing/posting/compiled-posting.ts";
import { correctedKind, invoiceKey, postedInvoice } from "../../billing/posting/posted-invoice.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import type { BookObserver } from "../invoice/billing-book.ts";
import type { ControlItem, PipelineItem } from "../stage.ts";
import type { Journal } from "../journal.ts";
import { CommandQueue } from "./command-queue.ts";
import { JournalRuns } from "./journal-runs.ts";
import { Payments } from "./payments.ts";
import { PostingBook } from "./posting-book.ts";
import { PostingResults } from "./posting-results.ts";

export interface PostingStageOptions {
  readonly partition: number;
  readonly journal: Journal;
  /** What each kind of ERP needs. */
  readonly descriptions: readonly ErpDescription[];
  /** Up to where the partition's windows have been told what became due; −Infinity at the beginning. */
  readonly processedMs: () => number;
  /** What is to be paid by the ledger, minor units. */
  readonly receivableOf: (legalEntity: string, currency: string) => bigint;
}

const NO_DIMENSIONS = {};

/**
 * Turns final documents and entries into commands for ERPs. It stands before billing, so that a catalog is in effect here
 * when billing makes anything by it; billing tells of documents and entries as it makes them.
 */
export function posting(stage: PostingStage): MonoTypeOperatorFunction<PipelineItem> {
  return tap((item) => {
    if (item.kind === "control") stage.control(item);
  });
}

export class PostingStage {
  readonly book = new PostingBook();
  readonly payments: Payments;
  readonly results: PostingResults;
  /** Billing tells what it makes. */
  readonly observer: BookObserver = {
    documentFinal: (document) => {
      this.#documentFinal(document);
    },
    entryBooked: (entry) => {
      this.#entryBooked(entry);
    },
  };
  readonly #options: PostingStageOptions;
  readonly #queue: CommandQueue;
  readonly #journals: JournalRuns;
  #catalog: CompiledCatalog | undefined;

  constructor(options: PostingStageOptions) {
    this.#options = options;
    const { partition, journal } = options;
    const descriptions = new Map(options.descriptions.map((each) => [each.adapter, each]));
    const { book } = this;
    const catalog = (): CompiledCatalog | undefined => this.#catalog;
    this.#queue = new CommandQueue({ book, journal, partition, descriptions, catalog });
    this.#journals = new JournalRuns({ book, queue: this.#queue, partition, descriptions, catalog });
    this.payments = new Payments(
      book,
      (alert) => {
        journal.alert(alert);
      },
      (key) => this.#catalog?.posting.connection(key),
    );
    this.results = new PostingResults(book, this.payments);
  }

  control({ placed, catalog, stored }: ControlItem): void {
    const { record } = placed;
    if (catalog !== undefined) this.#useCatalog(catalog, stored);
    if (record.kind === "journal-run")
      this.#journals.run(Math.min(record.upToMs, this.#options.processedMs() + 1));
    else if (record.kind === "dunning-run") this.payments.age(record.day, record.decidedAt);
    else if (record.kind === "posting-result")
      for (const result of record.results) this.results.take(result, record.decidedAt);
    else if (record.kind === "posting-redrive") {
      const number = this.book.numberOf(record.connection, record.key);
      if (number !== undefined && stored !== undefined) this.#queue.again(number, stored);
    }
  }

  /** When journals are due: milliseconds since the epoch; Infinity where nothing is booked that none has taken up. */
  get nextJournalMs(): number {
    return this.#journals.nextMs();
  }

  /** What the mapping lacks of a posting, for people; empty where it can be queued, undefined where it is not stored yet. */
  missingOf(number: number, stored: Pick<PartitionStore, "row">): readonly string[] | undefined {
    return this.#queue.missingOf(number, stored);
  }

  #documentFinal(document: PublishedDocument): void {
    for (const connection of this.#catalog?.posting.connections ?? []) {
      if (!connection.kinds.has(document.kind)) continue;
      const takes = connection.takesEntity(document.legalEntity) && connection.takesDay(document.issueDate);
      this.#noteDue(connection, document, takes);
      if (takes) this.#postDocument(connection, document);
    }
  }

  #entryBooked(entry: JournalEntry): void {
    const catalog = this.#catalog;
    for (const connection of catalog?.posting.connections ?? []) {
      if (!connection.kinds.has("journal") || !connection.takesEntity(entry.legalEntity)) continue;
      // The ERP books a document by itself where it has the document.
      if (connection.mode === "detail" && entry.kind === "document") continue;
      if (!connection.takesDay(entry.date)) continue;
      const dimensions = catalog?.contract(entry.contract)?.dimensions ?? NO_DIMENSIONS;
      this.book.sums.add(
        blockHead(connection.key, entry, dimensions),
        entry,
        (product) => catalog?.products.get(product)?.dimensions ?? NO_DIMENSIONS,
      );
    }
  }

  /** @param stored undefined at a restore: the catalog was applied before, and what waits for it was tried then */
  #useCatalog(catalog: CompiledCatalog, stored: Pick<PartitionStore, "row"> | undefined): void {
    this.#catalog = catalog;
    this.#queue.forgetCatalog();
    this.payments.forgetCatalog();
    if (stored === undefined) return;
    for (const number of this.book.retried()) this.#queue.retry(number, stored);
  }

  /** Counts what the connection is to have: see `PostedSince`. */
  #noteDue({ key }: CompiledConnection, document: PublishedDocument, takes: boolean): void {
    const { legalEntity, currency, total } = document;
    const since = this.book.sinceOf(key, legalEntity, currency);
    if (since === undefined && takes) {
      // The document's own entry is booked behind this.
      const receivable = this.#options.receivableOf(legalEntity, currency);
      this.book.beginSince({ connection: key, legalEntity, currency, receivable, leftOut: 0n });
    } else if (since !== undefined && !takes) this.book.leaveOut(since, minorUnitsOfText(total));
  }

  #postDocument(connection: CompiledConnection, document: PublishedDocument): void {
    const catalog = this.#catalog;
    const contract = catalog?.contract(document.contract);
    if (catalog === undefined || contract === undefined) return;
    const { legalEntity, customer, account, currency, issueDate: day, dueDate, corrects } = document;
    const after: string[] = [];
    const customersKey = customerKey(legalEntity, customer);
    if (connection.kinds.has("customer")) {
      const posted = catalog.posting.customer(legalEntity, customer);
      if (posted !== undefined) {
        this.#queue.alignCustomer(connection.key, customersKey, posted, day);
        after.push(customersKey);
      }
    }
    let corrected = null;
    if (corrects !== undefined) {
      const correctedKey = invoiceKey({
        kind: correctedKind(document.kind),
        legalEntity,
        number: corrects.number,
      });
      // One of a time before the connection is not in the ERP: nothing can be applied to it.
      if (this.book.numberOf(connection.key, correctedKey) !== undefined) {
        after.push(correctedKey);
        corrected = { key: correctedKey, number: corrects.number };
      }
    }
    const posted = postedInvoice(document, contract, corrected);
    this.#queue.post(
      {
        connection: connection.key,
        key: invoiceKey(posted),
        orderKey: customersKey,
        after,
        day,
        paymentDays: contract.paymentDays,
        document: posted,
      },
      { legalEntity, currency, customer, account, dueDate, amount: minorUnitsOfText(document.total) },
    );
  }
}
