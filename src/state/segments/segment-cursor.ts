import { readSync } from "node:fs";
import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { BLOCK_BYTES, BLOCK_WORDS, damaged, extentOf, recordsIn, verifyBlock } from "./segment-layout.ts";

/** Blocks read at once: 256 KiB. */
const BUFFER_BLOCKS = 64;

/** Reads all records of a segment in order. Every block is compared with its checksum. */
export class SegmentCursor {
  readonly #descriptor: number;
  readonly #file: string;
  readonly #count: number;
  readonly #blocks: number;
  readonly #buffer = new Uint32Array(BUFFER_BLOCKS * BLOCK_WORDS);
  #block = -1;
  #firstInBuffer = 0;
  #inBuffer = 0;
  #record = 0;
  #inBlock = 0;
  /** Where the current record stands in `words`; −1 behind the last one. */
  offset = -1;

  /** Stands at the first record. */
  constructor(descriptor: number, file: string, count: number) {
    this.#descriptor = descriptor;
    this.#file = file;
    this.#count = count;
    this.#blocks = extentOf(count).blocks;
    this.#nextBlock();
  }

  /** Holds the current record; what is in it changes with `next`. */
  get words(): Uint32Array {
    return this.#buffer;
  }

  next(): void {
    this.#record += 1;
    if (this.#record < this.#inBlock) this.offset += KEY_RECORD_WORDS;
    else this.#nextBlock();
  }

  #nextBlock(): void {
    this.#block += 1;
    if (this.#block === this.#blocks) {
      this.offset = -1;
      return;
    }
    if (this.#block === this.#firstInBuffer + this.#inBuffer) this.#fill();
    const start = (this.#block - this.#firstInBuffer) * BLOCK_WORDS;
    verifyBlock(this.#buffer.subarray(start, start + BLOCK_WORDS), this.#block, this.#file);
    this.#record = 0;
    this.#inBlock = recordsIn(this.#block, this.#count);
    this.offset = start;
  }

  #fill(): void {
    this.#firstInBuffer = this.#block;
    this.#inBuffer = Math.min(BUFFER_BLOCKS, this.#blocks - this.#block);
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#inBuffer * BLOCK_BYTES);
    readWhole(this.#descriptor, bytes, (this.#block + 1) * BLOCK_BYTES, this.#file);
  }
}

/** Fills `bytes` from a place in the file; throws `state-corrupt` where the file ends before. */
export function readWhole(descriptor: number, bytes: Uint8Array, position: number, file: string): void {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, 2 ** 30);
    const read = readSync(descriptor, bytes, done, length, position + done);
    if (read === 0) throw damaged(file, "it ends too early");
    done += read;
  }
}
