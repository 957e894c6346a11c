import { encodeControl, type GenesisRecord, type RepartitionedRecord } from "../../model/control.ts";
import { TributaryError } from "../../model/errors.ts";
import type { ControlLog, LogIdentity } from "../../model/log.ts";
import type { Position } from "../../model/store.ts";
import { hexOfBytes } from "../../pipeline/accepted-gaps.ts";
import type { PartPlace } from "../../pipeline/repartition/part-changes.ts";
import { decodedRecords, type ReadRecord } from "../../pipeline/verify-logs.ts";
import type { RepartitionPlan } from "../../state/repartition-plan.ts";
import { sha256 } from "../compose/partition-worker.ts";

/** The record of a change in the logs of all partitions that come of one, the one itself included. */
export function repartitionedRecord(
  plan: RepartitionPlan,
  partition: number,
  { usageSequence, controlSequence, controlFingerprint }: Position,
): RepartitionedRecord {
  const { formerCount, partitionCount, actor, reason, decidedAt } = plan;
  return {
    kind: "repartitioned",
    appliesAfter: usageSequence,
    decidedAt,
    partitionCount,
    formerCount,
    from: { partition, usageSequence, controlSequence, controlFingerprint: hexOfBytes(controlFingerprint) },
    actor,
    reason,
  };
}

/** The record of a plan in a control log, where it stands there as the last one that says so. */
export function recordOfPlan(
  records: readonly ReadRecord[],
  { partitionCount, decidedAt }: RepartitionPlan,
): (ReadRecord & { readonly record: RepartitionedRecord }) | undefined {
  for (const read of records) {
    const { record } = read.placed;
    if (
      record.kind === "repartitioned" &&
      record.partitionCount === partitionCount &&
      record.decidedAt === decidedAt
    )
      return { ...read, record };
  }
  return undefined;
}

/** Where a part stands once its record is appended behind a log's end, or where it is there already. */
export function placeOfPart(
  record: RepartitionedRecord,
  controlSequence: number,
  usage: LogIdentity,
  control: LogIdentity,
): PartPlace {
  return {
    controlSequence,
    controlFingerprint: sha256(encodeControl(record)),
    usageCreatedAt: usage.createdAt,
    controlCreatedAt: control.createdAt,
  };
}

export async function readRecords(log: ControlLog): Promise<readonly ReadRecord[]> {
  const { lastSequence } = await log.identity();
  return lastSequence === 0 ? [] : decodedRecords(await log.readFrom(1));
}

/**
 * Begins the control log of a new partition, where that has not been done: no worker can take the partition for one that
 * begins with nothing. Throws `repartition-refused` where somebody has made another use of the log.
 */
export async function beginPart(
  log: ControlLog,
  genesis: Omit<GenesisRecord, "kind" | "appliesAfter">,
): Promise<void> {
  const records = await readRecords(log);
  if (records.length === 0) {
    await log.append(encodeControl({ kind: "genesis", appliesAfter: 0, ...genesis }), 0);
    return;
  }
  const first = records[0]?.placed.record;
  const isOurs =
    first?.kind === "genesis" && first.splitFrom === genesis.splitFrom && first.hashKey === genesis.hashKey;
  if (isOurs && records.every(({ placed }, index) => index === 0 || placed.record.kind === "repartitioned"))
    return;
  throw new TributaryError(
    "repartition-refused",
    `${log.name} holds decisions already: partition ${genesis.partition} was in use before.`,
    { details: { log: log.name, records: records.length } },
  );
}
