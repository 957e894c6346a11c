import {
  decodeControl,
  placeOfRecord,
  type ControlRecord,
  type GapAcceptedRecord,
  type PlacedControlRecord,
} from "../model/control.ts";
import { TributaryError } from "../model/errors.ts";
import type { ControlLog, LogIdentity, UsageLog } from "../model/log.ts";
import type { PartitionStore, Position } from "../model/store.ts";
import { bytesOfHex, hexOfBytes, numberingOffsetOf } from "./accepted-gaps.ts";
import type { PartitionEngineOptions } from "./engine-options.ts";
import { fingerprint, NO_POSITION } from "./positions.ts";
import { storedAbout } from "./stored-about.ts";
import { renumberedLog } from "./renumbered-log.ts";

/** A control record as it was read, with its bytes. */
export interface ReadRecord {
  readonly placed: PlacedControlRecord;
  readonly data: Uint8Array;
}

/** What a comparison of a checkpoint with its two logs found. Nothing was changed by it. */
export interface LogVerification {
  /** The checkpoint's position; all zero where there is no checkpoint. */
  readonly position: Position;
  readonly hasCheckpoint: boolean;
  /** Where reading goes on: behind the position, or behind the gap that was accepted since. */
  readonly resumeAt: number;
  /** Usage message behind which the last record of the control log applies; the position where none is behind it. */
  readonly decidedUpTo: number;
  /** The partition's numbering minus the stream's sequences, an accepted gap that is not applied yet included. */
  readonly numberingOffset: number;
  /** The usage log, in the partition's numbering. */
  readonly usage: LogIdentity;
  readonly control: LogIdentity;
  /** The whole control log. */
  readonly records: readonly ReadRecord[];
  /** Its records that the checkpoint has not applied. */
  readonly pending: readonly ReadRecord[];
  /** Accepted gaps behind the position: they apply at the next start. */
  readonly pendingGaps: readonly GapAcceptedRecord[];
  /** What is wrong with the control log, then with the usage log; the partition starts where there is none. */
  readonly controlFaults: readonly TributaryError[];
  readonly usageFaults: readonly TributaryError[];
}

export interface VerifyOptions {
  readonly usageLog: UsageLog;
  readonly controlLog: ControlLog;
  /** Absent: no checkpoint was ever made. */
  readonly store: Pick<PartitionStore, "load" | "rows"> | undefined;
  readonly sha256: PartitionEngineOptions["sha256"];
}

/** Compares the logs with the checkpoint. Throws `stream-missing` and `broker-unreachable`; finds everything else. */
export async function verifyLogs(options: VerifyOptions): Promise<LogVerification> {
  const { usageLog, controlLog, store, sha256 } = options;
  const stored = store?.load();
  const position = stored?.position ?? NO_POSITION;
  const control = await controlLog.identity();
  const records = await readControl(controlLog, control);
  let controlFaults = compareLog(
    controlLog.name,
    position.controlSequence,
    position.controlCreatedAt,
    control,
  );
  if (controlFaults.length === 0) controlFaults = compareControl(options, position, records);
  let pending = records.filter(({ placed }) => placed.sequence > position.controlSequence);
  if (controlFaults.length > 0) {
    const repair = records.findIndex(({ placed: { record } }) => repairsControl(record, position));
    if (repair >= 0) controlFaults = [];
    // Without a repair, what the log holds can't be told from another state's decisions.
    pending = repair < 0 ? [] : records.slice(repair);
  }
  const pendingGaps = pending.flatMap(({ placed: { record } }) =>
    record.kind === "gap-accepted" ? [record] : [],
  );
  const numberingOffset = numberingOffsetOf([
    ...(store === undefined ? [] : storedAbout(store).gaps),
    ...pendingGaps,
  ]);
  const log = renumberedLog(usageLog, numberingOffset);
  const usage = await log.identity();
  const usageFaults: TributaryError[] = [];
  let usagePosition = position.usageSequence;
  for (const gap of pendingGaps) {
    if (gap.appliesAfter !== usagePosition) usageFaults.push(repairedElsewhere(gap, usagePosition));
    usagePosition = gap.resumeAt - 1;
  }
  const lastGap = pendingGaps.at(-1);
  const decidedUpTo = Math.max(usagePosition, ...pending.slice(-1).map(placeOf));
  const createdAt =
    lastGap?.usageCreatedAt ?? (stored === undefined ? genesisCreation(records) : position.usageCreatedAt);
  if (usageFaults.length === 0)
    usageFaults.push(...compareLog(usageLog.name, usagePosition, createdAt, usage));
  if (usageFaults.length === 0) {
    const known = lastGap === undefined ? position.usageFingerprint : bytesOfHex(lastGap.fingerprint);
    usageFaults.push(...(await compareUsage(log, usagePosition, known, sha256)));
  }
  if (usageFaults.length === 0 && decidedUpTo > usage.lastSequence) {
    usageFaults.push(
      new TributaryError(
        "stream-rolled-back",
        `${usageLog.name} ends at ${usage.lastSequence}; the control log speaks of ${decidedUpTo}.`,
        { details: { log: usageLog.name, position, decidedUpTo, found: usage } },
      ),
    );
  }
  return {
    position,
    hasCheckpoint: stored !== undefined,
    resumeAt: usagePosition + 1,
    decidedUpTo,
    numberingOffset,
    usage,
    control,
    records,
    pending,
    pendingGaps,
    controlFaults,
    usageFaults,
  };
}

async function readControl(log: ControlLog, identity: LogIdentity): Promise<ReadRecord[]> {
  if (identity.lastSequence === 0) return [];
  const messages = await log.readFrom(1);
  return messages.map((message) => ({
    placed: { sequence: message.sequence, record: decodeControl(message.data) },
    data: message.data,
  }));
}

/** The usage message behind which processing stands when a record has been applied. */
export function placeOf({ placed: { record } }: ReadRecord): number {
  return placeOfRecord(record);
}

function genesisCreation(records: readonly ReadRecord[]): string {
  const first = records[0]?.placed.record;
  return first?.kind === "genesis" ? first.usageCreatedAt : "";
}

function repairedElsewhere(gap: GapAcceptedRecord, position: number): TributaryError {
  return new TributaryError(
    "state-mismatch",
    `The log was repaired behind usage ${gap.appliesAfter}; a state at ${position} can't be replayed across that. Restore a backup.`,
    { details: { repairedBehind: gap.appliesAfter, position } },
  );
}

function compareLog(name: string, position: number, createdAt: string, found: LogIdentity): TributaryError[] {
  const details = { log: name, position, createdAt, found };
  if (createdAt !== "" && createdAt !== found.createdAt) {
    return [
      new TributaryError(
        "stream-recreated",
        `${name} was created ${found.createdAt}; the checkpoint is of the stream created ${createdAt}.`,
        { details },
      ),
    ];
  }
  if (found.lastSequence < position) {
    return [
      new TributaryError(
        "stream-rolled-back",
        `${name} ends at ${found.lastSequence}; the checkpoint stands at ${position}.`,
        { details },
      ),
    ];
  }
  if (found.firstSequence > position + 1) {
    return [
      new TributaryError(
        "stream-gap",
        `${name} begins at ${found.firstSequence}; the checkpoint stands at ${position}.`,
        { details },
      ),
    ];
  }
  return [];
}

async function compareUsage(
  log: UsageLog,
  sequence: number,
  known: Uint8Array,
  sha256: VerifyOptions["sha256"],
): Promise<TributaryError[]> {
  if (sequence === 0 || known.length === 0) return [];
  const message = await log.messageAt(sequence);
  // Gone by retention, with all that follows still stored: nothing to compare with, and nothing missing.
  if (message === undefined || equal(fingerprint(message, sha256), known)) return [];
  return [
    new TributaryError(
      "stream-refilled",
      `${log.name} holds another message at ${sequence} than the one processed: it was cut and filled again.`,
      { details: { log: log.name, sequence } },
    ),
  ];
}

/** Whether a record lets the state at a position go on, though the control log is not the one it was made from. */
function repairsControl(record: ControlRecord, position: Position): boolean {
  return (
    record.kind === "gap-accepted" &&
    record.controlBefore.sequence === position.controlSequence &&
    record.controlBefore.fingerprint === hexOfBytes(position.controlFingerprint)
  );
}

function compareControl(
  options: VerifyOptions,
  position: Position,
  records: readonly ReadRecord[],
): TributaryError[] {
  if (position.controlSequence === 0) return [];
  const last = records.find(({ placed }) => placed.sequence === position.controlSequence);
  if (last !== undefined && equal(options.sha256(last.data), position.controlFingerprint)) return [];
  return [
    new TributaryError(
      "stream-refilled",
      `${options.controlLog.name} holds another record at ${position.controlSequence} than the checkpoint.`,
    ),
  ];
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
