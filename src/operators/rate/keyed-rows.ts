import { TributaryError } from "../../model/errors.ts";
import type { PartitionStore, StateRow } from "../../model/store.ts";

/** How entries of a `KeyedRows` are stored. */
export interface RowCodec<Entry> {
  encode(entry: Entry): Uint8Array;
  decode(value: Uint8Array): Entry;
  /** Text by which an entry is looked up; follows from the entry alone. */
  keyOf(entry: Entry): string;
}

/** How an entry stands to the checkpoints; the codes of the two generations of changes take turns. */
const CLEAN = 0;
const FIRST_CAPACITY = 1024;

/**
 * Entries looked up by a text and stored as rows of one space, numbered in the order of first use. Only rows that changed
 * since the last checkpoint are handed over.
 */
export class KeyedRows<Entry> {
  readonly #space: string;
  readonly #codec: RowCodec<Entry>;
  readonly #numbers = new Map<string, number>();
  readonly #entries: Entry[] = [];
  /** By number: clean, or the generation of its last change. A checkpoint is frozen by beginning the next generation. */
  #states = new Uint8Array(FIRST_CAPACITY);
  #generation = 1;
  #frozenGeneration = 2;
  /** Values of the frozen checkpoint made before their entries changed again. */
  readonly #frozenValues = new Map<number, Uint8Array>();
  #isReading = false;

  constructor(space: string, codec: RowCodec<Entry>) {
    this.#space = space;
    this.#codec = codec;
  }

  /** Number of the entry with a key, undefined where there is none. */
  numberOf(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  /** An entry to read; see `touch` for changing it. */
  at(number: number): Entry {
    return this.#entryAt(number);
  }

  /** An entry to change, before anything else happens: it is stored with the next checkpoint. */
  change(number: number): Entry {
    const entry = this.#entryAt(number);
    const state = this.#states[number];
    if (state === this.#generation) return entry;
    if (state === this.#frozenGeneration) this.#frozenValues.set(number, this.#codec.encode(entry));
    this.#states[number] = this.#generation;
    return entry;
  }

  /** Notes that an entry was changed, behind the change: only where changes are collected at once, never frozen. */
  touch(number: number): void {
    this.#states[number] = this.#generation;
  }

  /** Adds an entry, whose key must be new; returns its number. */
  add(entry: Entry): number {
    const number = this.#entries.length;
    this.#numbers.set(this.#codec.keyOf(entry), number);
    this.#entries.push(entry);
    if (number === this.#states.length) {
      const states = new Uint8Array(number * 2);
      states.set(this.#states);
      this.#states = states;
    }
    this.#states[number] = this.#generation;
    return number;
  }

  /** All entries in the order of their numbers. */
  entries(): Iterable<Readonly<Entry>> {
    return this.#entries.values();
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    for (const { key, value } of store.rows(this.#space)) {
      if (this.add(this.#codec.decode(value)) !== key)
        throw new RangeError(`row ${key} of ${this.#space} is out of order`);
    }
    this.#states.fill(CLEAN);
  }

  /** See `CheckpointParticipant.collectChanges`. */
  collectChanges(rows: StateRow[]): void {
    for (const row of this.freezeChanges()) rows.push(row);
  }

  /** See `CheckpointParticipant.freezeChanges`. */
  freezeChanges(): Iterable<StateRow> {
    if (this.#isReading)
      throw new TributaryError("internal-fault", `A checkpoint of ${this.#space} began inside another one.`);
    this.#isReading = true;
    [this.#generation, this.#frozenGeneration] = [this.#frozenGeneration, this.#generation];
    return this.#readFrozen();
  }

  *#readFrozen(): Generator<StateRow> {
    const space = this.#space;
    const next = (from: number): number => this.#states.indexOf(this.#frozenGeneration, from);
    for (let number = next(0); number !== -1; number = next(number + 1)) {
      this.#states[number] = CLEAN;
      yield { space, key: number, value: this.#codec.encode(this.#entryAt(number)) };
    }
    // Those that changed again before their turn came.
    for (const [number, value] of this.#frozenValues) {
      this.#frozenValues.delete(number);
      yield { space, key: number, value };
    }
    this.#isReading = false;
  }

  #entryAt(number: number): Entry {
    const entry = this.#entries[number];
    if (entry === undefined) throw new RangeError(`no row ${number} in ${this.#space}`);
    return entry;
  }
}
