import type { Database } from "better-sqlite3";
import { statSync } from "node:fs";

/**
 * The write-ahead log is copied back into the database file by the commit that makes it this long. 4,096 pages of
 * 8 KiB are 32 MiB: ten one-second checkpoints of 200 pages of cells, so hot pages are copied once for many writes.
 */
const AUTOCHECKPOINT_PAGES = 4_096;
/** After a copy the file is cut to this, so that one large commit does not hold the disk space for good. */
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
/**
 * A long-lived reader keeps the log from starting over, and it grows. Above this it is copied and emptied
 * explicitly, which succeeds as soon as no reader is in the way.
 */
const FORCED_TRUNCATE_BYTES = 256 * 1024 * 1024;

export function setWalLimits(database: Database): void {
  database.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`);
  database.pragma(`journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`);
}

/** Copies the log into the file and empties it where no reader is in the way; never waits for one. */
export function truncateWal(database: Database): void {
  const busyTimeoutMs = Number(database.pragma("busy_timeout", { simple: true }));
  database.pragma("busy_timeout = 0");
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } finally {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
  }
}

/** Called after each commit. */
export function boundWal(database: Database, file: string, limitBytes: number = FORCED_TRUNCATE_BYTES): void {
  const size = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size > limitBytes) truncateWal(database);
}
