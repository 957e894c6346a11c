/**
 * A snapshot: what a partition's folder holds at one checkpoint, somewhere else. It is a list of files cut into chunks, each named by its hash, so that
 * what two snapshots share is stored once, and nothing that was damaged is ever taken for the state. A snapshot need not be the newest state: whoever
 * starts from it reads the rest from the logs.
 */

/** Version of a manifest's form; a reader refuses one that it does not know. */
export const SNAPSHOT_SCHEMA_VERSION = 1;

/** One mebibyte: whole pages of the state file, few enough names, and little to send again where one page has changed. */
export const CHUNK_BYTES = 1024 * 1024;

/** A partition that remembers half a thousand million ids has some twenty gigabytes; what claims more is damage. */
export const MAX_CHUNKS = 1024 * 1024;

export interface SnapshotFile {
  /** Within the partition's folder. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256, hexadecimal, of each chunk of {@link CHUNK_BYTES} (the last one may be shorter), in order. */
  readonly chunks: readonly string[];
}

export interface SnapshotManifest {
  readonly schemaVersion: typeof SNAPSHOT_SCHEMA_VERSION;
  readonly partition: number;
  readonly partitionCount: number;
  /** Place in the partition's logs that the state is the function of; 0 before the first checkpoint. */
  readonly usageSequence: number;
  readonly controlSequence: number;
  /** When it was taken, RFC 3339, and by which process. */
  readonly takenAt: string;
  readonly takenBy: string;
  readonly files: readonly SnapshotFile[];
}

/** Where snapshots of one partition are kept. All reject with `snapshot-store-failed` where it can't be reached. */
export interface SnapshotStore {
  /** For people: a folder, or the broker's bucket. */
  readonly title: string;
  /** Which of these chunks it does not have. */
  missingChunks(hashes: readonly string[]): Promise<readonly string[]>;
  /** Durable when it resolves. */
  putChunk(hash: string, bytes: Uint8Array): Promise<void>;
  /** Undefined where there is none; what it gives is compared with the hash by the caller. */
  getChunk(hash: string): Promise<Uint8Array | undefined>;
  removeChunk(hash: string): Promise<void>;
  /** Ids of snapshots, the one with the highest position first. */
  snapshots(): Promise<readonly string[]>;
  putManifest(id: string, bytes: Uint8Array): Promise<void>;
  getManifest(id: string): Promise<Uint8Array | undefined>;
  removeManifest(id: string): Promise<void>;
}

/** Digits of a sequence in an id: those of the largest safe integer. */
const SEQUENCE_DIGITS = 16;
const ID_PATTERN = /^u(\d{16})-c(\d{16})$/;

/** A function of the position, so that ids sort like positions: the same state taken twice is one snapshot. */
export function snapshotId({
  usageSequence,
  controlSequence,
}: Pick<SnapshotManifest, "usageSequence" | "controlSequence">): string {
  const digits = (sequence: number): string => String(sequence).padStart(SEQUENCE_DIGITS, "0");
  return `u${digits(usageSequence)}-c${digits(controlSequence)}`;
}

/** The place that an id stands for. @throws RangeError where it is no id */
export function positionOfSnapshot(id: string): { usageSequence: number; controlSequence: number } {
  const match = ID_PATTERN.exec(id);
  if (match === null) throw new RangeError(`${id} is no snapshot's id`);
  return { usageSequence: Number(match[1]), controlSequence: Number(match[2]) };
}

export function isSnapshotId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** Ids with the highest position first; what is no id is left out. */
export function newestFirst(names: Iterable<string>): string[] {
  return [...names].filter(isSnapshotId).sort().reverse();
}
