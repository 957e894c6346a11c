import { crc32 } from "node:zlib";
import { TributaryError } from "../../model/errors.ts";
import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { SegmentFilter } from "./segment-filter.ts";

/**
 * A segment file: a head of one block, then blocks of records in ascending order of their keys, then the block index (the
 * first word of each block's first key), then the filter. A block is one page of the disk: 127 records, and in the place of
 * the 128th its number and, as its last word, the checksum of all before. All words are little-endian, as in memory.
 */
export const BLOCK_BYTES = 4096;
export const BLOCK_WORDS = BLOCK_BYTES / 4;
export const BLOCK_RECORDS = BLOCK_WORDS / KEY_RECORD_WORDS - 1;
const NUMBER_WORD = BLOCK_RECORDS * KEY_RECORD_WORDS;
const CHECKSUM_WORD = BLOCK_WORDS - 1;

const MAGIC = 0x5452_4b31; // "TRK1": another layout has another one

export interface SegmentHead {
  readonly count: number;
  readonly indexChecksum: number;
  readonly filterChecksum: number;
}

/** Where the parts of a file with so many records stand, bytes. */
export interface SegmentExtent {
  readonly blocks: number;
  readonly indexAt: number;
  readonly filterAt: number;
  readonly filterWords: number;
  readonly fileBytes: number;
}

export function extentOf(count: number): SegmentExtent {
  const blocks = Math.ceil(count / BLOCK_RECORDS);
  const indexAt = BLOCK_BYTES * (blocks + 1);
  const filterAt = indexAt + blocks * 4;
  const filterWords = SegmentFilter.wordsFor(count);
  return { blocks, indexAt, filterAt, filterWords, fileBytes: filterAt + filterWords * 4 };
}

/** Records of a block. */
export function recordsIn(block: number, count: number): number {
  return Math.min(BLOCK_RECORDS, count - block * BLOCK_RECORDS);
}

/** Puts number and checksum to a block's records. */
export function closeBlock(words: Uint32Array, block: number): void {
  words[NUMBER_WORD] = block;
  words[CHECKSUM_WORD] = blockChecksum(words);
}

/** Throws `state-corrupt` where the block is not the one that was written there. */
export function verifyBlock(words: Uint32Array, block: number, file: string): void {
  if (words[NUMBER_WORD] === block && words[CHECKSUM_WORD] === blockChecksum(words)) return;
  throw damaged(file, `block ${block} does not match its checksum`);
}

function blockChecksum(words: Uint32Array): number {
  return crc32(new Uint8Array(words.buffer, words.byteOffset, CHECKSUM_WORD * 4));
}

/** The head as a block, and its checksum, which stands for the whole file. */
export function packHead(head: SegmentHead): { readonly bytes: Uint8Array; readonly checksum: number } {
  const words = new Uint32Array(BLOCK_WORDS);
  // A count has at most 53 bits.
  words.set([MAGIC, head.count, Math.floor(head.count / 2 ** 32), head.indexChecksum, head.filterChecksum]);
  const checksum = blockChecksum(words);
  words[CHECKSUM_WORD] = checksum;
  return { bytes: new Uint8Array(words.buffer), checksum };
}

/** Throws `state-corrupt` where the block is no head. */
export function unpackHead(bytes: Uint8Array, file: string): SegmentHead & { readonly checksum: number } {
  const words = new Uint32Array(bytes.slice().buffer);
  const checksum = blockChecksum(words);
  if (words[0] !== MAGIC || words[CHECKSUM_WORD] !== checksum)
    throw damaged(file, "its head is not readable");
  const [, low = 0, high = 0, indexChecksum = 0, filterChecksum = 0] = words;
  return { count: high * 2 ** 32 + low, indexChecksum, filterChecksum, checksum };
}

/** The fault of a segment file that can't be trusted. */
export function damaged(file: string, what: string, cause?: unknown): TributaryError {
  return new TributaryError(
    "state-corrupt",
    `The segment file ${file} is damaged: ${what}. Restore the partition's folder, or remove it to build it again from the logs.`,
    { details: { file }, ...(cause === undefined ? {} : { cause }) },
  );
}

/** Order of two keys by their words; negative where the first comes before. */
export function compareKeys(a: Uint32Array, offsetA: number, b: Uint32Array, offsetB: number): number {
  for (let word = 0; word < 4; word += 1) {
    const left = a[offsetA + word]!;
    const right = b[offsetB + word]!;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
