const INITIAL_ENTRIES = 1024;
const MAX_LOAD = 0.5;

/** Open-addressing table from tuples of 32-bit words, all of one length, to numbers: no object and no string a look-up. */
export class TupleIndex {
  /** The tuple that `find` looks for and `insert` adds: filled in by the caller. */
  readonly tuple: Uint32Array;
  readonly #width: number;
  /** Words of an entry: the tuple, then the number + 1 (0 = free). */
  readonly #stride: number;
  #entries: Uint32Array;
  #mask = INITIAL_ENTRIES - 1;
  #count = 0;

  constructor(width: number) {
    this.#width = width;
    this.#stride = width + 1;
    this.tuple = new Uint32Array(width);
    this.#entries = new Uint32Array(INITIAL_ENTRIES * this.#stride);
  }

  /** The number of the tuple, −1 where it has none. */
  find(): number {
    const entries = this.#entries;
    const width = this.#width;
    const stride = this.#stride;
    const tuple = this.tuple;
    for (let entry = this.#home(tuple, 0); ; entry = (entry + 1) & this.#mask) {
      const at = entry * stride;
      const stored = entries[at + width]!;
      if (stored === 0) return -1;
      let same = 0;
      while (same < width && entries[at + same] === tuple[same]) same++;
      if (same === width) return stored - 1;
    }
  }

  /** Adds the tuple, which must not be in the table yet; 0 ≤ number < 2^32 − 1. */
  insert(number: number): void {
    this.#count++;
    if (this.#count > (this.#mask + 1) * MAX_LOAD) this.#grow();
    this.#place(this.tuple, 0, number + 1);
  }

  #place(words: Uint32Array, offset: number, stored: number): void {
    const entries = this.#entries;
    let entry = this.#home(words, offset);
    while (entries[entry * this.#stride + this.#width] !== 0) entry = (entry + 1) & this.#mask;
    const at = entry * this.#stride;
    for (let i = 0; i < this.#width; i++) entries[at + i] = words[offset + i]!;
    entries[at + this.#width] = stored;
  }

  #grow(): void {
    const former = this.#entries;
    this.#entries = new Uint32Array(former.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < former.length; at += this.#stride) {
      const stored = former[at + this.#width]!;
      if (stored !== 0) this.#place(former, at, stored);
    }
  }

  /** Where the search for a tuple begins: a word at a time multiplied and folded (the finaliser of MurmurHash3). */
  #home(words: Uint32Array, offset: number): number {
    let hash = 0;
    for (let i = 0; i < this.#width; i++) {
      hash = Math.imul(hash ^ words[offset + i]!, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
    return hash & this.#mask;
  }
}
