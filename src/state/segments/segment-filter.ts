import { KEY_WORDS } from "../../model/key-segments.ts";

/**
 * Blocked Bloom filter of keys: a key has its bits in one block of 512, a cache line, so that an answer costs one memory
 * access. Its place follows from the key's first word, the bits in the block from the other three, nine bits of them each.
 */
const BLOCK_BITS = 512;
const BLOCK_SHIFT = 4;
const BLOCK_WORDS = 1 << BLOCK_SHIFT;
/**
 * 15.5 bits a key: with the block index (a quarter of a bit) below two bytes. About one key in 900 that is not in the
 * segment passes the filter and costs the read of a block.
 */
const BITS_PER_KEY = 15.5;
const HASH_RANGE = 2 ** 32;
const WORD_MASK = 15;

export class SegmentFilter {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #scale: number;

  /** A filter from its words; all zero for an empty one. */
  constructor(words: Uint32Array<ArrayBuffer>) {
    this.words = words;
    this.#scale = (words.length >>> BLOCK_SHIFT) / HASH_RANGE;
  }

  static wordsFor(count: number): number {
    return Math.ceil((count * BITS_PER_KEY) / BLOCK_BITS) * BLOCK_WORDS;
  }

  add(keys: Uint32Array, offset: number): void {
    const words = this.words;
    const base = Math.floor(keys[offset]! * this.#scale) << BLOCK_SHIFT;
    const second = keys[offset + 1]!;
    const third = keys[offset + 2]!;
    const fourth = keys[offset + 3]!;
    words[base + ((second >>> 5) & WORD_MASK)]! |= 1 << second;
    words[base + ((second >>> 14) & WORD_MASK)]! |= 1 << (second >>> 9);
    words[base + ((second >>> 23) & WORD_MASK)]! |= 1 << (second >>> 18);
    words[base + ((third >>> 5) & WORD_MASK)]! |= 1 << third;
    words[base + ((third >>> 14) & WORD_MASK)]! |= 1 << (third >>> 9);
    words[base + ((third >>> 23) & WORD_MASK)]! |= 1 << (third >>> 18);
    words[base + ((fourth >>> 5) & WORD_MASK)]! |= 1 << fourth;
    words[base + ((fourth >>> 14) & WORD_MASK)]! |= 1 << (fourth >>> 9);
  }

  mayHold(keys: Uint32Array, offset: number): boolean {
    const words = this.words;
    const base = Math.floor(keys[offset]! * this.#scale) << BLOCK_SHIFT;
    return passesFirst(words, base, keys[offset + 1]!) && passesRest(words, base, keys, offset);
  }

  /** See KeySegment.candidates. */
  candidates(keys: Uint32Array, firstRow: number, rowCount: number, rows: Uint32Array, at: number): number {
    const words = this.words;
    const scale = this.#scale;
    const end = (firstRow + rowCount) * KEY_WORDS;
    let next = at;
    for (let offset = firstRow * KEY_WORDS; offset < end; offset += KEY_WORDS) {
      const base = Math.floor(keys[offset]! * scale) << BLOCK_SHIFT;
      // The rest is hardly ever asked for, so that the processor is right to go on with the next rows meanwhile.
      if (passesFirst(words, base, keys[offset + 1]!) && passesRest(words, base, keys, offset))
        rows[next++] = offset / KEY_WORDS;
    }
    return next;
  }
}

/** Three bits at once: branches between them would be as good as random. */
function passesFirst(words: Uint32Array, base: number, second: number): boolean {
  const first = words[base + ((second >>> 5) & WORD_MASK)]! >>> second;
  const next = words[base + ((second >>> 14) & WORD_MASK)]! >>> (second >>> 9);
  const last = words[base + ((second >>> 23) & WORD_MASK)]! >>> (second >>> 18);
  return (first & next & last & 1) !== 0;
}

function passesRest(words: Uint32Array, base: number, keys: Uint32Array, offset: number): boolean {
  const third = keys[offset + 2]!;
  const fourth = keys[offset + 3]!;
  const bits =
    (words[base + ((third >>> 5) & WORD_MASK)]! >>> third) &
    (words[base + ((third >>> 14) & WORD_MASK)]! >>> (third >>> 9)) &
    (words[base + ((third >>> 23) & WORD_MASK)]! >>> (third >>> 18)) &
    (words[base + ((fourth >>> 5) & WORD_MASK)]! >>> fourth) &
    (words[base + ((fourth >>> 14) & WORD_MASK)]! >>> (fourth >>> 9));
  return (bits & 1) !== 0;
}
