import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { TributaryError } from "../../model/errors.ts";
import { KEY_RECORD_WORDS, KEY_WORDS } from "../../model/key-segments.ts";
import { syncFolder } from "../open-database.ts";
import { SegmentFilter } from "./segment-filter.ts";
import {
  BLOCK_RECORDS,
  BLOCK_WORDS,
  closeBlock,
  compareKeys,
  extentOf,
  packHead,
  recordsIn,
  type SegmentExtent,
} from "./segment-layout.ts";

/** Blocks written at once: 256 KiB. */
const BUFFER_BLOCKS = 64;

/** What is in memory of a segment that was just written. */
export interface WrittenSegment {
  readonly count: number;
  readonly checksum: number;
  readonly index: Uint32Array<ArrayBuffer>;
  readonly filter: Uint32Array<ArrayBuffer>;
}

/**
 * Writes one segment file from records in ascending order of their keys. Nothing names the file before `finish` has made
 * it durable, so that a crash on the way leaves a file that the next start removes.
 */
export class SegmentOutput {
  readonly #path: string;
  readonly #count: number;
  readonly #extent: SegmentExtent;
  readonly #descriptor: number;
  readonly #buffer = new Uint32Array(BUFFER_BLOCKS * BLOCK_WORDS);
  readonly #index: Uint32Array<ArrayBuffer>;
  readonly #filter: SegmentFilter;
  readonly #last = new Uint32Array(KEY_WORDS);
  /** Blocks in the buffer that are full; records in the one after them. */
  #full = 0;
  #inBlock = 0;
  #block = 0;
  #added = 0;
  #at: number = BLOCK_WORDS * 4;
  #isOpen = true;

  /** @param count records that will be added, at least 1 */
  constructor(path: string, count: number) {
    this.#path = path;
    this.#count = count;
    this.#extent = extentOf(count);
    this.#index = new Uint32Array(this.#extent.blocks);
    this.#filter = new SegmentFilter(new Uint32Array(this.#extent.filterWords));
    this.#descriptor = openSync(path, "wx");
  }

  /** Adds the record at `offset`. Throws `internal-fault` where its key is not above the one before. */
  add(words: Uint32Array, offset: number): void {
    const last = this.#last;
    const first = words[offset]!;
    if (!(first > last[0]!) && this.#added > 0 && compareKeys(words, offset, last, 0) <= 0) {
      throw new TributaryError("internal-fault", "Records of a segment are not in ascending order.", {
        details: { file: this.#path, record: this.#added },
      });
    }
    const at = this.#full * BLOCK_WORDS + this.#inBlock * KEY_RECORD_WORDS;
    const buffer = this.#buffer;
    // Written out: a loop over eight words takes twice as long.
    buffer[at] = last[0] = first;
    buffer[at + 1] = last[1] = words[offset + 1]!;
    buffer[at + 2] = last[2] = words[offset + 2]!;
    buffer[at + 3] = last[3] = words[offset + 3]!;
    buffer[at + 4] = words[offset + 4]!;
    buffer[at + 5] = words[offset + 5]!;
    buffer[at + 6] = words[offset + 6]!;
    buffer[at + 7] = words[offset + 7]!;
    if (this.#inBlock === 0) this.#index[this.#block] = first;
    this.#filter.add(words, offset);
    this.#added += 1;
    this.#inBlock += 1;
    if (this.#inBlock === BLOCK_RECORDS) this.#endBlock();
  }

  /** Completes the file and makes it and its name durable. */
  finish(): WrittenSegment {
    if (this.#inBlock > 0) this.#endBlock();
    this.#flush();
    if (this.#added !== this.#count) {
      throw new TributaryError("internal-fault", "A segment has another number of records than announced.", {
        details: { file: this.#path, announced: this.#count, added: this.#added },
      });
    }
    const index = bytesOf(this.#index);
    const filter = bytesOf(this.#filter.words);
    this.#write(index);
    this.#write(filter);
    const head = { count: this.#count, indexChecksum: crc32(index), filterChecksum: crc32(filter) };
    const { bytes, checksum } = packHead(head);
    writeWhole(this.#descriptor, bytes, 0);
    fsyncSync(this.#descriptor);
    this.#close();
    syncFolder(dirname(this.#path));
    return { count: this.#count, checksum, index: this.#index, filter: this.#filter.words };
  }

  /** Removes what was written; after a fault. */
  abort(): void {
    this.#close();
    rmSync(this.#path, { force: true });
  }

  /** Once: the descriptor's number may be another file's afterwards. */
  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
  }

  #endBlock(): void {
    const start = this.#full * BLOCK_WORDS;
    const words = this.#buffer.subarray(start, start + BLOCK_WORDS);
    // What an earlier block left behind the records of a last one must not get into the file.
    words.fill(0, recordsIn(this.#block, this.#count) * KEY_RECORD_WORDS);
    closeBlock(words, this.#block);
    this.#block += 1;
    this.#full += 1;
    this.#inBlock = 0;
    if (this.#full === BUFFER_BLOCKS) this.#flush();
  }

  #flush(): void {
    this.#write(bytesOf(this.#buffer.subarray(0, this.#full * BLOCK_WORDS)));
    this.#full = 0;
  }

  #write(bytes: Uint8Array): void {
    writeWhole(this.#descriptor, bytes, this.#at);
    this.#at += bytes.length;
  }
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** A single call writes two gigabytes at most, and may write less. */
function writeWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30), position + done);
}
