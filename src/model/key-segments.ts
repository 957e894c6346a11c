/**
 * The port to sealed dedupe keys: immutable files of key records, sorted by key, with a filter in memory that says "not
 * there" for nearly every key that is not there. `src/state/segments/` implements it.
 *
 * A record is `KEY_RECORD_WORDS` words of 32 bits: key (4), payload checksum (2), place of the first event (2). Only the
 * key means something to the files; its words are those of a keyed hash, so that they are spread evenly.
 */
export const KEY_WORDS = 4;
export const KEY_RECORD_WORDS = 8;
export const KEY_RECORD_BYTES = KEY_RECORD_WORDS * 4;

/** What a checkpoint remembers of a segment: the file is opened by it and is refused where it is another one. */
export interface SegmentIdentity {
  /** Names the file; never given out again while a checkpoint may name it. */
  readonly number: number;
  /** Records in it; an integer ≥ 1. */
  readonly count: number;
  /** CRC-32 of the file's head, which holds the checksums of the rest. */
  readonly checksum: number;
}

/** Keys in one file. */
export interface KeySegment extends SegmentIdentity {
  /** Bytes held in memory. */
  readonly bytes: number;
  /** False where the key (four words from `offset`) is certainly not in the segment. Reads memory only. */
  mayHold(keys: Uint32Array, offset: number): boolean;
  /**
   * Asks `mayHold` for rows of a key column (four words a row); writes the numbers of those that may be there to `rows`
   * from `at` on, ascending, and returns where the next would go.
   */
  candidates(keys: Uint32Array, firstRow: number, rowCount: number, rows: Uint32Array, at: number): number;
  /**
   * Looks the key up in the file; copies its record where it is there. Faster where keys come in ascending order. Throws
   * `state-corrupt` where the file is damaged: never is a key unknown because it can't be read.
   */
  find(keys: Uint32Array, offset: number, record: Uint32Array): boolean;
}

/** A segment that is being written on another thread. */
export interface PendingSegment {
  /** The segment once it is durable, undefined until then. Throws the fault where it could not be written. */
  take(): KeySegment | undefined;
  /** Nobody will take it: its file goes as soon as it is finished. */
  discard(): void;
}

export interface SegmentWriter {
  /**
   * Begins to write records, `count` in all, that fill chunks of one size one after another; every key is there once. They
   * must not change until the segment is taken; those in shared memory are not copied.
   */
  seal(chunks: readonly Uint32Array[], count: number): PendingSegment;
  /** Begins to write the records of several segments, which have no key in common, as one. */
  merge(segments: readonly KeySegment[]): PendingSegment;
  /** The checkpoint that is collected now names the segment no more: its file goes after the commit. */
  drop(segment: KeySegment): void;
  /** Removes every segment but these, and what is being written: called with what the checkpoint names. */
  keepOnly(numbers: ReadonlySet<number>): void;
}

export interface KeySegments {
  /** Throws `state-corrupt` where the file is missing, damaged or another one. */
  open(identity: SegmentIdentity): KeySegment;
  /** Absent where the state is open for reading. */
  readonly writer: SegmentWriter | undefined;
}
