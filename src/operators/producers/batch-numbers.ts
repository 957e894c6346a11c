import { TributaryError } from "../../model/errors.ts";

/**
 * Latest numbers whose contents are kept to compare repetitions with: more than a producer has under way to a partition.
 * 16 bytes each.
 */
export const KEPT_CONTENTS = 256;
/**
 * Gaps that are kept: more than a producer's publications under way can leave. Each is 16 bytes; beyond it, a batch that
 * would make another gap is refused.
 */
export const MAX_GAPS = 1_024;

/** What is found about a number. */
export const NumberVerdict = { new: 0, repeated: 1, altered: 2, tooManyGaps: 3 } as const;
export type NumberVerdict = (typeof NumberVerdict)[keyof typeof NumberVerdict];

const CONTENT_WORDS = 2;

/**
 * Which numbers (1, 2, 3 …) were seen: all up to the highest but those in gaps. Exact whatever the order in which they
 * come and however long ago one was; what grows is only the count of gaps. Contents are compared among the latest numbers.
 */
export class BatchNumbers {
  #highest = 0;
  /** Missing ranges, both ends included, ascending: from, to, from, to … */
  #gaps: number[] = [];
  /** Content and place of the number n at n mod KEPT_CONTENTS; those of an older number where n is missing. */
  #contents: Uint32Array | undefined = new Uint32Array(KEPT_CONTENTS * CONTENT_WORDS);
  #places = new Float64Array(KEPT_CONTENTS);

  /** 0 where none was seen. */
  get highest(): number {
    return this.#highest;
  }

  /** How many numbers below the highest were not seen. */
  get missing(): number {
    let missing = 0;
    for (let at = 0; at < this.#gaps.length; at += 2) missing += this.#gaps[at + 1]! - this.#gaps[at]! + 1;
    return missing;
  }

  /** The lowest number that was not seen. */
  get firstMissing(): number {
    return this.#gaps[0] ?? this.#highest + 1;
  }

  has(sequence: number): boolean {
    return sequence <= this.#highest && this.#gapOf(sequence) < 0;
  }

  /**
   * Takes a number in, with two words of its content and the usage sequence at which it stands. It is in only where the
   * verdict is `new`. A repetition of a number that is too old to be compared counts as the same content.
   */
  take(sequence: number, contentLow: number, contentHigh: number, place: number): NumberVerdict {
    if (sequence > this.#highest) {
      if (!this.#extendTo(sequence)) return NumberVerdict.tooManyGaps;
    } else {
      const gap = this.#gapOf(sequence);
      if (gap < 0) return this.#compare(sequence, contentLow, contentHigh);
      if (!this.#fill(gap, sequence)) return NumberVerdict.tooManyGaps;
    }
    this.#keep(sequence, contentLow, contentHigh, place);
    return NumberVerdict.new;
  }

  /** Usage sequence at which a number stood first; undefined where that is not kept. */
  placeOf(sequence: number): number | undefined {
    return this.#isKept(sequence) ? this.#places[sequence % KEPT_CONTENTS] : undefined;
  }

  /** Forgets contents: the producer has begun another epoch. */
  dropContents(): void {
    this.#contents = undefined;
    this.#places = new Float64Array(0);
  }

  /** Bytes of `write`. */
  get byteLength(): number {
    const kept = this.#contents === undefined ? 0 : KEPT_CONTENTS * (CONTENT_WORDS * 4 + 8);
    return 8 + 4 + 4 + this.#gaps.length * 8 + kept;
  }

  /** Writes the state, little-endian, at an offset. */
  write(view: DataView, offset: number): void {
    const contents = this.#contents;
    view.setFloat64(offset, this.#highest, true);
    view.setUint32(offset + 8, this.#gaps.length, true);
    view.setUint32(offset + 12, contents === undefined ? 0 : KEPT_CONTENTS, true);
    let at = offset + 16;
    for (const bound of this.#gaps) {
      view.setFloat64(at, bound, true);
      at += 8;
    }
    if (contents === undefined) return;
    for (const word of contents) {
      view.setUint32(at, word, true);
      at += 4;
    }
    for (const place of this.#places) {
      view.setFloat64(at, place, true);
      at += 8;
    }
  }

  /** Reads what `write` has written. Throws `state-corrupt`. */
  static read(view: DataView, offset: number): BatchNumbers {
    const numbers = new BatchNumbers();
    try {
      numbers.#highest = view.getFloat64(offset, true);
      const gaps = view.getUint32(offset + 8, true);
      const kept = view.getUint32(offset + 12, true);
      let at = offset + 16;
      for (let i = 0; i < gaps; i++, at += 8) numbers.#gaps.push(view.getFloat64(at, true));
      if (kept === 0) numbers.dropContents();
      for (let i = 0; i < kept * CONTENT_WORDS; i++, at += 4)
        numbers.#contents![i] = view.getUint32(at, true);
      for (let i = 0; i < kept; i++, at += 8) numbers.#places[i] = view.getFloat64(at, true);
      if (at !== view.byteLength) throw new RangeError("bytes behind the numbers");
    } catch (cause) {
      throw new TributaryError("state-corrupt", "The numbers of a producer's batches can't be read.", {
        cause,
      });
    }
    return numbers;
  }

  #extendTo(sequence: number): boolean {
    const expected = this.#highest + 1;
    if (sequence > expected) {
      if (this.#gaps.length >= MAX_GAPS * 2) return false;
      this.#gaps.push(expected, sequence - 1);
    }
    this.#highest = sequence;
    return true;
  }

  /** Takes a number out of the gap at an index of `#gaps`. */
  #fill(gap: number, sequence: number): boolean {
    const from = this.#gaps[gap]!;
    const to = this.#gaps[gap + 1]!;
    if (from === to) this.#gaps.splice(gap, 2);
    else if (sequence === from) this.#gaps[gap] = sequence + 1;
    else if (sequence === to) this.#gaps[gap + 1] = sequence - 1;
    else if (this.#gaps.length >= MAX_GAPS * 2) return false;
    else this.#gaps.splice(gap, 2, from, sequence - 1, sequence + 1, to);
    return true;
  }

  /** Index in `#gaps` of the one that a number is in; −1 where it is in none. */
  #gapOf(sequence: number): number {
    let low = 0;
    let high = this.#gaps.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#gaps[2 * middle + 1]! < sequence) low = middle + 1;
      else high = middle;
    }
    const from = this.#gaps[2 * low];
    return from !== undefined && from <= sequence ? 2 * low : -1;
  }

  #isKept(sequence: number): boolean {
    return this.#contents !== undefined && sequence > this.#highest - KEPT_CONTENTS && this.has(sequence);
  }

  #compare(sequence: number, contentLow: number, contentHigh: number): NumberVerdict {
    if (!this.#isKept(sequence)) return NumberVerdict.repeated;
    const at = (sequence % KEPT_CONTENTS) * CONTENT_WORDS;
    const isSame = this.#contents![at] === contentLow && this.#contents![at + 1] === contentHigh;
    return isSame ? NumberVerdict.repeated : NumberVerdict.altered;
  }

  #keep(sequence: number, contentLow: number, contentHigh: number, place: number): void {
    if (this.#contents === undefined || sequence <= this.#highest - KEPT_CONTENTS) return;
    const slot = sequence % KEPT_CONTENTS;
    this.#contents[slot * CONTENT_WORDS] = contentLow;
    this.#contents[slot * CONTENT_WORDS + 1] = contentHigh;
    this.#places[slot] = place;
  }
}
