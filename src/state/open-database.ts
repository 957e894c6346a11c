import Sqlite, { type Database } from "better-sqlite3";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const STATE_FILE = "partition.sqlite";
export const IN_MEMORY = ":memory:";

/** Half the size of a page of cells: overwriting one costs two pages, and random small keys still pack well. */
const PAGE_SIZE_BYTES = 8192;
/** There is one writer; readers block only while the write-ahead log is recovered or reset. */
const BUSY_TIMEOUT_MS = 5_000;
/** Cache in KiB (SQLite's sign convention): the interior pages and the hot pages of one partition. */
const CACHE_SIZE_KIB = 16 * 1024;

/** Names of partition folders; the number is the first group. */
export const PARTITION_FOLDER_PATTERN = /^partition-(\d+)$/;

/** The folder of a partition below the worker's state directory. */
export function partitionFolder(stateDirectory: string, partition: number): string {
  return join(stateDirectory, `partition-${partition}`);
}

/** Makes a folder and its parents so that their names survive a power loss. */
export function makeDurableFolder(folder: string): void {
  const firstMade = mkdirSync(folder, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(resolve(firstMade));
  for (let current = resolve(folder); current !== top; current = dirname(current)) {
    syncFolder(dirname(current));
  }
}

/** Flushes the names in a folder to the disk. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens the file for the one writer. */
export function openForWriting(file: string, busyTimeoutMs: number = BUSY_TIMEOUT_MS): Database {
  const database = new Sqlite(file, { timeout: busyTimeoutMs });
  try {
    // The page size must be set before the journal mode: in WAL mode it can't change any more.
    database.pragma(`page_size = ${PAGE_SIZE_BYTES}`);
    if (file !== IN_MEMORY) database.pragma("journal_mode = WAL");
    // A commit that was reported must survive a power loss: acknowledgements and publications follow it.
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    database.pragma(`cache_size = -${CACHE_SIZE_KIB}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens a database in memory that begins with the bytes of a file. */
export function openImage(image: Buffer): Database {
  return new Sqlite(image);
}

/** Opens the file beside its writer, for reading only. */
export function openForReading(file: string): Database {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.pragma("query_only = ON");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
