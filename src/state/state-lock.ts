import Sqlite, { type Database } from "better-sqlite3";
import { join } from "node:path";
import { TributaryError } from "../model/errors.ts";
import { sqliteCodeOf } from "./sqlite-faults.ts";

export const LOCK_FILE = "partition.lock";

/** Held for as long as the process lives or until `release`. */
export interface StateLock {
  release(): void;
}

/**
 * Makes this process the only writer of a folder (a partition's, by default). The lock is an exclusive transaction on a small
 * database of its own: the operating system drops it when the process ends in whatever way, and readers of the state
 * file never meet it. Throws `state-locked`.
 */
export function lockState(folder: string, file = LOCK_FILE): StateLock {
  let database: Database | undefined;
  try {
    // No timeout: a worker that meets another one must say so, not wait for it.
    database = new Sqlite(join(folder, file), { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (sqliteCodeOf(error)?.startsWith("SQLITE_BUSY") !== true) throw error;
    throw new TributaryError("state-locked", "Another process holds the state.", {
      details: { folder },
      cause: error,
    });
  }
  const held = database;
  return {
    release: () => {
      held.close();
    },
  };
}
