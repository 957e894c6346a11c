import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";

/** Entries that belong together and wait for an exchange rate. */
export interface HeldGroup {
  readonly entries: readonly JournalEntry[];
  /** The catalog that had no rate for them. */
  readonly catalogVersion: string;
}

export const HELD_ENTRIES_SPACE = "entries-held";
/** Row of the last ordinal given out: an ordinal is never given twice, also not after a restore. */
const LAST_ORDINAL_KEY = 0;

const packr = new Packr({ useRecords: false });
type Row = [catalogVersion: string, entries: Uint8Array[]];

/** Contract of a stored row's entries; undefined for the row of the last ordinal. */
export function contractOfHeld(key: number, value: Uint8Array): string | undefined {
  if (key === LAST_ORDINAL_KEY) return undefined;
  const row: Row = packr.unpack(value);
  const [, entries] = row;
  return entries[0] === undefined ? undefined : decodeEntry(entries[0]).contract;
}

/** Entries that wait for an exchange rate, by ordinal (from 1). There are few, or finance has something to do. */
export class HeldEntries implements CheckpointParticipant {
  readonly #groups = new Map<number, HeldGroup>();
  readonly #changed = new Set<number>();
  #lastOrdinal = 0;

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(HELD_ENTRIES_SPACE)) {
      if (key === LAST_ORDINAL_KEY) {
        this.#lastOrdinal = packr.unpack(value);
        continue;
      }
      const row: Row = packr.unpack(value);
      const [catalogVersion, entries] = row;
      this.#groups.set(key, { catalogVersion, entries: entries.map(decodeEntry) });
    }
  }

  collectChanges(rows: StateRow[]): void {
    if (this.#changed.size === 0) return;
    rows.push({ space: HELD_ENTRIES_SPACE, key: LAST_ORDINAL_KEY, value: packr.pack(this.#lastOrdinal) });
    for (const key of [...this.#changed].sort((a, b) => a - b)) {
      const group = this.#groups.get(key);
      rows.push({ space: HELD_ENTRIES_SPACE, key, value: group === undefined ? null : encodeGroup(group) });
    }
    this.#changed.clear();
  }

  /** In the order in which they came to wait; may be changed meanwhile. */
  all(): readonly (readonly [ordinal: number, group: HeldGroup])[] {
    return [...this.#groups];
  }

  /** Returns the group's ordinal. */
  add(group: HeldGroup): number {
    this.#lastOrdinal += 1;
    this.set(this.#lastOrdinal, group);
    return this.#lastOrdinal;
  }

  set(ordinal: number, group: HeldGroup): void {
    this.#groups.set(ordinal, group);
    this.#changed.add(ordinal);
  }

  remove(ordinal: number): void {
    this.#groups.delete(ordinal);
    this.#changed.add(ordinal);
  }
}

function encodeGroup({ catalogVersion, entries }: HeldGroup): Uint8Array {
  const row: Row = [catalogVersion, entries.map(encodeEntry)];
  return packr.pack(row);
}
