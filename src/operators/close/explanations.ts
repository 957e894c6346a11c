import { Packr } from "msgpackr";
import type { CloseExplanationRecord, CloseScope, LineFigures } from "../../model/control.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";

const SPACE = "close-explanations";
/**
 * Explanations that a partition remembers: people write them. Where there are more, the oldest is forgotten and what it
 * explained is open again; the control log keeps them all.
 */
export const MAX_EXPLANATIONS = 10_000;

/** What somebody said about a line of a close report or an item of it. */
export interface Explanation {
  readonly figures: LineFigures;
  readonly actor: string;
  readonly reason: string;
  readonly decidedAt: string;
}

const packr = new Packr({ useRecords: false });
type Row = [
  key: string,
  count: number,
  amounts: [currency: string, amount: string][],
  actor: string,
  reason: string,
  decidedAt: string,
];

/** Explanations of lines of close reports; the last one of a line or item stands. They change no figure. */
export class CloseExplanations implements CheckpointParticipant {
  /** In the order in which they were given; a row's key is its ordinal, from 1. */
  readonly #explanations = new Map<string, Explanation & { readonly ordinal: number }>();
  #lastOrdinal = 0;
  #changed: StateRow[] = [];

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { key: ordinal, value } of store.rows(SPACE)) {
      const [key, count, amounts, actor, reason, decidedAt]: Row = packr.unpack(value);
      const figures = { count, amounts: Object.fromEntries(amounts) };
      this.#explanations.set(key, { ordinal, figures, actor, reason, decidedAt });
      this.#lastOrdinal = ordinal;
    }
  }

  collectChanges(rows: StateRow[]): void {
    rows.push(...this.#changed);
    this.#changed = [];
  }

  explain(record: CloseExplanationRecord): void {
    const { line, item, figures, actor, reason, decidedAt } = record;
    const key = keyOf(record, line, item);
    this.#forget(key);
    const ordinal = ++this.#lastOrdinal;
    this.#explanations.set(key, { ordinal, figures, actor, reason, decidedAt });
    const row: Row = [key, figures.count, Object.entries(figures.amounts), actor, reason, decidedAt];
    this.#changed.push({ space: SPACE, key: ordinal, value: packr.pack(row) });
    if (this.#explanations.size <= MAX_EXPLANATIONS) return;
    const [oldest] = this.#explanations.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  /** @param item null: of the line */
  find(scope: CloseScope, line: string, item: string | null): Explanation | undefined {
    return this.#explanations.get(keyOf(scope, line, item));
  }

  #forget(key: string): void {
    const known = this.#explanations.get(key);
    if (known === undefined) return;
    this.#explanations.delete(key);
    this.#changed.push({ space: SPACE, key: known.ordinal, value: null });
  }
}

/** Keys, dates and ids have no control characters. */
function keyOf({ legalEntity, from, to }: CloseScope, line: string, item: string | null): string {
  return [legalEntity, from, to, line, ...(item === null ? [] : [item])].join("\u0000");
}
