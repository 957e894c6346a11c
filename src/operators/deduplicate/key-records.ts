import { TributaryError } from "../../model/errors.ts";

/**
 * Key records in the order of their arrival, 32 bytes each: key (4 words), payload checksum (2 words), and the place of
 * the first event: low word of its sequence, then the sequence's high 16 bits beside the 16 bits of its index.
 * A record never changes, and chunks are never moved: growth copies nothing.
 */
const RECORD_SHIFT = 3;
const RECORD_WORDS = 1 << RECORD_SHIFT;
export const RECORD_BYTES = RECORD_WORDS * 4;

/** 16,384 records, half a megabyte a chunk; also the most that one row of a checkpoint holds. */
const CHUNK_SHIFT = 14;
export const CHUNK_RECORDS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_RECORDS - 1;

/** A message holds at most 65,536 events. */
const INDEX_BITS = 16;
const INDEX_LIMIT = 2 ** INDEX_BITS;
/** 2^48 messages a partition: 22 years at 400,000 a second. */
const SEQUENCE_LIMIT = 2 ** 48;
const WORD = 2 ** 32;

export interface FirstPlace {
  readonly sequence: number;
  readonly index: number;
}

export class KeyRecords {
  readonly #chunks: Uint32Array[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds a record; returns its number. */
  append(
    keys: Uint32Array,
    offset: number,
    checksumLow: number,
    checksumHigh: number,
    sequence: number,
    index: number,
  ): number {
    if (sequence >= SEQUENCE_LIMIT || index >= INDEX_LIMIT) {
      throw new TributaryError("internal-fault", "An event's place does not fit into a key record.", {
        details: { sequence, index },
      });
    }
    const number = this.#count;
    if ((number & CHUNK_MASK) === 0) this.#chunks.push(new Uint32Array(CHUNK_RECORDS << RECORD_SHIFT));
    const chunk = this.#chunks[number >>> CHUNK_SHIFT]!;
    const at = (number & CHUNK_MASK) << RECORD_SHIFT;
    chunk[at] = keys[offset]!;
    chunk[at + 1] = keys[offset + 1]!;
    chunk[at + 2] = keys[offset + 2]!;
    chunk[at + 3] = keys[offset + 3]!;
    chunk[at + 4] = checksumLow;
    chunk[at + 5] = checksumHigh;
    chunk[at + 6] = sequence;
    chunk[at + 7] = Math.floor(sequence / WORD) * INDEX_LIMIT + index;
    this.#count = number + 1;
    return number;
  }

  /** The chunk of a record: for reading at `offsetIn(number)`. */
  chunkOf(number: number): Uint32Array {
    return this.#chunks[number >>> CHUNK_SHIFT]!;
  }

  offsetIn(number: number): number {
    return (number & CHUNK_MASK) << RECORD_SHIFT;
  }

  hasKey(number: number, keys: Uint32Array, offset: number): boolean {
    const chunk = this.#chunks[number >>> CHUNK_SHIFT]!;
    const at = (number & CHUNK_MASK) << RECORD_SHIFT;
    return (
      chunk[at] === keys[offset] &&
      chunk[at + 1] === keys[offset + 1] &&
      chunk[at + 2] === keys[offset + 2] &&
      chunk[at + 3] === keys[offset + 3]
    );
  }

  hasChecksum(number: number, low: number, high: number): boolean {
    const chunk = this.chunkOf(number);
    const at = this.offsetIn(number);
    return chunk[at + 4] === low >>> 0 && chunk[at + 5] === high >>> 0;
  }

  placeOf(number: number): FirstPlace {
    const chunk = this.chunkOf(number);
    const at = this.offsetIn(number);
    const packed = chunk[at + 7]!;
    return {
      sequence: Math.floor(packed / INDEX_LIMIT) * WORD + chunk[at + 6]!,
      index: packed % INDEX_LIMIT,
    };
  }

  /** The bytes of records [from, count), one piece a chunk, in order. Not copied: a record never changes. */
  bytesSince(from: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let first = from; first < this.#count;) {
      const end = Math.min((Math.floor(first / CHUNK_RECORDS) + 1) * CHUNK_RECORDS, this.#count);
      const at = this.offsetIn(first) * 4;
      const chunk = this.chunkOf(first);
      pieces.push(new Uint8Array(chunk.buffer, at, (end - first) * RECORD_BYTES));
      first = end;
    }
    return pieces;
  }

  /** Appends records from their bytes, a whole number of them. */
  load(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const at = this.#count & CHUNK_MASK;
      if (at === 0) this.#chunks.push(new Uint32Array(CHUNK_RECORDS << RECORD_SHIFT));
      const length = Math.min(bytes.length - from, (CHUNK_RECORDS - at) * RECORD_BYTES);
      const { buffer } = this.chunkOf(this.#count);
      new Uint8Array(buffer).set(bytes.subarray(from, from + length), at * RECORD_BYTES);
      this.#count += length / RECORD_BYTES;
      from += length;
    }
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_RECORDS * RECORD_BYTES;
  }
}
