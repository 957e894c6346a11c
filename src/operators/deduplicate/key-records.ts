import { TributaryError } from "../../model/errors.ts";
import { KEY_RECORD_BYTES } from "../../model/key-segments.ts";
import { CHUNK_RECORDS, CHUNK_SHIFT, type RecordChunks } from "./record-chunks.ts";

/** A record has 2^3 words. */
const RECORD_SHIFT = 3;
const CHECKSUM_WORD = 4;
const PLACE_WORD = 6;

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

/** Whether a record (eight words from `offset`) has this payload checksum. */
export function hasChecksum(words: Uint32Array, offset: number, low: number, high: number): boolean {
  return words[offset + CHECKSUM_WORD] === low >>> 0 && words[offset + CHECKSUM_WORD + 1] === high >>> 0;
}

/** The same with the checksum of a row: two words of `checksums`. */
export function hasChecksumOf(
  words: Uint32Array,
  offset: number,
  checksums: Uint32Array,
  row: number,
): boolean {
  return (
    words[offset + CHECKSUM_WORD] === checksums[row * 2] &&
    words[offset + CHECKSUM_WORD + 1] === checksums[row * 2 + 1]
  );
}

/** Where a message stands in the log, as the words that the records of its events hold of it. */
export class MessagePlace {
  readonly words = new Uint32Array(2);

  /** Throws `internal-fault` for a sequence that a record can't hold. */
  setSequence(sequence: number): void {
    if (sequence >= SEQUENCE_LIMIT) throw unfit({ sequence });
    this.words[0] = sequence;
    this.words[1] = Math.floor(sequence / WORD) * INDEX_LIMIT;
  }
}

/** The place of the first event, from a record (eight words from `offset`). */
export function placeIn(words: Uint32Array, offset: number): FirstPlace {
  const packed = words[offset + PLACE_WORD + 1]!;
  return {
    sequence: Math.floor(packed / INDEX_LIMIT) * WORD + words[offset + PLACE_WORD]!,
    index: packed % INDEX_LIMIT,
  };
}

/**
 * Key records in the order of their arrival, 32 bytes each: key (4 words), payload checksum (2 words), and the place of
 * the first event: low word of its sequence, then the sequence's high 16 bits beside the 16 bits of its index.
 * A record never changes, and chunks are never moved: growth copies nothing.
 */
export class KeyRecords {
  readonly #memory: RecordChunks;
  readonly #chunks: Uint32Array[] = [];
  #count = 0;

  constructor(memory: RecordChunks) {
    this.#memory = memory;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the record of a row: four words of `keys`, two of `checksums`. Returns its number. */
  append(
    keys: Uint32Array,
    checksums: Uint32Array,
    row: number,
    { words }: MessagePlace,
    index: number,
  ): number {
    if (index >= INDEX_LIMIT) throw unfit({ index });
    const number = this.#count;
    if ((number & CHUNK_MASK) === 0) this.#chunks.push(this.#memory.take());
    const chunk = this.#chunks[number >>> CHUNK_SHIFT]!;
    const at = (number & CHUNK_MASK) << RECORD_SHIFT;
    const offset = row * 4;
    chunk[at] = keys[offset]!;
    chunk[at + 1] = keys[offset + 1]!;
    chunk[at + 2] = keys[offset + 2]!;
    chunk[at + 3] = keys[offset + 3]!;
    chunk[at + 4] = checksums[row * 2]!;
    chunk[at + 5] = checksums[row * 2 + 1]!;
    chunk[at + 6] = words[0]!;
    chunk[at + 7] = words[1]! | index;
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

  hasChecksumOf(number: number, checksums: Uint32Array, row: number): boolean {
    return hasChecksumOf(this.chunkOf(number), this.offsetIn(number), checksums, row);
  }

  hasChecksum(number: number, low: number, high: number): boolean {
    return hasChecksum(this.chunkOf(number), this.offsetIn(number), low, high);
  }

  placeOf(number: number): FirstPlace {
    return placeIn(this.chunkOf(number), this.offsetIn(number));
  }

  /** The chunks that the records fill one after another. */
  get chunks(): readonly Uint32Array[] {
    return this.#chunks;
  }

  /** The bytes of records [from, count), one piece a chunk, in order. Not copied: a record never changes. */
  bytesSince(from: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let first = from; first < this.#count;) {
      const end = Math.min((Math.floor(first / CHUNK_RECORDS) + 1) * CHUNK_RECORDS, this.#count);
      const at = this.offsetIn(first) * 4;
      const chunk = this.chunkOf(first);
      pieces.push(new Uint8Array(chunk.buffer, at, (end - first) * KEY_RECORD_BYTES));
      first = end;
    }
    return pieces;
  }

  /** Appends records from their bytes, a whole number of them. */
  load(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const at = this.#count & CHUNK_MASK;
      if (at === 0) this.#chunks.push(this.#memory.take());
      const length = Math.min(bytes.length - from, (CHUNK_RECORDS - at) * KEY_RECORD_BYTES);
      const { buffer } = this.chunkOf(this.#count);
      new Uint8Array(buffer).set(bytes.subarray(from, from + length), at * KEY_RECORD_BYTES);
      this.#count += length / KEY_RECORD_BYTES;
      from += length;
    }
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_RECORDS * KEY_RECORD_BYTES;
  }
}

function unfit(details: Readonly<Record<string, number>>): TributaryError {
  return new TributaryError("internal-fault", "An event's place does not fit into a key record.", {
    details,
  });
}
