import { TributaryError } from "../../model/errors.ts";
import { Aggregation } from "../stage.ts";
import type { AggregationCode } from "./aggregates/aggregate.ts";
import { CellPhase } from "./window-cells.ts";

/**
 * Layout of a cell record and the pages that hold them. A record is 88 bytes, read as 11 doubles or 22 words over the
 * same buffer; 128 records are a page, and a page's bytes are the checkpoint's blob (little-endian, as on every
 * platform that Node supports in practice). A slot is a record's number over all pages.
 */

/** Offsets in doubles from the start of a record. What every event touches comes first, to stay in a cache line. */
export const RecordField = {
  /** Words 0 and 1: series and flags. */
  start: 1,
  events: 2,
  low: 3,
  high: 4,
  latestTime: 5,
  latestSequence: 6,
  /** Words 14 and 15: index of the latest event and revision of the last emission. */
  emittedLow: 8,
  emittedHigh: 9,
  emittedEvents: 10,
} as const;

/** Offsets in words from the start of a record. */
export const RecordWord = { series: 0, flags: 1, latestIndex: 14, emittedRevision: 15 } as const;

// The flags word: bit 0 taken, bits 1 and 2 phase, bit 3 touched, bits 8 to 15 aggregation.
export const TAKEN = 1;
export const PHASE_SHIFT = 1;
export const PHASE_MASK = 0b110;
export const TOUCHED = 0b1000;
export const AGGREGATION_SHIFT = 8;

export const RECORD_DOUBLES = 11;
const RECORD_WORDS = RECORD_DOUBLES * 2;
const RECORD_BYTES = RECORD_DOUBLES * 8;

/** A power of two, so that a slot splits into page and place by shifts; 11 KB is small enough for scattered changes. */
const PAGE_SHIFT = 7;
export const PAGE_RECORDS = 1 << PAGE_SHIFT;
export const PAGE_BYTES = PAGE_RECORDS * RECORD_BYTES;

/** Pages are allocated 32 at a time: growth copies nothing and the views stay few. */
const SLAB_SHIFT = 12;
const SLAB_RECORDS = 1 << SLAB_SHIFT;
const SLAB_MASK = SLAB_RECORDS - 1;
const SLAB_PAGES = SLAB_RECORDS / PAGE_RECORDS;

/** Offset of a slot's record in its slab's doubles; twice that in words. */
export function offsetOf(slot: number): number {
  return (slot & SLAB_MASK) * RECORD_DOUBLES;
}

/** How a page stands to the checkpoints. */
const PageState = {
  /** As saved, or about to be saved as it is. */
  clean: 0,
  /** Changed since the last checkpoint was frozen. */
  dirty: 1,
  /** Part of the frozen checkpoint and unchanged since; its bytes have not been read yet. */
  frozen: 2,
} as const;

/** Copies whose memory is kept: a megabyte. They live for a checkpoint, which is long enough to be collected with the whole heap only. */
const MOST_FREE_COPIES = 64;

export class CellPages {
  readonly #doubles: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  #states = new Uint8Array(SLAB_PAGES);
  /** Bytes that frozen pages had before they were changed again. */
  readonly #copies = new Map<number, Uint8Array>();
  /** Memory of copies that were read, for the next ones. */
  readonly #free: Uint8Array[] = [];
  #isReading = false;

  /** The slab of a slot as doubles. */
  doubles(slot: number): Float64Array {
    return this.#doubles[slot >>> SLAB_SHIFT]!;
  }

  /** The slab of a slot as words. */
  words(slot: number): Uint32Array {
    return this.#words[slot >>> SLAB_SHIFT]!;
  }

  /** Makes room for slots up to and with `slot`. */
  reach(slot: number): void {
    while (this.#doubles.length <= slot >>> SLAB_SHIFT) {
      const buffer = new ArrayBuffer(SLAB_RECORDS * RECORD_BYTES);
      this.#doubles.push(new Float64Array(buffer));
      this.#words.push(new Uint32Array(buffer));
    }
    const pages = this.#doubles.length * SLAB_PAGES;
    if (pages > this.#states.length) {
      const states = new Uint8Array(pages * 2);
      states.set(this.#states);
      this.#states = states;
    }
  }

  /** To be called before anything of a record is changed: the page may be part of a checkpoint that is not read yet. */
  beforeChange(slot: number): void {
    const page = slot >>> PAGE_SHIFT;
    if (this.#states[page] !== PageState.dirty) this.#open(page);
  }

  /** Zeroes a record, so that nothing of a removed cell is left in the page. */
  clear(slot: number): void {
    this.beforeChange(slot);
    const at = offsetOf(slot);
    this.doubles(slot).fill(0, at, at + RECORD_DOUBLES);
  }

  /**
   * Freezes the pages changed since the last call: the pairs of page number and bytes, in order of the pages, are as at
   * this call (null for a page of which nothing is in use), whenever they are read. Bytes are good until the next pair is
   * asked for or the turn ends. A call before the last one's pairs were all read is an `internal-fault`.
   */
  freeze(inUse: (page: number) => boolean): Iterable<readonly [page: number, bytes: Uint8Array | null]> {
    if (this.#isReading)
      throw new TributaryError("internal-fault", "A checkpoint of cells began inside another one.");
    const states = this.#states;
    const pages: number[] = [];
    const empty = new Set<number>();
    for (let page = states.indexOf(PageState.dirty); page !== -1;) {
      pages.push(page);
      const used = inUse(page);
      states[page] = used ? PageState.frozen : PageState.clean;
      if (!used) empty.add(page);
      page = states.indexOf(PageState.dirty, page + 1);
    }
    this.#isReading = true;
    return this.#read(pages, empty);
  }

  *#read(
    pages: readonly number[],
    empty: ReadonlySet<number>,
  ): Generator<readonly [page: number, bytes: Uint8Array | null]> {
    for (const page of pages) {
      if (empty.has(page)) {
        yield [page, null];
        continue;
      }
      const copy = this.#copies.get(page);
      // A copy is there once the page is changed again; else the page itself is lent and counts as saved.
      if (copy === undefined) this.#states[page] = PageState.clean;
      else this.#copies.delete(page);
      yield [page, copy ?? this.#bytes(page)];
      if (copy !== undefined && this.#free.length < MOST_FREE_COPIES) this.#free.push(copy);
    }
    this.#isReading = false;
  }

  #open(page: number): void {
    if (this.#states[page] === PageState.frozen) this.#copies.set(page, this.#copyOf(page));
    this.#states[page] = PageState.dirty;
  }

  #copyOf(page: number): Uint8Array {
    const copy = this.#free.pop() ?? new Uint8Array(PAGE_BYTES);
    copy.set(this.#bytes(page));
    return copy;
  }

  /** Puts back a page; its length is PAGE_BYTES. */
  load(page: number, bytes: Uint8Array): void {
    this.reach((page + 1) * PAGE_RECORDS - 1);
    this.#bytes(page).set(bytes);
  }

  /** Bytes allocated. */
  get bytes(): number {
    const copies = (this.#copies.size + this.#free.length) * PAGE_BYTES;
    return this.#doubles.length * SLAB_RECORDS * RECORD_BYTES + this.#states.length + copies;
  }

  #bytes(page: number): Uint8Array {
    const { buffer } = this.doubles(page * PAGE_RECORDS);
    return new Uint8Array(buffer, (page % SLAB_PAGES) * PAGE_BYTES, PAGE_BYTES);
  }

  seriesOf(slot: number): number {
    return this.words(slot)[offsetOf(slot) * 2 + RecordWord.series]!;
  }

  startOf(slot: number): number {
    return this.doubles(slot)[offsetOf(slot) + RecordField.start]!;
  }

  /** Whether the record in `slot` is of this cell. */
  holds(slot: number, series: number, startMs: number): boolean {
    const slab = slot >>> SLAB_SHIFT;
    const record = slot & SLAB_MASK;
    return (
      this.#words[slab]![record * RECORD_WORDS + RecordWord.series] === series &&
      this.#doubles[slab]![record * RECORD_DOUBLES + RecordField.start] === startMs
    );
  }
}

/** Phases and aggregations by their stored code. */
export const PHASES: readonly CellPhase[] = [CellPhase.open, CellPhase.complete, CellPhase.closed];
export const CODES: AggregationCode[] = [];
for (const code of Object.values(Aggregation)) CODES[code] = code;
