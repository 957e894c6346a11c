import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import { Packr } from "msgpackr";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";
import { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import { creditLedgerCodec, ledgerEntryCodec } from "../../billing/credits/ledger-codec.ts";
import type { LedgerEntry } from "../../billing/credits/ledger-entries.ts";
import type { CreditLedgerState } from "../../billing/credits/ledger-state.ts";
import type { FrozenDocument, PublishedDocument } from "../../billing/invoices/billing-document.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import type { TaxedAs } from "../../billing/tax/tax-reversal.ts";
import { ClosedPeriods } from "../close/closed-periods.ts";
import { KeyedRows } from "../rate/keyed-rows.ts";
import { billedContractCodec, billedPeriodCodec } from "./billing-rows.ts";
import { decodeFrozen, encodeFrozen } from "./document-codec.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import { HeldEntries } from "./held-entries.ts";
import { LedgerTotals } from "./ledger-totals.ts";
import { WaitingDocuments } from "./waiting-documents.ts";

export const BILLING_SPACES = {
  /** Documents that wait for their number or their tax, by ordinal. */
  frozen: "documents-frozen",
  /** Final documents as published, by ordinal: never changed, never in memory. */
  documents: "documents",
  /** Journal entries, by ordinal: never changed, never in memory. */
  journal: "journal",
  /** Entries of the credit ledgers, by ordinal. */
  creditEntries: "credit-entries",
  counters: "billing-counters",
} as const;

const packr = new Packr({ useRecords: false });
type Counters = [documents: number, entries: number, creditEntries: number];

/** Told what billing makes, as it makes it. */
export interface BookObserver {
  /** A document is final; its entry is booked behind this. */
  readonly documentFinal: (document: PublishedDocument) => void;
  readonly entryBooked: (entry: JournalEntry) => void;
}

/**
 * All that billing keeps: how far each contract has come, what was invoiced, documents, the subledger and the credits.
 * Documents and entries are appended and never read again, so that memory does not grow with them.
 */
/** Units of `SliceBudget` that reading a document that waits costs. */
const RESTORE_UNITS = 100;

export class BillingBook implements CheckpointParticipant {
  readonly contracts = new KeyedRows("billed-contracts", billedContractCodec);
  /** They stay for corrections, month by month: each is asked for around its own month's end, and then mostly never. */
  readonly periods = new KeyedRows("billed-periods", billedPeriodCodec, () => true);
  readonly totals = new LedgerTotals();
  readonly heldEntries = new HeldEntries();
  readonly closed = new ClosedPeriods();
  readonly #observer: BookObserver | undefined;
  readonly #credits = new KeyedRows("credit-ledgers", creditLedgerCodec);
  readonly #frozen = new Map<string, { readonly ordinal: number; readonly document: FrozenDocument }>();
  readonly #waiting = new WaitingDocuments();
  #counters: Counters = [0, 0, 0];
  /** Rows behind the last checkpoint. As bytes at once: the objects of a document would live until the checkpoint is written. */
  #appended: StateRow[] = [];
  /** By ordinal: documents that came to wait since the last checkpoint, null for those that wait no more. */
  #frozenRows = new Map<number, FrozenDocument | null>();

  constructor(observer?: BookObserver) {
    this.#observer = observer;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    yield* this.contracts.restoreInSlices(store, budget);
    yield* this.periods.restoreInSlices(store, budget);
    yield* this.#credits.restoreInSlices(store, budget);
    this.totals.restore(store);
    this.heldEntries.restore(store);
    this.closed.restore(store);
    for (const { value } of store.rows(BILLING_SPACES.counters)) this.#counters = packr.unpack(value);
    for (const { key: ordinal, value } of store.rows(BILLING_SPACES.frozen)) {
      const document = decodeFrozen(value);
      this.#frozen.set(document.id, { ordinal, document });
      this.#waiting.note(document);
      if (budget.spend(RESTORE_UNITS)) yield;
    }
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    const few: StateRow[] = [];
    this.#credits.collectChanges(few);
    this.totals.collectChanges(few);
    this.heldEntries.collectChanges(few);
    this.closed.collectChanges(few);
    const appended = this.#appended;
    const frozenRows = this.#frozenRows;
    if (appended.length > 0 || frozenRows.size > 0)
      few.push({ space: BILLING_SPACES.counters, key: 0, value: packr.pack(this.#counters) });
    this.#appended = [];
    this.#frozenRows = new Map();
    return rowsOf([
      this.contracts.freezeChanges(),
      this.periods.freezeChanges(),
      few,
      appended,
      waitingRows(frozenRows),
    ]);
  }

  /** Documents that wait for their number, in the order in which they were frozen. */
  frozen(): readonly FrozenDocument[] {
    return this.#documents(this.#waiting.ready());
  }

  /** Documents that wait until their tax can be told, in the order in which they were frozen. */
  held(): readonly FrozenDocument[] {
    return this.#documents(this.#waiting.held());
  }

  /** Held documents of a contract that will use credits when they are taxed: corrections have used theirs. */
  unpaidOf(contract: string): readonly FrozenDocument[] {
    return this.#documents(this.#waiting.heldOf(contract)).filter(({ corrects }) => corrects === undefined);
  }

  /** Held documents in no order, without a copy of the list. */
  *heldUnordered(): Generator<FrozenDocument> {
    for (const id of this.#waiting.held()) {
      const document = this.#frozen.get(id)?.document;
      if (document !== undefined) yield document;
    }
  }

  /** Whether a document waits for its number. */
  get hasFrozen(): boolean {
    return this.#waiting.hasReady;
  }

  /** Undefined for documents that are final or held. */
  frozenDocument(id: string): FrozenDocument | undefined {
    const document = this.#frozen.get(id)?.document;
    return document?.hold === undefined ? document : undefined;
  }

  /** Undefined for documents that are not held. */
  heldDocument(id: string): FrozenDocument | undefined {
    const document = this.#frozen.get(id)?.document;
    return document?.hold === undefined ? undefined : document;
  }

  #documents(ids: Iterable<string>): FrozenDocument[] {
    return [...ids]
      .flatMap((id) => this.#frozen.get(id) ?? [])
      .sort((a, b) => a.ordinal - b.ordinal)
      .map(({ document }) => document);
  }

  /** Stores a document that waits for its number or its tax; one that waited for its tax again. */
  freeze(document: FrozenDocument): void {
    const known = this.#frozen.get(document.id);
    if (known === undefined) this.#counters[0] += 1;
    const ordinal = known?.ordinal ?? this.#counters[0];
    this.#frozen.set(document.id, { ordinal, document });
    this.#frozenRows.set(ordinal, document);
    this.#waiting.note(document);
  }

  /** A frozen document has become final. */
  finish(id: string, published: PublishedDocument): void {
    const frozen = this.#frozen.get(id);
    if (frozen === undefined) throw new RangeError(`document ${id} is not frozen`);
    this.#frozen.delete(id);
    this.#frozenRows.set(frozen.ordinal, null);
    const { taxedAs } = frozen.document;
    const row: DocumentRow = {
      ...published,
      charges: chargesOf(frozen.document),
      ...(taxedAs === undefined ? {} : { taxedAs }),
    };
    this.#append(BILLING_SPACES.documents, frozen.ordinal, packr.pack(row));
    this.#waiting.finish(id);
    this.#observer?.documentFinal(published);
  }

  /** Documents and entries so far, and documents that wait: equal where nothing was booked or made in between. */
  get place(): { readonly documents: number; readonly entries: number; readonly waiting: number } {
    const [documents, entries] = this.#counters;
    return { documents, entries, waiting: this.#frozen.size };
  }

  /** Books an entry, in an open period; nothing where there is none. */
  book(asked: JournalEntry | undefined): void {
    if (asked === undefined) return;
    const entry = this.closed.inOpenPeriod(asked);
    this.totals.add(entry);
    this.#counters[1] += 1;
    this.#append(BILLING_SPACES.journal, this.#counters[1], encodeEntry(entry));
    this.#observer?.entryBooked(entry);
  }

  /**
   * Works with a credit ledger, which is opened where it is new. What it books is stored and returned.
   * @param id names the ledger: contract and unit
   * @param openedMs when it begins
   */
  withCredits(id: string, openedMs: number, work: (ledger: CreditLedger) => void): readonly LedgerEntry[] {
    const number = this.#credits.numberOf(id) ?? this.#credits.add(newLedger(id, openedMs));
    const ledger = new CreditLedger(this.#credits.at(number));
    work(ledger);
    this.#credits.touch(number);
    const entries = ledger.takeEntries();
    for (const entry of entries) {
      this.#counters[2] += 1;
      this.#append(BILLING_SPACES.creditEntries, this.#counters[2], ledgerEntryCodec.encode(entry));
    }
    return entries;
  }

  /** A copy of a credit ledger, to try something; undefined where it has not been opened. */
  creditsCopy(id: string): CreditLedger | undefined {
    const number = this.#credits.numberOf(id);
    if (number === undefined) return undefined;
    return new CreditLedger(creditLedgerCodec.decode(creditLedgerCodec.encode(this.#credits.at(number))));
  }

  #append(space: string, key: number, value: Uint8Array): void {
    this.#appended.push({ space, key, value });
  }
}

/** Most documents get their number before the next checkpoint: nothing of them was ever stored here. */
function* waitingRows(rows: ReadonlyMap<number, FrozenDocument | null>): Generator<StateRow> {
  for (const [key, document] of rows)
    yield { space: BILLING_SPACES.frozen, key, value: document === null ? null : encodeFrozen(document) };
}

function* rowsOf(parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}

function newLedger(id: string, openedMs: number): CreditLedgerState {
  return CreditLedger.open(id, openedMs, "charge").state;
}

/** A final document as it is stored: with what its lines are to the billing of their periods. */
type DocumentRow = PublishedDocument & {
  readonly charges?: StoredDocument["charges"];
  readonly taxedAs?: TaxedAs;
};

/** A final document out of the store, with its ordinal among the partition's. */
export interface StoredDocument {
  readonly ordinal: number;
  readonly document: PublishedDocument;
  /** By line: key of the charge, and whether it was due in advance. */
  readonly charges: readonly (readonly [charge: string, inAdvance: boolean])[];
  /** What the tax service that taxed it was told of it; undefined where none has. */
  readonly taxedAs: TaxedAs | undefined;
}

function chargesOf({ lines }: FrozenDocument): StoredDocument["charges"] {
  return lines.map(({ charge, inAdvance }) => [charge, inAdvance]);
}

/** A final document of its row. */
export function readDocument(ordinal: number, value: Uint8Array): StoredDocument {
  const row: DocumentRow = packr.unpack(value);
  const { charges = [], taxedAs, ...document } = row;
  return { ordinal, document, charges, taxedAs };
}

/** Documents as they were published, in their order. */
export function* storedDocuments(store: Pick<PartitionStore, "rows">): Generator<PublishedDocument> {
  for (const { document } of storedDocumentRows(store)) yield document;
}

/** The same with all that is stored of them. */
export function* storedDocumentRows(store: Pick<PartitionStore, "rows">): Generator<StoredDocument> {
  for (const { key, value } of store.rows(BILLING_SPACES.documents)) yield readDocument(key, value);
}

/** The document of an ordinal; undefined where none is stored under it. */
export function storedDocument(
  store: Pick<PartitionStore, "row">,
  ordinal: number,
): StoredDocument | undefined {
  const value = store.row(BILLING_SPACES.documents, ordinal);
  return value === undefined ? undefined : readDocument(ordinal, value);
}

/** The subledger's entries, in the order in which they were booked. */
export function* storedEntries(
  store: Pick<PartitionStore, "rows">,
): Generator<JournalEntry & { readonly ordinal: number }> {
  for (const { key: ordinal, value } of store.rows(BILLING_SPACES.journal))
    yield { ordinal, ...decodeEntry(value) };
}
