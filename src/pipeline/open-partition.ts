import {
  decodeControl,
  encodeControl,
  type ControlRecord,
  type GenesisRecord,
  type PlacedControlRecord,
} from "../model/control.ts";
import { TributaryError } from "../model/errors.ts";
import type { LogIdentity, LogMessage } from "../model/log.ts";
import type { Position } from "../model/store.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { fingerprint, NO_POSITION, PartitionEngine } from "./partition-engine.ts";
import type { PartitionPipelineOptions } from "./pipeline-options.ts";

export interface OpenedPartition {
  readonly engine: PartitionEngine;
  /** Usage position at the start, and the last usage message stored then. */
  readonly startedAt: number;
  readonly storedAtStart: number;
  /** The end of the control log, which is our own record. */
  readonly lastControlSequence: number;
  /** Records of the control log behind the position, in order. */
  readonly pendingControl: readonly { placed: PlacedControlRecord; data: Uint8Array }[];
}

type OpenOptions = Pick<
  PartitionPipelineOptions,
  | "partition"
  | "partitionCount"
  | "usageLog"
  | "controlLog"
  | "store"
  | "createDecoder"
  | "randomHashKey"
  | "sha256"
  | "loadCatalog"
  | "clock"
  | "worker"
  | "instance"
  | "knownControlSequence"
  | "catalog"
  | "faults"
  | "observer"
>;

/** Compares the logs with the checkpoint, restores the state and reads the control records behind it. */
export async function openPartition(options: OpenOptions): Promise<OpenedPartition> {
  const { usageLog, controlLog, store } = options;
  const usage = await usageLog.identity();
  const control = await controlLog.identity();
  const stored = store.load();
  const position = stored?.position ?? NO_POSITION;
  const records = await readControl(options, control);
  refuseOvertaken(options, records);
  verifyLog("control", controlLog.name, position.controlSequence, position.controlCreatedAt, control);
  verifyControlFingerprint(options, position, records);
  const gap = records.find(
    ({ placed }) => placed.sequence > position.controlSequence && placed.record.kind === "gap-accepted",
  );
  if (gap !== undefined && gap.placed.record.appliesAfter !== position.usageSequence) {
    throw new TributaryError(
      "state-mismatch",
      `The log was repaired behind usage ${gap.placed.record.appliesAfter}; a state at ${position.usageSequence} can't be replayed across that. Restore a backup.`,
    );
  }
  if (gap === undefined) {
    verifyLog("usage", usageLog.name, position.usageSequence, position.usageCreatedAt, usage);
    await verifyUsageFingerprint(options, position);
  }
  const genesis = await ensureGenesis(options, records, usage);
  if (stored === undefined) verifyLog("usage", usageLog.name, 0, genesis.usageCreatedAt, usage);
  await takeOver(options, records, position, usage.lastSequence);
  const inEffect = await catalogAt(options, records, position.controlSequence);
  const engine = new PartitionEngine({
    partition: options.partition,
    partitionCount: options.partitionCount,
    decoder: options.createDecoder(genesis.hashKey),
    hashKey: genesis.hashKey,
    settings: (inEffect ?? (await options.loadCatalog(firstCatalog(records)))).settings,
    sha256: options.sha256,
  });
  engine.restore(store, inEffect);
  engine.bind(
    usage.createdAt,
    control.createdAt === "" ? (await controlLog.identity()).createdAt : control.createdAt,
  );
  return {
    engine,
    startedAt: position.usageSequence,
    storedAtStart: usage.lastSequence,
    lastControlSequence: records.at(-1)?.placed.sequence ?? 0,
    pendingControl: records.filter(({ placed }) => placed.sequence > position.controlSequence),
  };
}

interface ReadRecord {
  readonly placed: PlacedControlRecord;
  readonly data: Uint8Array;
}

async function readControl(options: OpenOptions, identity: LogIdentity): Promise<ReadRecord[]> {
  if (identity.lastSequence === 0) return [];
  const messages = await options.controlLog.readFrom(1);
  return messages.map((message) => ({
    placed: { sequence: message.sequence, record: decodeControl(message.data) },
    data: message.data,
  }));
}

function refuseOvertaken(options: OpenOptions, records: readonly ReadRecord[]): void {
  const known = options.knownControlSequence;
  if (known === undefined) return;
  for (const { placed } of records) {
    const { record } = placed;
    if (placed.sequence <= known || record.kind !== "acquired" || record.instance === options.instance)
      continue;
    throw new TributaryError(
      "control-log-moved",
      `${options.controlLog.name} was taken by worker ${record.worker}.`,
      {
        details: { log: options.controlLog.name, sequence: placed.sequence, owner: record.worker },
      },
    );
  }
}

/** Every control log begins with the record that its state is built on; the first worker writes it. */
async function ensureGenesis(
  options: OpenOptions,
  records: ReadRecord[],
  usage: LogIdentity,
): Promise<GenesisRecord> {
  const { partition, partitionCount, controlLog, clock } = options;
  if (records.length === 0) {
    const record: GenesisRecord = {
      kind: "genesis",
      partition,
      partitionCount,
      usageCreatedAt: usage.createdAt,
      hashKey: options.randomHashKey(),
      appliesAfter: 0,
      decidedAt: new Date(clock.nowMs()).toISOString(),
    };
    records.push(await appendControl(options, record, 0));
  }
  const first = records[0]?.placed.record;
  if (first?.kind !== "genesis") {
    throw new TributaryError("state-mismatch", `${controlLog.name} does not begin with a genesis record.`);
  }
  if (first.partition !== partition || first.partitionCount !== partitionCount) {
    throw new TributaryError(
      "state-mismatch",
      `${controlLog.name} is of partition ${first.partition} of ${first.partitionCount}, not ${partition} of ${partitionCount}.`,
      { details: { found: { partition: first.partition, partitionCount: first.partitionCount } } },
    );
  }
  return first;
}

/**
 * Takes the partition: from this append on the broker refuses a former owner's. It comes before anything is processed,
 * also when the state is behind the log (a lost state file): then the record applies where the log's last one does.
 */
async function takeOver(
  options: OpenOptions,
  records: ReadRecord[],
  position: Position,
  lastUsage: number,
): Promise<void> {
  let appliesAfter = position.usageSequence;
  for (const { placed } of records) {
    if (placed.sequence <= position.controlSequence) continue;
    appliesAfter =
      placed.record.kind === "gap-accepted" ? placed.record.resumeAt - 1 : placed.record.appliesAfter;
  }
  if (appliesAfter > lastUsage) {
    throw new TributaryError(
      "stream-rolled-back",
      `${options.usageLog.name} ends at ${lastUsage}; the control log speaks of ${appliesAfter}.`,
      { details: { log: options.usageLog.name, lastUsage, appliesAfter } },
    );
  }
  const decidedAt = new Date(options.clock.nowMs()).toISOString();
  const last = (): number => records.at(-1)?.placed.sequence ?? 0;
  const { worker, instance } = options;
  const acquired = { kind: "acquired", worker, instance, appliesAfter, decidedAt } as const;
  records.push(await appendControl(options, acquired, last()));
  const { version } = options.catalog;
  if (latestCatalog(records, Infinity) === version) return;
  records.push(await appendControl(options, { kind: "catalog", version, appliesAfter, decidedAt }, last()));
}

/** Appends a record behind `expectedLastSequence`; it takes effect when the caller applies it. */
export async function appendControl(
  options: Pick<OpenOptions, "controlLog" | "faults" | "observer">,
  record: ControlRecord,
  expectedLastSequence: number,
): Promise<ReadRecord> {
  const data = encodeControl(record);
  options.faults.reach("before-control-append");
  const sequence = await options.controlLog.append(data, expectedLastSequence);
  options.faults.reach("after-control-append");
  options.observer.decided(record);
  return { placed: { sequence, record }, data };
}

/** The first catalog version of the log; the worker that made the log wrote one before any usage. */
function firstCatalog(records: readonly ReadRecord[]): string {
  for (const { placed } of records) if (placed.record.kind === "catalog") return placed.record.version;
  throw new TributaryError("state-mismatch", "The control log names no catalog.");
}

/** The catalog version in effect after a control sequence. */
function latestCatalog(records: readonly ReadRecord[], upTo: number): string | undefined {
  let version: string | undefined;
  for (const { placed } of records) {
    if (placed.sequence <= upTo && placed.record.kind === "catalog") version = placed.record.version;
  }
  return version;
}

async function catalogAt(
  options: OpenOptions,
  records: readonly ReadRecord[],
  controlSequence: number,
): Promise<CompiledCatalog | undefined> {
  const version = latestCatalog(records, controlSequence);
  return version === undefined ? undefined : options.loadCatalog(version);
}

function verifyLog(
  kind: string,
  name: string,
  position: number,
  createdAt: string,
  found: LogIdentity,
): void {
  const details = { log: name, position, createdAt, found };
  if (createdAt !== "" && createdAt !== found.createdAt) {
    throw new TributaryError(
      "stream-recreated",
      `${name} was created ${found.createdAt}; the checkpoint is of the ${kind} stream created ${createdAt}.`,
      { details },
    );
  }
  if (found.lastSequence < position) {
    throw new TributaryError(
      "stream-rolled-back",
      `${name} ends at ${found.lastSequence}; the checkpoint stands at ${position}.`,
      { details },
    );
  }
  if (found.firstSequence > position + 1) {
    throw new TributaryError(
      "stream-gap",
      `${name} begins at ${found.firstSequence}; the checkpoint stands at ${position}.`,
      { details },
    );
  }
}

async function verifyUsageFingerprint(options: OpenOptions, position: Position): Promise<void> {
  if (position.usageSequence === 0 || position.usageFingerprint.length === 0) return;
  const message = await options.usageLog.messageAt(position.usageSequence);
  // Gone by retention, with all that follows still stored: nothing to compare with, and nothing missing.
  if (message === undefined) return;
  if (equal(fingerprint(message, options.sha256), position.usageFingerprint)) return;
  throw refilled(options.usageLog.name, message);
}

function verifyControlFingerprint(
  options: OpenOptions,
  position: Position,
  records: readonly ReadRecord[],
): void {
  if (position.controlSequence === 0) return;
  const last = records.find(({ placed }) => placed.sequence === position.controlSequence);
  if (last !== undefined && equal(options.sha256(last.data), position.controlFingerprint)) return;
  throw new TributaryError(
    "stream-refilled",
    `${options.controlLog.name} holds another record at ${position.controlSequence} than the checkpoint.`,
  );
}

function refilled(name: string, message: LogMessage): TributaryError {
  return new TributaryError(
    "stream-refilled",
    `${name} holds another message at ${message.sequence} than the one processed: it was cut and filled again.`,
    { details: { log: name, sequence: message.sequence } },
  );
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
