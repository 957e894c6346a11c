import Sqlite from "better-sqlite3";
import { messageOf, TributaryError } from "../model/errors.ts";

const CORRUPT_CODES = ["SQLITE_CORRUPT", "SQLITE_NOTADB"];
const FULL_CODES = ["SQLITE_FULL"];
const LOCKED_CODES = ["SQLITE_BUSY", "SQLITE_LOCKED"];
/** A statement that contradicts the schema's constraints: the caller's fault, not the disk's. */
const CALLER_CODES = [
  "SQLITE_CONSTRAINT",
  "SQLITE_MISMATCH",
  "SQLITE_RANGE",
  "SQLITE_MISUSE",
  "SQLITE_ERROR",
];

function isOneOf(code: string, family: readonly string[]): boolean {
  return family.some((name) => code === name || code.startsWith(`${name}_`));
}

/** SQLite's result code of a thrown value ("SQLITE_FULL"), or undefined where SQLite did not throw it. */
export function sqliteCodeOf(error: unknown): string | undefined {
  return error instanceof Sqlite.SqliteError ? error.code : undefined;
}

/** A fault of the file system, as Node reports it (EACCES, ENOSPC, EROFS …). */
function isSystemFault(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "errno" in error;
}

/** No space, or no more of it for this user. */
const FULL_SYSTEM_CODES: readonly string[] = ["ENOSPC", "EDQUOT"];

function diskFault(error: NodeJS.ErrnoException, action: string, file: string): TributaryError {
  const isFull = FULL_SYSTEM_CODES.includes(error.code ?? "");
  return new TributaryError(
    isFull ? "state-disk-full" : "state-commit-failed",
    `${action}: ${messageOf(error)}`,
    {
      details: { systemCode: error.code, file },
      cause: error,
    },
  );
}

/**
 * The fault behind something thrown while `action` went on. A TributaryError stays as it is; what
 * neither SQLite nor the file system threw stays as it is too. A full disk is `state-disk-full`, everything else that a disk can
 * do (I/O error, read-only) `state-commit-failed`.
 */
export function stateFault(error: unknown, action: string, file: string): unknown {
  const code = sqliteCodeOf(error);
  if (code === undefined) return isSystemFault(error) ? diskFault(error, action, file) : error;
  const options = { details: { sqliteCode: code, file }, cause: error };
  if (isOneOf(code, CORRUPT_CODES)) {
    return new TributaryError(
      "state-corrupt",
      `The state file is damaged (${messageOf(error)}). Restore it, or remove the partition's folder to build it ` +
        `again from the logs.`,
      options,
    );
  }
  if (isOneOf(code, LOCKED_CODES)) {
    return new TributaryError("state-locked", `Another process holds the state file (${action}).`, options);
  }
  if (isOneOf(code, CALLER_CODES)) {
    return new TributaryError("internal-fault", `${action}: ${messageOf(error)}`, options);
  }
  return new TributaryError(
    isOneOf(code, FULL_CODES) ? "state-disk-full" : "state-commit-failed",
    `${action}: ${messageOf(error)}`,
    options,
  );
}

/** Runs `work`; what it throws is translated by `stateFault`. */
export function translatingFaults<T>(action: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stateFault(error, action, file);
  }
}
