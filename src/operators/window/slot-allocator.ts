const INITIAL_WORDS = 128;
const ALL_TAKEN = 0xffffffff;

/**
 * Which slots are taken. The lowest free slot is always given out next, so that the choice depends on the set of taken
 * slots alone: the same after a restore as without it.
 */
export class SlotAllocator {
  /** A bit a slot: taken. */
  #taken = new Uint32Array(INITIAL_WORDS);
  /** A bit a word of `#taken`: all of its slots are taken. */
  #full = new Uint32Array(INITIAL_WORDS / 32);
  /** No word of `#full` before this one has a bit clear. */
  #firstOpen = 0;

  /** Takes the lowest free slot. */
  take(): number {
    while (this.#firstOpen < this.#full.length && this.#full[this.#firstOpen] === ALL_TAKEN)
      this.#firstOpen += 1;
    if (this.#firstOpen === this.#full.length) this.#grow(this.#full.length * 2);
    const word = this.#firstOpen * 32 + lowestClearBit(this.#full[this.#firstOpen]!);
    const slot = word * 32 + lowestClearBit(this.#taken[word]!);
    this.mark(slot);
    return slot;
  }

  /** Takes a given slot (restoring). */
  mark(slot: number): void {
    const word = slot >>> 5;
    while (word >= this.#taken.length) this.#grow(this.#full.length * 2);
    this.#taken[word]! |= 1 << (slot & 31);
    if (this.#taken[word] === ALL_TAKEN) this.#full[word >>> 5]! |= 1 << (word & 31);
  }

  release(slot: number): void {
    const word = slot >>> 5;
    this.#taken[word]! &= ~(1 << (slot & 31));
    this.#full[word >>> 5]! &= ~(1 << (word & 31));
    this.#firstOpen = Math.min(this.#firstOpen, word >>> 5);
  }

  isTaken(slot: number): boolean {
    const word = this.#taken[slot >>> 5];
    return word !== undefined && (word & (1 << (slot & 31))) !== 0;
  }

  /** Whether a slot of [first, first + count) is taken; both are multiples of 32. */
  anyTaken(first: number, count: number): boolean {
    for (let word = first >>> 5; word < (first + count) >>> 5; word += 1) {
      if ((this.#taken[word] ?? 0) !== 0) return true;
    }
    return false;
  }

  /** The taken slots in order. Slots may be released meanwhile (then they are left out). */
  *taken(): Generator<number> {
    for (let word = 0; word < this.#taken.length; word += 1) {
      let left = this.#taken[word]!;
      while (left !== 0) {
        const slot = word * 32 + lowestSetBit(left);
        left &= left - 1;
        if (this.isTaken(slot)) yield slot;
      }
    }
  }

  /** All slots that are taken are below. */
  get limit(): number {
    return this.#taken.length * 32;
  }

  get bytes(): number {
    return this.#taken.byteLength + this.#full.byteLength;
  }

  #grow(fullWords: number): void {
    const full = new Uint32Array(fullWords);
    full.set(this.#full);
    this.#full = full;
    const taken = new Uint32Array(fullWords * 32);
    taken.set(this.#taken);
    this.#taken = taken;
  }
}

function lowestSetBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function lowestClearBit(word: number): number {
  return lowestSetBit(~word);
}
