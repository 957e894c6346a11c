import { createHash } from "node:crypto";
import { messageOf, TributaryError } from "../../model/errors.ts";
import type { LogMessage } from "../../model/log.ts";
import {
  POSTING_KINDS,
  POSTING_SCHEMA_VERSION,
  type PostingCommand,
  type PostingRecord,
} from "../../model/posting.ts";

/** A record before its chain: what a decision gives. */
export type UnchainedRecord = PostingRecord extends infer Kind
  ? Kind extends PostingRecord
    ? Omit<Kind, "previous">
    : never
  : never;

/** Chain before the first record. */
export const EMPTY_HASH = "";

/** SHA-256, hexadecimal, of a record as it is written. */
export function hashOfRecord(record: PostingRecord): string {
  return createHash("sha256").update(JSON.stringify(record), "utf8").digest("hex");
}

/** Each record names the hash of the one before it. */
export function chainRecords(
  records: readonly UnchainedRecord[],
  previous: string,
): { readonly records: readonly PostingRecord[]; readonly lastHash: string } {
  let lastHash = previous;
  const chained = records.map((record): PostingRecord => {
    const whole: PostingRecord = { ...record, previous: lastHash };
    lastHash = hashOfRecord(whole);
    return whole;
  });
  return { records: chained, lastHash };
}

/**
 * The records of a message, their chain checked from `previous` on. Throws `posting-log-corrupt` where they can't be read, are of a
 * version that is not known, or do not follow.
 */
export function readRecords(
  message: LogMessage,
  previous: string,
): { readonly records: readonly PostingRecord[]; readonly lastHash: string } {
  const records = recordsIn(message);
  let lastHash = previous;
  for (const record of records) {
    if (record.schemaVersion !== POSTING_SCHEMA_VERSION)
      throw corrupt(message, `a record has version ${String(record.schemaVersion)}`);
    if (record.previous !== lastHash)
      throw corrupt(message, "the chain of hashes is broken: a record before it was changed or taken out");
    lastHash = hashOfRecord(record);
  }
  return { records, lastHash };
}

/** Hash of the last record of a message, whatever stands before it. */
export function lastHashOf(message: LogMessage): string {
  const records = recordsIn(message);
  const last = records.at(-1);
  return last === undefined ? EMPTY_HASH : hashOfRecord(last);
}

/** The commands of a message. Throws `posting-command-invalid` where it can't be read or is of another connection or version. */
export function readCommands(message: LogMessage, connection: string): readonly PostingCommand[] {
  return readList(message, "posting-command-invalid").map((item) => {
    if (!isCommand(item))
      throw invalid(message, connection, "holds a command that lacks what it has to have");
    if (item.schemaVersion !== POSTING_SCHEMA_VERSION)
      throw invalid(message, connection, `holds a command of version ${String(item.schemaVersion)}`);
    if (item.connection !== connection)
      throw invalid(message, connection, "holds a command of another connection");
    return item;
  });
}

/** What the runner itself relies on; the document is the adapter's to plan. */
function isCommand(item: unknown): item is PostingCommand {
  if (typeof item !== "object" || item === null) return false;
  const command: Partial<Record<keyof PostingCommand, unknown>> = item;
  return (
    POSTING_KINDS.some((kind) => kind === command.kind) &&
    typeof command.key === "string" &&
    command.key !== "" &&
    Number.isSafeInteger(command.revision) &&
    Number.isSafeInteger(command.partition) &&
    typeof command.orderKey === "string" &&
    typeof command.contentHash === "string" &&
    Array.isArray(command.after) &&
    typeof command.document === "object" &&
    command.document !== null
  );
}

function invalid(message: LogMessage, connection: string, what: string): TributaryError {
  return new TributaryError(
    "posting-command-invalid",
    `Message ${message.sequence} of the commands of ${connection} ${what}.`,
  );
}

function recordsIn(message: LogMessage): readonly PostingRecord[] {
  return readList(message, "posting-log-corrupt").map((item) => {
    if (!isRecord(item)) throw corrupt(message, "it holds something else than records");
    return item;
  });
}

/** Its fields are vouched for by the chain of hashes: only runners write it. */
function isRecord(item: unknown): item is PostingRecord {
  return typeof item === "object" && item !== null && "kind" in item && "previous" in item;
}

/** The items of a message: what they are is the caller's to check. */
function readList(
  message: LogMessage,
  code: "posting-log-corrupt" | "posting-command-invalid",
): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(message.data).toString("utf8"));
  } catch (error) {
    throw new TributaryError(code, `Message ${message.sequence} is no JSON: ${messageOf(error)}.`);
  }
  if (!Array.isArray(parsed)) throw new TributaryError(code, `Message ${message.sequence} holds no list.`);
  return parsed;
}

function corrupt(message: LogMessage, what: string): TributaryError {
  return new TributaryError(
    "posting-log-corrupt",
    `Message ${message.sequence} of the posting log: ${what}.`,
  );
}
