import type { TextList } from "./text-list.ts";

const INITIAL_ENTRIES = 256;
const MAX_LOAD = 0.5;
/** Words of an entry: hash, number + 1 (0 = free), place and length of its bytes in `#arena`. */
const STRIDE = 4;
const INITIAL_ARENA = 4_096;
/** A search that takes longer is given up: whoever chooses strings with equal hashes does not make it slow. */
const MAX_PROBES = 64;

/** Finds numbers of strings by their UTF-8 bytes, without making strings: an open-addressing table. */
export class ByteIndex {
  #entries = new Uint32Array(INITIAL_ENTRIES * STRIDE);
  #mask = INITIAL_ENTRIES - 1;
  #count = 0;
  #arena = new Uint8Array(INITIAL_ARENA);
  #arenaEnd = 0;
  #hashes = new Uint32Array(0);
  /** Takes what a loop reads ahead, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);

  /**
   * Writes the number of each text to `numbers`; for one that is not in the table `add` gives it. All hashes are made and
   * all entries read before the first search, so that the processor waits for many of them at once.
   */
  findAll(texts: TextList, numbers: Uint32Array, add: (at: number) => number): void {
    const { bytes, starts, ends, count } = texts;
    if (this.#hashes.length < count) this.#hashes = new Uint32Array(count * 2);
    const hashes = this.#hashes;
    let touched = 0;
    for (let at = 0; at < count; at++) {
      const hash = hashOf(bytes, starts[at]!, ends[at]!);
      hashes[at] = hash;
      touched ^= this.#entries[(hash & this.#mask) * STRIDE]!;
    }
    this.#touched[0] = touched;
    for (let at = 0; at < count; at++) {
      const found = this.#find(hashes[at]!, bytes, starts[at]!, ends[at]!);
      numbers[at] = found >= 0 ? found : add(at);
      if (found < 0) this.#insert(hashes[at]!, bytes, starts[at]!, ends[at]!, numbers[at]!);
    }
  }

  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const entries = this.#entries;
    const arena = this.#arena;
    const length = end - start;
    let entry = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const at = entry * STRIDE;
      const stored = entries[at + 1]!;
      if (stored === 0) return -1;
      if (entries[at] === hash && entries[at + 3] === length) {
        const place = entries[at + 2]!;
        let same = 0;
        while (same < length && arena[place + same] === bytes[start + same]) same++;
        if (same === length) return stored - 1;
      }
      entry = (entry + 1) & this.#mask;
    }
    return -1;
  }

  #insert(hash: number, bytes: Uint8Array, start: number, end: number, number: number): void {
    if (this.#count + 1 > (this.#mask + 1) * MAX_LOAD) this.#grow();
    const length = end - start;
    const place = this.#arenaEnd;
    if (!this.#place(hash, number + 1, place, length)) return;
    this.#count++;
    if (place + length > this.#arena.length) {
      const larger = new Uint8Array(Math.max(this.#arena.length * 2, place + length));
      larger.set(this.#arena);
      this.#arena = larger;
    }
    for (let i = 0; i < length; i++) this.#arena[place + i] = bytes[start + i]!;
    this.#arenaEnd = place + length;
  }

  /** False, and nothing added, where no entry near the hash's home is free: the string is looked up elsewhere each time. */
  #place(hash: number, stored: number, place: number, length: number): boolean {
    const entries = this.#entries;
    let entry = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const at = entry * STRIDE;
      if (entries[at + 1] === 0) {
        entries[at] = hash;
        entries[at + 1] = stored;
        entries[at + 2] = place;
        entries[at + 3] = length;
        return true;
      }
      entry = (entry + 1) & this.#mask;
    }
    return false;
  }

  #grow(): void {
    const former = this.#entries;
    this.#entries = new Uint32Array(former.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < former.length; at += STRIDE) {
      if (former[at + 1] !== 0) this.#place(former[at]!, former[at + 1]!, former[at + 2]!, former[at + 3]!);
    }
  }
}

/** Four bytes at a time in the manner of MurmurHash3; it decides about speed alone. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0xcc9e2d51);
    hash = (hash << 15) | (hash >>> 17);
  }
  let rest = 0;
  for (; at < end; at++) rest = (rest << 8) | bytes[at]!;
  hash = Math.imul(hash ^ rest, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
