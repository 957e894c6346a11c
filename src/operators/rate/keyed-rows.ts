import type { PartitionStore, StateRow } from "../../model/store.ts";

/** How entries of a `KeyedRows` are stored. */
export interface RowCodec<Entry> {
  encode(entry: Entry): Uint8Array;
  decode(value: Uint8Array): Entry;
  /** Text by which an entry is looked up; follows from the entry alone. */
  keyOf(entry: Entry): string;
}

/**
 * Entries looked up by a text and stored as rows of one space, numbered in the order of first use. Only rows that changed
 * since the last checkpoint are handed over, in the order of their numbers.
 */
export class KeyedRows<Entry> {
  readonly #space: string;
  readonly #codec: RowCodec<Entry>;
  readonly #numbers = new Map<string, number>();
  readonly #entries: Entry[] = [];
  readonly #changed = new Set<number>();

  constructor(space: string, codec: RowCodec<Entry>) {
    this.#space = space;
    this.#codec = codec;
  }

  /** Number of the entry with a key, undefined where there is none. */
  numberOf(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  at(number: number): Entry {
    const entry = this.#entries[number];
    if (entry === undefined) throw new RangeError(`no row ${number} in ${this.#space}`);
    return entry;
  }

  /** Adds an entry, whose key must be new; returns its number. */
  add(entry: Entry): number {
    const number = this.#entries.length;
    this.#numbers.set(this.#codec.keyOf(entry), number);
    this.#entries.push(entry);
    this.#changed.add(number);
    return number;
  }

  /** All entries in the order of their numbers. */
  entries(): Iterable<Readonly<Entry>> {
    return this.#entries.values();
  }

  /** Marks an entry to be stored with the next checkpoint. */
  touch(number: number): void {
    this.#changed.add(number);
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { key, value } of store.rows(this.#space)) {
      if (this.add(this.#codec.decode(value)) !== key)
        throw new RangeError(`row ${key} of ${this.#space} is out of order`);
    }
    this.#changed.clear();
  }

  collectChanges(rows: StateRow[]): void {
    for (const number of [...this.#changed].sort((a, b) => a - b))
      rows.push({ space: this.#space, key: number, value: this.#codec.encode(this.at(number)) });
    this.#changed.clear();
  }
}
