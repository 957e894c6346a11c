import { existsSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { encodeControl, type RepartitionedRecord } from "../../model/control.ts";
import { codeOf, TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { ensureTopology } from "../../ingest/jetstream/topology.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import type { RepartitionFigure } from "../../pipeline/repartition/balance.ts";
import { makeDurableFolder, partitionFolder, syncFolder } from "../../state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { partsFolder, removePlan, type RepartitionPlan, writePlan } from "../../state/repartition-plan.ts";
import { setAside } from "../../state/set-aside.ts";
import { lockState, type StateLock } from "../../state/state-lock.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { isPartAt } from "./build-part.ts";
import { compareParts } from "./compare-parts.ts";
import { divideFormer, type PartRow, type PartToBuild } from "./divide-former.ts";
import { formerState, refused } from "./former-states.ts";
import { beginPart, placeOfPart, readRecords, recordOfPlan, repartitionedRecord } from "./part-records.ts";

export interface ChangeOptions {
  readonly config: WorkerConfig;
  readonly broker: BrokerConnection;
  readonly plan: RepartitionPlan;
  readonly faults: FaultInjector;
  readonly onProgress: (text: string) => void;
}

export interface ChangeResult {
  /** Empty where a former run has compared them. */
  readonly rows: readonly PartRow[];
  readonly figures: readonly RepartitionFigure[];
  /** Folders of the former states. */
  readonly replaced: readonly string[];
}

/** A partition of the former count, and what comes of it. */
interface Former {
  readonly partition: number;
  readonly record: RepartitionedRecord;
  /** Whether the record is in the partition's log: then it can't be taken back. */
  readonly isRecorded: boolean;
  /** Folder of the state as it was before; undefined where it is not there any more. */
  readonly folder: string | undefined;
  readonly parts: readonly PartToBuild[];
}

/**
 * Carries a change of the partition count out, from wherever a former run has left it. Each step finds out what is done
 * and does the rest; up to the first record nothing is changed that a worker of the former count would notice.
 */
export async function changeCount(options: ChangeOptions): Promise<ChangeResult> {
  const { config, broker, plan, faults } = options;
  const locks = lockStates(config.stateDir, plan.formerCount);
  try {
    writePlan(config.stateDir, plan);
    faults.reach("after-repartition-plan");
    await ensureTopology(broker, { partitionCount: plan.partitionCount, replicas: config.replicas });
    faults.reach("after-repartition-streams");
    makeDurableFolder(partsFolder(config.stateDir));
    const formers: Former[] = [];
    for (let partition = 0; partition < plan.formerCount; partition++)
      formers.push(await lookAt(options, partition));
    faults.reach("after-repartition-genesis");
    for (const former of formers) await divide(options, former);
    faults.reach("after-repartition-split");
    const compared = formers.some(({ isRecorded }) => isRecorded)
      ? { rows: [], figures: [] }
      : await compareParts({
          ...options,
          ...plan,
          formers: formers.map(({ partition, folder = "" }) => ({ partition, folder })),
          parts: formers.flatMap(({ partition: from, parts }) => parts.map((part) => ({ ...part, from }))),
        });
    faults.reach("after-repartition-balance");
    for (const former of formers) await record(options, former);
    for (const lock of locks.splice(0)) lock.release();
    for (const { record, parts } of formers)
      for (const part of parts) putInPlace(config.stateDir, record, part, faults);
    const replaced = formers.flatMap(
      ({ partition, record }) => formerFolder(config.stateDir, partition, record) ?? [],
    );
    removePlan(config.stateDir);
    return { ...compared, replaced };
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Nothing else may write the states meanwhile. Throws `state-locked` where a worker runs. */
function lockStates(stateDir: string, count: number): StateLock[] {
  const locks: StateLock[] = [];
  try {
    for (let partition = 0; partition < count; partition++) {
      const folder = partitionFolder(stateDir, partition);
      if (existsSync(folder)) locks.push(lockState(folder));
    }
    return locks;
  } catch (fault) {
    for (const lock of locks) lock.release();
    throw fault;
  }
}

/** What is done of a partition's change; begins the logs of the new partitions that come of it. */
async function lookAt({ config, broker, plan }: ChangeOptions, partition: number): Promise<Former> {
  const { stateDir } = config;
  const records = await readRecords(openControlLog(broker, partition));
  const genesis = records[0]?.placed.record;
  if (genesis?.kind !== "genesis")
    throw refused(`The control log of partition ${partition} is empty: start the worker once.`);
  const recorded = recordOfPlan(records, plan);
  const record =
    recorded?.record ??
    repartitionedRecord(
      plan,
      partition,
      (await formerState(stateDir, broker, partition, plan.formerCount)).position,
    );
  const parts: PartToBuild[] = [];
  for (let part = partition; part < plan.partitionCount; part += plan.formerCount) {
    const usage = await openUsageLog(broker, part).identity();
    const log = openControlLog(broker, part);
    if (part !== partition)
      await beginPart(log, {
        partition: part,
        partitionCount: plan.partitionCount,
        splitFrom: partition,
        usageCreatedAt: usage.createdAt,
        hashKey: genesis.hashKey,
        decidedAt: plan.decidedAt,
      });
    const control = await log.identity();
    const own = recordOfPlan(await readRecords(log), plan);
    const place = placeOfPart(record, own?.placed.sequence ?? control.lastSequence + 1, usage, control);
    parts.push({
      partition: part,
      place,
      folder: join(partsFolder(stateDir), basename(partitionFolder("", part))),
    });
  }
  const folder = formerFolder(stateDir, partition, record);
  return { partition, record, isRecorded: recorded !== undefined, folder, parts };
}

/** Builds the parts that are neither ready nor in place. */
async function divide({ config, faults, onProgress }: ChangeOptions, former: Former): Promise<void> {
  const { partition, record, folder, parts } = former;
  const missing = parts.filter(
    (part) =>
      !isInPlace(config.stateDir, record, part) && !isPartAt(part.folder, part.partition, record, part.place),
  );
  if (missing.length === 0) return;
  if (folder === undefined)
    throw new TributaryError(
      "repartition-unfinished",
      `The state of partition ${partition} as it was before the change is not there: put its folder back, under any name that begins with ` +
        `${basename(partitionFolder("", partition))}, or restore a backup of the new partitions.`,
    );
  await divideFormer({ config, partition, folder, record, parts: missing, faults, onProgress });
}

/** Appends what has not been appended: first where it ends the former count, then to the logs of the new partitions. */
async function record({ broker, plan, faults }: ChangeOptions, { record, parts }: Former): Promise<void> {
  for (const { partition, place } of parts) {
    const log = openControlLog(broker, partition);
    if (recordOfPlan(await readRecords(log), plan) !== undefined) continue;
    await log.append(encodeControl(record), place.controlSequence - 1);
    faults.reach("after-repartition-record");
  }
}

function putInPlace(
  stateDir: string,
  record: RepartitionedRecord,
  part: PartToBuild,
  faults: FaultInjector,
): void {
  if (isInPlace(stateDir, record, part)) return;
  const folder = partitionFolder(stateDir, part.partition);
  if (setAside(folder) !== undefined) faults.reach("after-repartition-set-aside");
  renameSync(part.folder, folder);
  syncFolder(dirname(folder));
  faults.reach("after-repartition-state");
}

function isInPlace(
  stateDir: string,
  record: RepartitionedRecord,
  { partition, place }: PartToBuild,
): boolean {
  return isPartAt(partitionFolder(stateDir, partition), partition, record, place);
}

/** The folder of a partition's state as it was before the change, under whatever name; undefined where there is none. */
export function formerFolder(
  stateDir: string,
  partition: number,
  { formerCount, from }: Pick<RepartitionedRecord, "formerCount" | "from">,
): string | undefined {
  const name = basename(partitionFolder(stateDir, partition));
  return readdirSync(stateDir)
    .filter((each) => each === name || each.startsWith(`${name}.`))
    .map((each) => join(stateDir, each))
    .find((folder) => isStateAt(folder, { partition, partitionCount: formerCount }, from));
}

function isStateAt(
  folder: string,
  identity: { readonly partition: number; readonly partitionCount: number },
  { usageSequence, controlSequence }: RepartitionedRecord["from"],
): boolean {
  try {
    const store = openPartitionStoreReadOnly(folder, identity);
    try {
      const position = store.load()?.position;
      return position?.usageSequence === usageSequence && position.controlSequence === controlSequence;
    } finally {
      store.close();
    }
  } catch (fault) {
    if (codeOf(fault) === "state-mismatch") return false;
    throw fault;
  }
}
