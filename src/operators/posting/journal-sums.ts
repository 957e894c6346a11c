import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import {
  addToBlock,
  type BlockHead,
  blockKey,
  type BlockLine,
  type Dimensions,
  dimensionsText,
  type JournalBlock,
} from "../../billing/posting/journal-block.ts";

const SPACE = "journal-blocks";
/** Row of the last ordinal given out: an ordinal is never given twice, also not after a restore. */
const LAST_ORDINAL_KEY = 0;

const packr = new Packr({ useRecords: false });
type LineRow = [account: BlockLine["account"], dimensions: Dimensions, amount: string];
type Row = [
  connection: string,
  legalEntity: string,
  currency: string,
  purpose: JournalBlock["purpose"],
  date: string,
  dueMonth: string,
  dimensions: Dimensions,
  lines: LineRow[],
];

/** Blocks that become due together: those of a connection, legal entity and month. */
export interface DueMonth {
  readonly connection: string;
  readonly legalEntity: string;
  readonly dueMonth: string;
}

/** Entries that no journal has taken up yet, summed up: a block leaves when its journal is made. */
export class JournalSums implements CheckpointParticipant {
  readonly #blocks = new Map<string, { readonly ordinal: number; readonly block: JournalBlock }>();
  readonly #months = new Map<string, { readonly month: DueMonth; readonly keys: Set<string> }>();
  readonly #changed = new Set<string>();
  #removed: number[] = [];
  #lastOrdinal = 0;

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key: ordinal, value } of store.rows(SPACE)) {
      if (ordinal === LAST_ORDINAL_KEY) this.#lastOrdinal = packr.unpack(value);
      else this.#put(ordinal, decodeBlock(value));
    }
  }

  collectChanges(rows: StateRow[]): void {
    if (this.#changed.size === 0 && this.#removed.length === 0) return;
    rows.push({ space: SPACE, key: LAST_ORDINAL_KEY, value: packr.pack(this.#lastOrdinal) });
    for (const ordinal of this.#removed) rows.push({ space: SPACE, key: ordinal, value: null });
    for (const key of this.#changed) {
      const found = this.#blocks.get(key);
      if (found !== undefined)
        rows.push({ space: SPACE, key: found.ordinal, value: encodeBlock(found.block) });
    }
    this.#changed.clear();
    this.#removed = [];
  }

  add(head: BlockHead, entry: JournalEntry, productDimensions: (product: string) => Dimensions): void {
    const key = blockKey(head);
    const known = this.#blocks.get(key);
    let block = known?.block;
    if (block === undefined) {
      block = { ...head, lines: new Map() };
      this.#lastOrdinal += 1;
      this.#put(this.#lastOrdinal, block);
    }
    addToBlock(block, entry, productDimensions);
    this.#changed.add(key);
  }

  /** Months that blocks wait for the end of, in no order. */
  *months(): Generator<DueMonth> {
    for (const { month } of this.#months.values()) yield month;
  }

  /** All blocks, in no order. */
  *blocks(): Generator<JournalBlock> {
    for (const { block } of this.#blocks.values()) yield block;
  }

  /** Takes the blocks of a month out. */
  take(month: DueMonth): readonly JournalBlock[] {
    const found = this.#months.get(monthKey(month));
    if (found === undefined) return [];
    this.#months.delete(monthKey(month));
    return [...found.keys].flatMap((key) => {
      const entry = this.#blocks.get(key);
      if (entry === undefined) return [];
      this.#blocks.delete(key);
      this.#changed.delete(key);
      this.#removed.push(entry.ordinal);
      return [entry.block];
    });
  }

  #put(ordinal: number, block: JournalBlock): void {
    const key = blockKey(block);
    this.#blocks.set(key, { ordinal, block });
    const { connection, legalEntity, dueMonth } = block;
    const month = { connection, legalEntity, dueMonth };
    const known = this.#months.get(monthKey(month));
    if (known === undefined) this.#months.set(monthKey(month), { month, keys: new Set([key]) });
    else known.keys.add(key);
  }
}

function monthKey({ connection, legalEntity, dueMonth }: DueMonth): string {
  return [connection, legalEntity, dueMonth].join("\u0000");
}

function encodeBlock(block: JournalBlock): Uint8Array {
  const { connection, legalEntity, currency, purpose, date, dueMonth, dimensions, lines } = block;
  const lineRows = [...lines.values()].map(({ account, dimensions: own, amount }): LineRow => [
    account,
    own,
    amount.toString(),
  ]);
  const row: Row = [connection, legalEntity, currency, purpose, date, dueMonth, dimensions, lineRows];
  return packr.pack(row);
}

function decodeBlock(value: Uint8Array): JournalBlock {
  const row: Row = packr.unpack(value);
  const [connection, legalEntity, currency, purpose, date, dueMonth, dimensions, lineRows] = row;
  const lines = new Map(
    lineRows.map(([account, own, amount]) => [
      `${account}\u0000${dimensionsText(own)}`,
      { account, dimensions: own, amount: BigInt(amount) },
    ]),
  );
  return { connection, legalEntity, currency, purpose, date, dueMonth, dimensions, lines };
}
