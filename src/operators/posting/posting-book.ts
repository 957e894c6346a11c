import { Packr } from "msgpackr";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";
import type { DocumentToPost } from "../../billing/posting/posting-command.ts";
import { KeyedRows, type RowCodec } from "../rate/keyed-rows.ts";
import { JournalSums } from "./journal-sums.ts";
import { type Posting, postingCodec, postingName, type PostingStatus } from "./posting-row.ts";

export const POSTING_SPACES = {
  /** What is posted, by ordinal: never changed, never in memory. */
  contents: "posting-contents",
  counters: "posting-counters",
} as const;

/** Since when a connection posts a legal entity's documents of a currency, and what it left out since. Minor units. */
export interface PostedSince {
  readonly connection: string;
  readonly legalEntity: string;
  readonly currency: string;
  /** Receivable of the ledger before the first document that was posted. */
  readonly receivable: bigint;
  /** Final documents since then that the connection does not take. */
  leftOut: bigint;
}

const packr = new Packr({ useRecords: false });

export const sinceCodec: RowCodec<PostedSince> = {
  keyOf: ({ connection, legalEntity, currency }) => [connection, legalEntity, currency].join("\u0000"),
  encode: ({ connection, legalEntity, currency, receivable, leftOut }) =>
    packr.pack([connection, legalEntity, currency, receivable.toString(), leftOut.toString()]),
  decode(value) {
    const row: [string, string, string, string, string] = packr.unpack(value);
    const [connection, legalEntity, currency, receivable, leftOut] = row;
    return { connection, legalEntity, currency, receivable: BigInt(receivable), leftOut: BigInt(leftOut) };
  },
};

/** Journals made so far of a connection, legal entity, month and currency: their keys are numbered by it. */
interface JournalCount {
  readonly series: string;
  count: number;
}

const journalCountCodec: RowCodec<JournalCount> = {
  keyOf: ({ series }) => series,
  encode: ({ series, count }) => packr.pack([series, count]),
  decode(value) {
    const row: [string, number] = packr.unpack(value);
    return { series: row[0], count: row[1] };
  },
};

/** States in which another version of the mapping may help. */
const RETRIED: ReadonlySet<PostingStatus> = new Set<PostingStatus>(["waiting", "parked"]);

/**
 * All that a partition keeps of what it posts: the state of each document in each connection, entries that no journal has
 * taken up. Contents leave memory with the checkpoint.
 */
export class PostingBook implements CheckpointParticipant {
  readonly sums = new JournalSums();
  readonly #postings = new KeyedRows("postings", postingCodec, () => true);
  readonly #since = new KeyedRows("posted-since", sinceCodec);
  readonly #journals = new KeyedRows("journal-counts", journalCountCodec);
  /** Numbers of postings that another mapping may help, ascending. */
  readonly #retried = new Set<number>();
  /** Numbers of invoices that are not paid, as far as the ERP has told. */
  readonly #unpaid = new Set<number>();
  /** By connection and state. */
  readonly #counts = new Map<string, Map<PostingStatus, number>>();
  #lastContent = 0;
  #appended: { readonly key: number; readonly toPost: DocumentToPost }[] = [];

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.sums.restore(store);
    this.#postings.restore(store);
    this.#since.restore(store);
    this.#journals.restore(store);
    for (const { value } of store.rows(POSTING_SPACES.counters)) this.#lastContent = packr.unpack(value);
    let number = 0;
    for (const posting of this.#postings.entries()) {
      this.#note(number, posting, 1);
      number += 1;
    }
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    const few: StateRow[] = [];
    this.sums.collectChanges(few);
    this.#since.collectChanges(few);
    this.#journals.collectChanges(few);
    const appended = this.#appended;
    if (appended.length > 0)
      few.push({ space: POSTING_SPACES.counters, key: 0, value: packr.pack(this.#lastContent) });
    this.#appended = [];
    return rowsOf(this.#postings.freezeChanges(), few, appended);
  }

  /** Stores what is posted; returns its ordinal. */
  append(toPost: DocumentToPost): number {
    this.#lastContent += 1;
    this.#appended.push({ key: this.#lastContent, toPost });
    return this.#lastContent;
  }

  /** Number of a posting, undefined where there is none. */
  numberOf(connection: string, key: string): number | undefined {
    return this.#postings.numberOf(postingName(connection, key));
  }

  at(number: number): Readonly<Posting> {
    return this.#postings.at(number);
  }

  add(posting: Posting): number {
    const number = this.#postings.add(posting);
    this.#note(number, posting, 1);
    return number;
  }

  /** Changes a posting. */
  change(number: number, change: (posting: Posting) => void): void {
    this.#note(number, this.#postings.at(number), -1);
    const posting = this.#postings.change(number);
    change(posting);
    this.#note(number, posting, 1);
  }

  /** In the order in which their documents were made. */
  entries(): Iterable<Readonly<Posting>> {
    return this.#postings.entries();
  }

  /** Numbers of postings that wait for another mapping, ascending. */
  retried(): readonly number[] {
    return [...this.#retried].sort((a, b) => a - b);
  }

  /** Numbers of invoices of which something is to be paid, ascending. */
  unpaid(): readonly number[] {
    return [...this.#unpaid].sort((a, b) => a - b);
  }

  /** How many documents of each connection are in each state. */
  counts(): ReadonlyMap<string, ReadonlyMap<PostingStatus, number>> {
    return this.#counts;
  }

  /** See `PostedSince`; undefined before the first document. */
  sinceOf(connection: string, legalEntity: string, currency: string): number | undefined {
    return this.#since.numberOf([connection, legalEntity, currency].join("\u0000"));
  }

  beginSince(since: PostedSince): void {
    this.#since.add(since);
  }

  leaveOut(number: number, amount: bigint): void {
    this.#since.change(number).leftOut += amount;
  }

  sinces(): Iterable<Readonly<PostedSince>> {
    return this.#since.entries();
  }

  /** Ordinal of the next journal of a series, from 1. */
  nextJournal(series: string): number {
    const number = this.#journals.numberOf(series) ?? this.#journals.add({ series, count: 0 });
    return (this.#journals.change(number).count += 1);
  }

  #note(number: number, posting: Readonly<Posting>, sign: 1 | -1): void {
    const { connection, state, payment } = posting;
    let states = this.#counts.get(connection);
    if (states === undefined) this.#counts.set(connection, (states = new Map()));
    const count = (states.get(state) ?? 0) + sign;
    if (count === 0) states.delete(state);
    else states.set(state, count);
    if (sign === -1) return;
    if (RETRIED.has(state)) this.#retried.add(number);
    else this.#retried.delete(number);
    const isOpen = payment !== undefined && payment.status !== "void" && payment.open > 0n;
    if (posting.kind === "invoice" && isOpen) this.#unpaid.add(number);
    else this.#unpaid.delete(number);
  }
}

function* rowsOf(
  postings: Iterable<StateRow>,
  few: readonly StateRow[],
  appended: readonly { readonly key: number; readonly toPost: DocumentToPost }[],
): Generator<StateRow> {
  yield* postings;
  yield* few;
  for (const { key, toPost } of appended)
    yield { space: POSTING_SPACES.contents, key, value: packr.pack(toPost) };
}

/** What is posted, out of the store; undefined where it is in no checkpoint yet. */
export function storedContent(
  store: Pick<PartitionStore, "row">,
  content: number,
): DocumentToPost | undefined {
  const value = store.row(POSTING_SPACES.contents, content);
  if (value === undefined) return undefined;
  const toPost: DocumentToPost = packr.unpack(value);
  return toPost;
}
