import { closeSync, fstatSync, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { KEY_RECORD_WORDS, type KeySegment, type SegmentIdentity } from "../../model/key-segments.ts";
import { giveBackMemory } from "./give-back-memory.ts";
import { readWhole, SegmentCursor } from "./segment-cursor.ts";
import { SegmentFilter } from "./segment-filter.ts";
import {
  BLOCK_BYTES,
  BLOCK_WORDS,
  compareKeys,
  damaged,
  extentOf,
  recordsIn,
  unpackHead,
  verifyBlock,
} from "./segment-layout.ts";
import type { WrittenSegment } from "./segment-output.ts";

const NO_BLOCK = -1;

/** A segment file that is open: filter and block index in memory, records read a block at a time. */
export class FileSegment implements KeySegment {
  readonly number: number;
  readonly count: number;
  readonly checksum: number;
  readonly path: string;
  readonly #descriptor: number;
  readonly #index: Uint32Array<ArrayBuffer>;
  readonly #filter: SegmentFilter;
  #isGone = false;
  /** The block that was read last: keys looked up in order often fall into the same one. */
  readonly #block = new Uint32Array(BLOCK_WORDS);
  readonly #blockBytes = new Uint8Array(this.#block.buffer);
  #inBuffer = NO_BLOCK;

  private constructor(number: number, path: string, descriptor: number, written: WrittenSegment) {
    this.number = number;
    this.path = path;
    this.count = written.count;
    this.checksum = written.checksum;
    this.#descriptor = descriptor;
    this.#index = written.index;
    this.#filter = new SegmentFilter(written.filter);
  }

  /** A file whose index and filter are in memory already. */
  static ofWritten(number: number, path: string, written: WrittenSegment): FileSegment {
    return new FileSegment(number, path, openSync(path, "r"), written);
  }

  /** Reads index and filter. Throws `state-corrupt` where the file is missing, damaged or not the one that was written. */
  static open(path: string, identity: SegmentIdentity): FileSegment {
    let descriptor: number;
    try {
      descriptor = openSync(path, "r");
    } catch (error) {
      throw damaged(path, `it can't be opened (${messageOf(error)})`, error);
    }
    try {
      return new FileSegment(identity.number, path, descriptor, readParts(descriptor, path, identity));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  get bytes(): number {
    return this.#index.byteLength + this.#filter.words.byteLength;
  }

  mayHold(keys: Uint32Array, offset: number): boolean {
    this.#requireMemory();
    return this.#filter.mayHold(keys, offset);
  }

  candidates(keys: Uint32Array, firstRow: number, rowCount: number, rows: Uint32Array, at: number): number {
    this.#requireMemory();
    return this.#filter.candidates(keys, firstRow, rowCount, rows, at);
  }

  find(keys: Uint32Array, offset: number, record: Uint32Array): boolean {
    const first = keys[offset]!;
    for (let block = this.#lastBlockFrom(first); block >= 0; block -= 1) {
      this.#read(block);
      const at = this.#search(keys, offset, recordsIn(block, this.count));
      if (at !== -1) {
        for (let word = 0; word < KEY_RECORD_WORDS; word += 1) record[word] = this.#block[at + word]!;
        return true;
      }
      // Keys with the same first word may stand at the end of the block before.
      if (this.#index[block] !== first) return false;
    }
    return false;
  }

  /** All records in ascending order of their keys; a record is good until the next one is asked for. */
  *records(): Generator<Uint32Array> {
    const cursor = new SegmentCursor(this.#descriptor, this.path, this.count);
    for (; cursor.offset !== -1; cursor.next())
      yield cursor.words.subarray(cursor.offset, cursor.offset + KEY_RECORD_WORDS);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Closes one that nobody uses any more, and gives its memory back: of a large generation it is some megabytes. */
  closeForGood(): void {
    this.close();
    this.#isGone = true;
    giveBackMemory([this.#index.buffer, this.#filter.words.buffer]);
  }

  /** Without its words, a filter would say of every key that it is not there. */
  #requireMemory(): void {
    if (this.#isGone)
      throw new TributaryError("internal-fault", "A segment was asked for a key after it was let go.", {
        details: { file: this.path },
      });
  }

  /** The last block whose first key begins with this word or a lower one; −1 where there is none. */
  #lastBlockFrom(word: number): number {
    const index = this.#index;
    let low = 0;
    let high = index.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (index[middle]! <= word) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #read(block: number): void {
    if (block === this.#inBuffer) return;
    this.#inBuffer = NO_BLOCK;
    readWhole(this.#descriptor, this.#blockBytes, (block + 1) * BLOCK_BYTES, this.path);
    verifyBlock(this.#block, block, this.path);
    this.#inBuffer = block;
  }

  /** Place of the key among the records of the block in the buffer, words; −1 where it is not there. */
  #search(keys: Uint32Array, offset: number, count: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareKeys(this.#block, middle * KEY_RECORD_WORDS, keys, offset);
      if (order === 0) return middle * KEY_RECORD_WORDS;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }
}

function readParts(descriptor: number, path: string, identity: SegmentIdentity): WrittenSegment {
  const block = new Uint8Array(BLOCK_BYTES);
  readWhole(descriptor, block, 0, path);
  const head = unpackHead(block, path);
  if (head.count !== identity.count || head.checksum !== identity.checksum) {
    throw damaged(path, "it is not the file that the checkpoint names");
  }
  const extent = extentOf(head.count);
  if (fstatSync(descriptor).size !== extent.fileBytes)
    throw damaged(path, "it has another length than it was written with");
  const index = new Uint32Array(extent.blocks);
  const filter = new Uint32Array(extent.filterWords);
  for (const [words, at, checksum, what] of [
    [index, extent.indexAt, head.indexChecksum, "block index"],
    [filter, extent.filterAt, head.filterChecksum, "filter"],
  ] as const) {
    const bytes = new Uint8Array(words.buffer);
    readWhole(descriptor, bytes, at, path);
    if (crc32(bytes) !== checksum) throw damaged(path, `its ${what} does not match its checksum`);
  }
  return { count: head.count, checksum: head.checksum, index, filter };
}
