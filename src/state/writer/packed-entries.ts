import { CHUNK_BYTES, ChunkPool } from "./chunk-pool.ts";

/** Entries of a chunk at most: rows without bytes must end a chunk too. */
const CHUNK_ENTRIES = 4_096;
/** Length of an entry without a value. */
const NO_VALUE = -1;

/**
 * Entries (name, number, bytes or none) in one chunk of memory that is shared with another thread: rows of state by space and key,
 * outbox entries by channel and ordinal.
 */
export interface PackedEntries {
  readonly names: readonly string[];
  /** Index into `names`. */
  readonly name: Uint32Array<ArrayBuffer>;
  readonly number: Float64Array<ArrayBuffer>;
  readonly length: Int32Array<ArrayBuffer>;
  /** The values, one after the other: a view of a chunk of the packer's pool, to be given back when they are written. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** Packs entries chunk by chunk. Values are copied as they are added. */
export class EntryPacker {
  readonly #chunks: ChunkPool;
  #bytes: Uint8Array<SharedArrayBuffer> | undefined;
  #used = 0;
  #names = new Map<string, number>();
  readonly #name: number[] = [];
  readonly #number: number[] = [];
  readonly #length: number[] = [];
  readonly #encoder = new TextEncoder();

  constructor(chunks: ChunkPool) {
    this.#chunks = chunks;
  }

  /** Adds an entry; true where the chunk is full: it must be taken before the next one is added. */
  add(name: string, number: number, value: Uint8Array | null): boolean {
    if (value !== null) {
      this.#reserve(value.length).set(value, this.#used);
      this.#used += value.length;
    }
    return this.#note(name, number, value?.length ?? NO_VALUE);
  }

  /** The same for a text, as UTF-8. Unpaired surrogates become replacement characters, as in SQLite's own binding. */
  addText(name: string, number: number, text: string): boolean {
    // A code unit takes at most three bytes.
    const bytes = this.#reserve(text.length * 3);
    const { written } = this.#encoder.encodeInto(text, bytes.subarray(this.#used));
    this.#used += written;
    return this.#note(name, number, written);
  }

  /** What was added since the last call; undefined where that is nothing. */
  take(): PackedEntries | undefined {
    if (this.#name.length === 0) return undefined;
    const packed: PackedEntries = {
      names: [...this.#names.keys()],
      name: Uint32Array.from(this.#name),
      number: Float64Array.from(this.#number),
      length: Int32Array.from(this.#length),
      bytes: this.#reserve(0).subarray(0, this.#used),
    };
    this.#bytes = undefined;
    this.#used = 0;
    this.#names = new Map();
    this.#name.length = 0;
    this.#number.length = 0;
    this.#length.length = 0;
    return packed;
  }

  /** The chunk, with room for so many bytes more. */
  #reserve(bytes: number): Uint8Array<SharedArrayBuffer> {
    const before = this.#bytes;
    if (before !== undefined && this.#used + bytes <= before.length) return before;
    const chunk = this.#chunks.take(this.#used + bytes);
    this.#bytes = chunk;
    if (before !== undefined) {
      chunk.set(before.subarray(0, this.#used));
      this.#chunks.giveBack(before);
    }
    return chunk;
  }

  #note(name: string, number: number, length: number): boolean {
    let index = this.#names.get(name);
    if (index === undefined) this.#names.set(name, (index = this.#names.size));
    this.#name.push(index);
    this.#number.push(number);
    this.#length.push(length);
    return this.#used >= CHUNK_BYTES || this.#name.length >= CHUNK_ENTRIES;
  }
}

/** The entries of a chunk, in order; a value is a view of the chunk. */
export function* unpack(
  packed: PackedEntries,
): Generator<{ readonly name: string; readonly number: number; readonly value: Uint8Array | null }> {
  let at = 0;
  for (const [entry, index] of packed.name.entries()) {
    const length = packed.length[entry] ?? NO_VALUE;
    const value = length === NO_VALUE ? null : packed.bytes.subarray(at, at + length);
    if (value !== null) at += length;
    yield { name: packed.names[index] ?? "", number: packed.number[entry] ?? 0, value };
  }
}
