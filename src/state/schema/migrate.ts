import type { Database } from "better-sqlite3";
import { TributaryError } from "../../model/errors.ts";
import { MIGRATION_001 } from "./migration-001.ts";
import { MIGRATION_002 } from "./migration-002.ts";
import { MIGRATION_003 } from "./migration-003.ts";

/** One step forward, as SQL. Its version is its place in the list, from 1. Never edit one that was released. */
export type Migration = string;

export const MIGRATIONS: readonly Migration[] = [MIGRATION_001, MIGRATION_002, MIGRATION_003];

/** "TRIB": tells our files from any other SQLite file. */
const APPLICATION_ID = 0x54524942;

function readNumber(database: Database, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

/**
 * Version of the schema in the file, 0 where it has none yet.
 * Throws `state-mismatch` for a file of another application.
 */
export function schemaVersion(database: Database): number {
  const version = readNumber(database, "user_version");
  const empty = readNumber(database, "schema_version") === 0;
  if (!empty && readNumber(database, "application_id") !== APPLICATION_ID) {
    throw new TributaryError(
      "state-mismatch",
      "The file is an SQLite database, but not a state of Tributary.",
    );
  }
  return version;
}

/** Throws `state-schema-newer` where the file is ahead of `migrations`. */
export function assertSchemaKnown(version: number, migrations: readonly Migration[] = MIGRATIONS): void {
  if (version > migrations.length) {
    throw new TributaryError(
      "state-schema-newer",
      `The state file has schema version ${version}; this version of Tributary knows up to ${migrations.length}.`,
      { details: { version, known: migrations.length } },
    );
  }
}

/**
 * Brings the file to the newest schema, all steps in one transaction: after a crash it is the old version or the
 * new one. Throws `state-schema-newer` and `state-mismatch`, and what SQLite throws.
 */
export function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  const version = schemaVersion(database);
  assertSchemaKnown(version, migrations);
  if (version === migrations.length) return;
  database
    .transaction(() => {
      for (const migration of migrations.slice(version)) database.exec(migration);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${migrations.length}`);
    })
    .immediate();
}
