import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { openForReading, STATE_FILE } from "./open-database.ts";
import { schemaVersion } from "./schema/migrate.ts";

/**
 * Whether a folder holds a partition's state. A start that broke off, killed or on a full disk, before it had written whose state it is leaves a folder, or a file, that
 * holds none: the next start goes on there as in an empty one. A file that can't be read counts as a state: whoever opens it says what is wrong.
 */
export function holdsState(folder: string): boolean {
  const file = join(folder, STATE_FILE);
  if (!existsSync(file)) return false;
  let database: Database | undefined;
  try {
    database = openForReading(file);
    if (schemaVersion(database) === 0) return false;
    return database.prepare("SELECT 1 FROM identity").get() !== undefined;
  } catch {
    return true;
  } finally {
    database?.close();
  }
}
