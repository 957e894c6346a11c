import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";

/** 16,384 records, half a megabyte a chunk; also the most that one row of a checkpoint holds. */
export const CHUNK_SHIFT = 14;
export const CHUNK_RECORDS = 1 << CHUNK_SHIFT;

/** Chunks kept for later use: those of one seal of the usual size. */
const MAX_FREE = 32;

/**
 * Memory for key records, in chunks that are shared with the thread that seals them. Both threads would have to collect a
 * chunk before its memory came back, which may take long, so those of sealed keys are used again.
 */
export class RecordChunks {
  readonly #free: Uint32Array[] = [];

  /** A chunk with anything in it. */
  take(): Uint32Array {
    return (
      this.#free.pop() ??
      new Uint32Array(new SharedArrayBuffer(CHUNK_RECORDS * KEY_RECORD_WORDS * Uint32Array.BYTES_PER_ELEMENT))
    );
  }

  /** Takes back chunks that nobody reads any more. */
  give(chunks: readonly Uint32Array[]): void {
    this.#free.push(...chunks.slice(0, MAX_FREE - this.#free.length));
  }

  /** Bytes that wait to be used again. */
  get bytes(): number {
    return this.#free.reduce((total, chunk) => total + chunk.byteLength, 0);
  }
}
