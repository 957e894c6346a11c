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
  const records = readList<PostingRecord>(message, "posting-log-corrupt");
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
  const last = readList<PostingRecord>(message, "posting-log-corrupt").at(-1);
  return last === undefined ? EMPTY_HASH : hashOfRecord(last);
}

/** The commands of a message. Throws `posting-command-invalid` where it can't be read or is of another connection or version. */
export function readCommands(message: LogMessage, connection: string): readonly PostingCommand[] {
  const commands = readList<PostingCommand>(message, "posting-command-invalid");
  for (const command of commands) {
    const fault = faultOf(command, connection);
    if (fault !== undefined)
      throw new TributaryError(
        "posting-command-invalid",
        `Message ${message.sequence} of the commands of ${connection} ${fault}.`,
      );
  }
  return commands;
}

function faultOf(command: PostingCommand, connection: string): string | undefined {
  if (typeof command !== "object" || command === null) return "holds something else than commands";
  if (command.schemaVersion !== POSTING_SCHEMA_VERSION)
    return `holds a command of version ${String(command.schemaVersion)}`;
  if (command.connection !== connection) return "holds a command of another connection";
  if (!POSTING_KINDS.includes(command.kind)) return "holds a command of a kind that is not known";
  const isWhole =
    typeof command.key === "string" &&
    command.key !== "" &&
    Number.isSafeInteger(command.revision) &&
    Number.isSafeInteger(command.partition) &&
    typeof command.orderKey === "string" &&
    typeof command.contentHash === "string" &&
    Array.isArray(command.after) &&
    typeof command.document === "object" &&
    command.document !== null;
  return isWhole ? undefined : "holds a command that lacks what it has to have";
}

function readList<Item>(message: LogMessage, code: "posting-log-corrupt" | "posting-command-invalid"): readonly Item[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(message.data).toString("utf8"));
  } catch (error) {
    throw new TributaryError(code, `Message ${message.sequence} is no JSON: ${messageOf(error)}.`);
  }
  if (!isList<Item>(parsed))
    throw new TributaryError(code, `Message ${message.sequence} holds no list.`);
  return parsed;
}

function isList<Item>(value: unknown): value is readonly Item[] {
  return Array.isArray(value);
}

function corrupt(message: LogMessage, what: string): TributaryError {
  return new TributaryError("posting-log-corrupt", `Message ${message.sequence} of the posting log: ${what}.`);
}
