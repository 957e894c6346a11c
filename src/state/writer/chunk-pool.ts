/** Bytes that a chunk takes before the next one begins; an entry that is larger has a chunk of its own. */
export const CHUNK_BYTES = 512 * 1024;
/** Room behind them for the entry that ends a chunk: a page of cells has 16 KiB, a document of an invoice with hundreds of lines some tens. */
const LAST_ENTRY_BYTES = 128 * 1024;
/** Kept for later: what the stores of one thread that writes have under way at most, with four stores a thread. */
const MOST_FREE_CHUNKS = 16;

/**
 * Chunks of memory that two threads share, used again and again. Memory that is allocated anew for each chunk counts as pressure in V8, whoever
 * frees it and however soon: with checkpoints of 100 MB a second, the whole heap was marked every second.
 */
export class ChunkPool {
  readonly #free: Uint8Array<SharedArrayBuffer>[] = [];

  /** A chunk with room for `bytes`; what it holds is of no meaning. */
  take(bytes = CHUNK_BYTES): Uint8Array<SharedArrayBuffer> {
    const usual = CHUNK_BYTES + LAST_ENTRY_BYTES;
    if (bytes > usual) return new Uint8Array(new SharedArrayBuffer(bytes));
    return this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(usual));
  }

  /** Takes a chunk back that nobody reads any more. */
  giveBack({ buffer }: Uint8Array<SharedArrayBuffer>): void {
    if (buffer.byteLength === CHUNK_BYTES + LAST_ENTRY_BYTES && this.#free.length < MOST_FREE_CHUNKS)
      this.#free.push(new Uint8Array(buffer));
  }
}
