import { TributaryError } from "../../model/errors.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import type { PartitionStore, StateRow } from "../../model/store.ts";
import { TextIndex } from "../text-index.ts";

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
/** Units of `SliceBudget` that reading a row costs. */
const RESTORE_UNITS = 25;

/**
 * Entries looked up by a text and stored as rows of one space, numbered in the order of first use. Only rows that changed
 * since the last checkpoint are handed over. Cold entries are kept as they are stored, in a fraction of the memory, and
 * read when they are asked for.
 */
export class KeyedRows<Entry extends object> {
  readonly #space: string;
  readonly #codec: RowCodec<Entry>;
  readonly #numbers = new TextIndex();
  readonly #isCold: (entry: Entry) => boolean;
  /** By number; a text holds the stored bytes of a cold one, a character each. */
  readonly #entries: (Entry | string)[] = [];
  /** By number: clean, or the generation of its last change. A checkpoint is frozen by beginning the next generation. */
  #states = new Uint8Array(FIRST_CAPACITY);
  #generation = 1;
  #frozenGeneration = 2;
  /** Values of the frozen checkpoint made before their entries changed again. */
  readonly #frozenValues = new Map<number, Uint8Array>();
  #isReading = false;

  /** @param isCold whether an entry that has been stored will hardly be asked for again */
  constructor(space: string, codec: RowCodec<Entry>, isCold: (entry: Entry) => boolean = () => false) {
    this.#space = space;
    this.#codec = codec;
    this.#isCold = isCold;
  }

  /** Number of the entry with a key, undefined where there is none. */
  numberOf(key: string): number | undefined {
    return this.#numbers.numberOf(key);
  }

  /** An entry to read, good until the next item is processed; see `touch` for changing it. */
  at(number: number): Entry {
    return this.#read(this.#entryAt(number));
  }

  /** The same, undefined where it is cold and would have to be read. */
  warmAt(number: number): Entry | undefined {
    const entry = this.#entryAt(number);
    return typeof entry === "string" ? undefined : entry;
  }

  /** An entry to change, before anything else happens: it is stored with the next checkpoint. */
  change(number: number): Entry {
    const found = this.#entryAt(number);
    const entry = this.#read(found);
    if (found !== entry) this.#entries[number] = entry;
    const state = this.#states[number];
    if (state === this.#generation) return entry;
    if (state === this.#frozenGeneration) this.#frozenValues.set(number, this.#codec.encode(entry));
    this.#states[number] = this.#generation;
    return entry;
  }

  /** Notes that an entry was changed, behind the change: only where changes are collected at once, never frozen. */
  touch(number: number): void {
    if (typeof this.#entryAt(number) === "string")
      throw new RangeError(`row ${number} of ${this.#space} is cold: it must be changed by change()`);
    this.#states[number] = this.#generation;
  }

  /** Adds an entry, whose key must be new; returns its number. */
  add(entry: Entry): number {
    const number = this.#numbers.add(this.#codec.keyOf(entry));
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
  *entries(): Generator<Readonly<Entry>> {
    for (const found of this.#entries) yield this.#read(found);
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  /** The same in slices. */
  *restoreInSlices(store: Pick<PartitionStore, "rows">, budget: SliceBudget): SlicedWork {
    for (const { key, value } of store.rows(this.#space)) {
      if (budget.spend(RESTORE_UNITS)) yield;
      const entry = this.#codec.decode(value);
      if (this.add(entry) !== key) throw new RangeError(`row ${key} of ${this.#space} is out of order`);
      this.#cool(key, entry, value);
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
      const entry = this.#read(this.#entryAt(number));
      const value = this.#codec.encode(entry);
      this.#cool(number, entry, value);
      yield { space, key: number, value };
    }
    // Those that changed again before their turn came.
    for (const [number, value] of this.#frozenValues) {
      this.#frozenValues.delete(number);
      yield { space, key: number, value };
    }
    this.#isReading = false;
  }

  #read(found: Entry | string): Entry {
    return typeof found === "string" ? this.#codec.decode(Buffer.from(found, "latin1")) : found;
  }

  /** A text is the smallest form that a value can have in memory: an array of bytes has objects of its own beside it. */
  #cool(number: number, entry: Entry, { buffer, byteOffset, byteLength }: Uint8Array): void {
    if (this.#isCold(entry))
      this.#entries[number] = Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
  }

  #entryAt(number: number): Entry | string {
    const entry = this.#entries[number];
    if (entry === undefined) throw new RangeError(`no row ${number} in ${this.#space}`);
    return entry;
  }
}
