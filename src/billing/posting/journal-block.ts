import type { EntryKind, JournalEntry, LedgerAccount } from "../ledger/journal-entry.ts";
import { monthOf } from "./mapping-keys.ts";

/** Why a journal is made; the names stand in its memo. */
export type JournalPurpose = "accrual" | "accrual-reversal" | "release" | "credits" | "documents";

const PURPOSE_OF: Readonly<Record<EntryKind, JournalPurpose>> = {
  document: "documents",
  void: "documents",
  accrual: "accrual",
  "accrual-reversal": "accrual-reversal",
  release: "release",
  credits: "credits",
};

export type Dimensions = Readonly<Record<string, string>>;

/** What entries come to on one account and under the same dimensions. Minor units, debits positive. */
export interface BlockLine {
  readonly account: LedgerAccount;
  readonly dimensions: Dimensions;
  amount: bigint;
}

/**
 * What is booked and not in a journal yet, of contracts with the same accounting dimensions: the lines of a block add up to 0,
 * so that journals may be put together from any blocks.
 */
export interface JournalBlock {
  readonly connection: string;
  readonly legalEntity: string;
  readonly currency: string;
  readonly purpose: JournalPurpose;
  /** Accounting date of the journal, YYYY-MM-DD. */
  readonly date: string;
  /** Accounting month, YYYY-MM, behind whose end the journal is made. */
  readonly dueMonth: string;
  /** Accounting dimensions of the contracts. */
  readonly dimensions: Dimensions;
  readonly lines: Map<string, BlockLine>;
}

export type BlockHead = Omit<JournalBlock, "lines">;

/** Where an entry is summed up. */
export function blockHead(
  connection: string,
  entry: JournalEntry,
  contractDimensions: Dimensions,
): BlockHead {
  const { legalEntity, currency, kind, date } = entry;
  const purpose = PURPOSE_OF[kind];
  // What is taken back on a month's first day belongs to the accrual of the day before.
  const isReversal = purpose === "accrual-reversal";
  return {
    connection,
    legalEntity,
    currency,
    purpose,
    date: isReversal ? date : lastDayOf(monthOf(date)),
    dueMonth: monthOf(isReversal ? dayBefore(date) : date),
    dimensions: contractDimensions,
  };
}

export function blockKey(head: BlockHead): string {
  const { connection, legalEntity, currency, dueMonth, date, purpose, dimensions } = head;
  return [connection, legalEntity, currency, dueMonth, date, purpose, dimensionsText(dimensions)].join(
    "\u0000",
  );
}

/** Adds an entry's postings to a block. */
export function addToBlock(
  block: JournalBlock,
  { postings }: JournalEntry,
  productDimensions: (product: string) => Dimensions,
): void {
  for (const { account, product, amount } of postings) {
    // Of the functional currency alone, which the ERP works out by itself.
    if (amount === 0n) continue;
    const dimensions = { ...productDimensions(product), ...block.dimensions };
    const key = `${account}\u0000${dimensionsText(dimensions)}`;
    const line = block.lines.get(key);
    if (line === undefined) block.lines.set(key, { account, dimensions, amount });
    else line.amount += amount;
  }
}

/** Canonical text of dimensions. */
export function dimensionsText(dimensions: Dimensions): string {
  return JSON.stringify(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Last day of a month, YYYY-MM → YYYY-MM-DD. */
export function lastDayOf(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

export function dayBefore(day: string): string {
  return shiftDay(day, -1);
}

export function dayAfter(day: string): string {
  return shiftDay(day, 1);
}

const DAY_MS = 86_400_000;

function shiftDay(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
