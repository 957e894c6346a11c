import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CellPages } from "./cell-record.ts";

const INITIAL_SHIFT = 10;
/** Units of `SliceBudget` that adding one of many cells costs. */
const INSERT_UNITS = 0.4;
/** Linear probing stays near one probe below this load; at 8 bytes an entry it costs 13 to 27 bytes a cell. */
const MAX_LOAD = 0.6;

/**
 * Open-addressing index from (series, window start) to slot: entries of two words, hash and slot + 1. An entry's home is
 * given by the hash's top bits, so growing copies old entries to new ones nearly in sequence. Deletion shifts entries
 * back: no tombstones.
 */
export class CellIndex {
  readonly #pages: CellPages;
  #entries = new Uint32Array(2 << INITIAL_SHIFT);
  #shift = 32 - INITIAL_SHIFT;
  #count = 0;
  #hashes = new Uint32Array(0);
  /** Takes what a loop reads ahead, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);

  constructor(pages: CellPages) {
    this.#pages = pages;
  }

  /** Slot of a cell, −1 where there is none. */
  find(series: number, startMs: number): number {
    const hash = hashOf(series, startMs);
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = (hash >>> this.#shift) * 2;
    for (;;) {
      const stored = entries[at + 1]!;
      if (stored === 0) return -1;
      if (entries[at] === hash && this.#pages.holds(stored - 1, series, startMs)) return stored - 1;
      at = (at + 2) & mask;
    }
  }

  /** See CellTable.findAll. */
  findAll(series: Uint32Array, startMs: Float64Array, count: number, slots: Int32Array): void {
    const entries = this.#entries;
    const shift = this.#shift;
    if (this.#hashes.length < count) this.#hashes = new Uint32Array(count);
    const hashes = this.#hashes;
    let touched = 0;
    for (let i = 0; i < count; i += 1) {
      const hash = hashOf(series[i]!, startMs[i]!);
      hashes[i] = hash;
      touched ^= entries[(hash >>> shift) * 2]!;
    }
    this.#touched[0] = touched;
    const mask = entries.length - 1;
    const pages = this.#pages;
    for (let i = 0; i < count; i += 1) {
      const hash = hashes[i]!;
      let at = (hash >>> shift) * 2;
      for (;;) {
        const stored = entries[at + 1]!;
        slots[i] = stored - 1;
        if (stored === 0 || (entries[at] === hash && pages.holds(stored - 1, series[i]!, startMs[i]!))) break;
        at = (at + 2) & mask;
      }
    }
  }

  /** Adds cells that are so many and not in the index: it is made once for all of them. */
  *insertAll(slots: Iterable<number>, count: number, budget: SliceBudget): SlicedWork {
    while (count * 2 > this.#entries.length * MAX_LOAD) this.#grow();
    for (const slot of slots) {
      this.insert(this.#pages.seriesOf(slot), this.#pages.startOf(slot), slot);
      if (budget.spend(INSERT_UNITS)) yield;
    }
  }

  /** Adds a cell that is not in the index. */
  insert(series: number, startMs: number, slot: number): void {
    this.#count += 1;
    if (this.#count * 2 > this.#entries.length * MAX_LOAD) this.#grow();
    this.#place(hashOf(series, startMs), slot + 1);
  }

  /** Takes out a cell that is in the index. */
  remove(series: number, startMs: number, slot: number): void {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let hole = (hashOf(series, startMs) >>> this.#shift) * 2;
    while (entries[hole + 1] !== slot + 1) hole = (hole + 2) & mask;
    for (let at = (hole + 2) & mask; entries[at + 1] !== 0; at = (at + 2) & mask) {
      const home = (entries[at]! >>> this.#shift) * 2;
      // The entry may move into the hole only where the hole lies between its home and its place.
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        entries[hole] = entries[at]!;
        entries[hole + 1] = entries[at + 1]!;
        hole = at;
      }
    }
    entries[hole] = 0;
    entries[hole + 1] = 0;
    this.#count -= 1;
  }

  get bytes(): number {
    return this.#entries.byteLength;
  }

  #place(hash: number, stored: number): void {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = (hash >>> this.#shift) * 2;
    while (entries[at + 1] !== 0) at = (at + 2) & mask;
    entries[at] = hash;
    entries[at + 1] = stored;
  }

  #grow(): void {
    const former = this.#entries;
    this.#entries = new Uint32Array(former.length * 2);
    this.#shift -= 1;
    for (let at = 0; at < former.length; at += 2) {
      if (former[at + 1] !== 0) this.#place(former[at]!, former[at + 1]!);
    }
  }
}

/** Multiply-and-shift mix (the finaliser of MurmurHash3) of the series and the start's low 32 bits. */
function hashOf(series: number, startMs: number): number {
  // `| 0` keeps the start's low 32 bits: it repeats after 49 days, which the mix with the series makes harmless.
  let hash = Math.imul(startMs | 0, 0x9e3779b1) ^ series;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
