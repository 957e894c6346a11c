/** Cells of an empty table; a power of two. */
const FIRST_CAPACITY = 1 << 12;
/** Longer chains of probes cost more than the memory that a fuller table saves. */
const MOST_FILLED = 0.6;

/**
 * Sums by an integer key below 2^53: open addressing with linear probing, 16 bytes a slot. Sums are integers; adding
 * past 2^53 throws.
 */
export class CellSums {
  #keys = new Float64Array(FIRST_CAPACITY).fill(-1);
  #sums = new Float64Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: number, value: number): void {
    let slot = this.#slot(key);
    if (this.#keys[slot] !== key) {
      if (this.#size >= this.#keys.length * MOST_FILLED) {
        this.#grow();
        slot = this.#slot(key);
      }
      this.#keys[slot] = key;
      this.#size++;
    }
    const sum = this.#sums[slot]! + value;
    if (sum > Number.MAX_SAFE_INTEGER) throw new RangeError(`the sum of cell ${key} is beyond 2^53`);
    this.#sums[slot] = sum;
  }

  /** Keys in ascending order and the sum of each. */
  sorted(): { readonly keys: Float64Array; readonly sums: Float64Array } {
    const keys = this.#keys.filter((key) => key >= 0).sort();
    const sums = Float64Array.from(keys, (key) => this.#sums[this.#slot(key)]!);
    return { keys, sums };
  }

  /** Where the key is, or where it belongs. */
  #slot(key: number): number {
    const mask = this.#keys.length - 1;
    // Fibonacci hashing of both halves; keys of one account stand side by side, so low bits alone would cluster.
    let hash = Math.imul((key | 0) ^ Math.imul((key / 4_294_967_296) | 0, 0x85ebca6b), 0x9e3779b9);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (;;) {
      const found = this.#keys[slot]!;
      if (found === key || found === -1) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const keys = this.#keys;
    const sums = this.#sums;
    this.#keys = new Float64Array(keys.length * 2).fill(-1);
    this.#sums = new Float64Array(keys.length * 2);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from]!;
      if (key === -1) continue;
      const slot = this.#slot(key);
      this.#keys[slot] = key;
      this.#sums[slot] = sums[from]!;
    }
  }
}
