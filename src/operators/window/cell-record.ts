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

export class CellPages {
  readonly #doubles: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  #dirty = new Uint8Array(SLAB_PAGES);

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
    if (pages > this.#dirty.length) {
      const dirty = new Uint8Array(pages * 2);
      dirty.set(this.#dirty);
      this.#dirty = dirty;
    }
  }

  markDirty(slot: number): void {
    this.#dirty[slot >>> PAGE_SHIFT] = 1;
  }

  /** Zeroes a record, so that nothing of a removed cell is left in the page. */
  clear(slot: number): void {
    const at = offsetOf(slot);
    this.doubles(slot).fill(0, at, at + RECORD_DOUBLES);
    this.markDirty(slot);
  }

  /** Calls `visit` with each page changed since the last call, in order. */
  takeDirty(visit: (page: number) => void): void {
    for (let page = this.#dirty.indexOf(1); page !== -1; page = this.#dirty.indexOf(1, page + 1)) {
      this.#dirty[page] = 0;
      visit(page);
    }
  }

  /** A copy of a page's bytes. */
  copyOf(page: number): Uint8Array {
    return this.#bytes(page).slice();
  }

  /** Puts back a page; its length is PAGE_BYTES. */
  load(page: number, bytes: Uint8Array): void {
    this.reach((page + 1) * PAGE_RECORDS - 1);
    this.#bytes(page).set(bytes);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#doubles.length * SLAB_RECORDS * RECORD_BYTES + this.#dirty.length;
  }

  #bytes(page: number): Uint8Array {
    const { buffer } = this.doubles(page * PAGE_RECORDS);
    return new Uint8Array(buffer, (page % SLAB_PAGES) * PAGE_BYTES, PAGE_BYTES);
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
