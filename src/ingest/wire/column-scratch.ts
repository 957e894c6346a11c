/** First size; a slab grows to twice what the largest message needed. */
const FIRST_BYTES = 64 * 1024;
const ALIGNMENT = 8;

/**
 * Memory for the arrays that one message needs while it is decoded, used again for the next one. Made anew for each message, they were a third of what the
 * engine allocated, and each megabyte of it brings the next collection nearer.
 */
export class ColumnScratch {
  #slab = new ArrayBuffer(0);
  #used = 0;
  /** What the present message has asked for, whether or not the slab had room. */
  #wanted = 0;

  /** Begins a message: what was given out for the one before is of no meaning any more. */
  begin(): void {
    if (this.#wanted > this.#slab.byteLength)
      this.#slab = new ArrayBuffer(Math.max(FIRST_BYTES, 2 * this.#wanted));
    this.#used = 0;
    this.#wanted = 0;
  }

  /** Values are of no meaning until they are set. So for the others, but for `zeroes`. */
  words(count: number): Uint32Array<ArrayBuffer> {
    const at = this.#take(count * 4);
    return at === undefined ? new Uint32Array(count) : new Uint32Array(this.#slab, at, count);
  }

  shorts(count: number): Uint16Array<ArrayBuffer> {
    const at = this.#take(count * 2);
    return at === undefined ? new Uint16Array(count) : new Uint16Array(this.#slab, at, count);
  }

  integers(count: number): Int32Array<ArrayBuffer> {
    const at = this.#take(count * 4);
    return at === undefined ? new Int32Array(count) : new Int32Array(this.#slab, at, count);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    const at = this.#take(count * 8);
    return at === undefined ? new Float64Array(count) : new Float64Array(this.#slab, at, count);
  }

  /** Bytes that are all zero. */
  zeroes(count: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(count);
    return at === undefined ? new Uint8Array(count) : new Uint8Array(this.#slab, at, count).fill(0);
  }

  /** Place of so many bytes in the slab; undefined where it has no room for them. */
  #take(bytes: number): number | undefined {
    const aligned = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    this.#wanted += aligned;
    if (this.#used + aligned > this.#slab.byteLength) return undefined;
    const at = this.#used;
    this.#used += aligned;
    return at;
  }
}
