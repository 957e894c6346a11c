import {
  encodeControl,
  type ControlRecord,
  type GenesisRecord,
  type PlacedControlRecord,
} from "../model/control.ts";
import { TributaryError } from "../model/errors.ts";
import type { UsageLog } from "../model/log.ts";
import { successionFaults } from "../billing/catalog/succession.ts";
import { PartitionEngine } from "./partition-engine.ts";
import { SlicePace } from "./slice-pace.ts";
import { storedAbout } from "./stored-about.ts";
import { doInTurns } from "./turns.ts";
import type { PartitionPipelineOptions } from "./pipeline-options.ts";
import { renumberedLog } from "./renumbered-log.ts";
import { verifyLogs, type ReadRecord } from "./verify-logs.ts";

export interface OpenedPartition {
  readonly engine: PartitionEngine;
  /** The usage log in the partition's numbering. */
  readonly usageLog: UsageLog;
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
  | "leaseEpoch"
  | "knownControlSequence"
  | "fenceDeliveries"
  | "catalog"
  | "faults"
  | "observer"
  | "erpDescriptions"
>;

/** What it takes to begin a partition's control log. */
export type GenesisOptions = AppendOptions &
  Pick<OpenOptions, "partition" | "partitionCount" | "randomHashKey" | "clock">;

export type AppendOptions = Pick<OpenOptions, "controlLog" | "faults" | "observer">;

/** Compares the logs with the checkpoint, restores the state and reads the control records behind it. */
export async function openPartition(options: OpenOptions): Promise<OpenedPartition> {
  const { controlLog, store } = options;
  const verification = await verifyLogs(options);
  refuseOvertaken(options, verification.records);
  const fault = verification.controlFaults[0] ?? verification.usageFaults[0];
  if (fault !== undefined) throw fault;
  const { usage, control } = verification;
  const records = [...verification.records];
  const genesis = await ensureGenesis(options, records, usage.createdAt);
  const usageLog = renumberedLog(options.usageLog, verification.numberingOffset);
  await refuseUnfitCatalog(options, verification.pending);
  const delivered = await options.fenceDeliveries();
  const lastOrdinals = store.load()?.lastOrdinals;
  const pending = [...verification.pending, ...records.slice(verification.records.length)];
  const version = storedAbout(store).catalogVersion;
  await takeOver(options, records, pending, {
    appliesAfter: verification.decidedUpTo,
    catalog: version,
    lastUsage: (await usageLog.identity()).lastSequence,
    isBehind: delivered.some(({ channel, ordinal }) => ordinal > (lastOrdinals?.[channel] ?? 0)),
  });
  const inEffect = version === undefined ? undefined : await options.loadCatalog(version);
  const engine = new PartitionEngine({
    partition: options.partition,
    partitionCount: options.partitionCount,
    decoder: options.createDecoder(genesis.hashKey),
    hashKey: genesis.hashKey,
    settings: (inEffect ?? (await options.loadCatalog(firstCatalog(records)))).settings,
    sha256: options.sha256,
    segments: store.segments,
    erpDescriptions: options.erpDescriptions,
  });
  await doInTurns(engine.restoreInSlices(store, inEffect), {
    clock: options.clock,
    budget: engine.budget,
    pace: new SlicePace(),
    hasEnded: () => false,
  });
  engine.bind(
    usage.createdAt,
    control.createdAt === "" ? (await controlLog.identity()).createdAt : control.createdAt,
  );
  return {
    engine,
    usageLog,
    startedAt: verification.resumeAt - 1,
    storedAtStart: usage.lastSequence,
    lastControlSequence: records.at(-1)?.placed.sequence ?? 0,
    pendingControl: pending,
  };
}

/**
 * Another owner has come after us: since this process knew the log's end, or by a later lease than ours, where this process was held up between taking
 * its lease and being here.
 */
function refuseOvertaken(options: OpenOptions, records: readonly ReadRecord[]): void {
  const { knownControlSequence: known = Infinity, leaseEpoch = Infinity, instance } = options;
  for (const { placed } of records) {
    const { record } = placed;
    if (record.kind !== "acquired" || record.instance === instance) continue;
    const isLater = placed.sequence > known || (record.leaseEpoch ?? 0) > leaseEpoch;
    if (!isLater) continue;
    throw new TributaryError(
      "control-log-moved",
      `${options.controlLog.name} was taken by worker ${record.worker}.`,
      {
        details: { log: options.controlLog.name, sequence: placed.sequence, owner: record.worker },
      },
    );
  }
}

/**
 * A catalog that does not follow from the one before must not get into the log: every start would read it there again.
 * Throws `catalog-invalid` with every reason.
 */
async function refuseUnfitCatalog(options: OpenOptions, pending: readonly ReadRecord[]): Promise<void> {
  const latest = latestCatalog(pending) ?? storedAbout(options.store).catalogVersion;
  if (latest === undefined || latest === options.catalog.version) return;
  const faults = successionFaults(await options.loadCatalog(latest), options.catalog);
  if (faults.length === 0) return;
  throw new TributaryError(
    "catalog-invalid",
    `The catalog does not follow from the one in effect: ${faults.join("; ")}.`,
    { details: { faults } },
  );
}

/** Every control log begins with the record that its state is built on; whoever comes first writes it. */
export async function ensureGenesis(
  options: GenesisOptions,
  records: ReadRecord[],
  usageCreatedAt: string,
): Promise<GenesisRecord> {
  const { partition, partitionCount, controlLog, clock } = options;
  if (records.length === 0) {
    const record: GenesisRecord = {
      kind: "genesis",
      partition,
      partitionCount,
      usageCreatedAt,
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

interface TakeOverPlace {
  /** Up to where the partition's decisions reach. */
  readonly appliesAfter: number;
  /** Catalog version in effect at the state. */
  readonly catalog: string | undefined;
  /** Last usage sequence stored. */
  readonly lastUsage: number;
  /** A former owner has delivered more than this state has. */
  readonly isBehind: boolean;
}

/**
 * Takes the partition: from this append on the broker refuses a former owner's. It comes before anything is processed,
 * also when the state is behind the log (a lost state file): then the record applies where the log's last one does.
 */
async function takeOver(
  options: OpenOptions,
  records: ReadRecord[],
  pending: ReadRecord[],
  place: TakeOverPlace,
): Promise<void> {
  const { appliesAfter } = place;
  const decidedAt = new Date(options.clock.nowMs()).toISOString();
  const append = async (record: ControlRecord): Promise<void> => {
    const appended = await appendControl(options, record, records.at(-1)?.placed.sequence ?? 0);
    records.push(appended);
    pending.push(appended);
  };
  const { worker, instance, leaseEpoch } = options;
  const owner = { worker, instance, ...(leaseEpoch !== undefined && { leaseEpoch }) };
  await append({ kind: "acquired", ...owner, appliesAfter, decidedAt });
  const { version } = options.catalog;
  const latest = latestCatalog(pending) ?? place.catalog;
  if (latest === version) return;
  // What was delivered from usage that this state has yet to process was rated by the version before: the new one takes
  // effect behind all that is stored. The first version of all must take effect before any usage.
  const catalogAfter =
    place.isBehind && latest !== undefined ? Math.max(appliesAfter, place.lastUsage) : appliesAfter;
  await append({ kind: "catalog", version, appliesAfter: catalogAfter, decidedAt });
}

/** Appends a record behind `expectedLastSequence`; it takes effect when the caller applies it. */
export async function appendControl(
  options: AppendOptions,
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

/** The catalog version that the last of the records with one names. */
function latestCatalog(records: readonly ReadRecord[]): string | undefined {
  let version: string | undefined;
  for (const { placed } of records) if (placed.record.kind === "catalog") version = placed.record.version;
  return version;
}
