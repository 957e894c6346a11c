import { existsSync, renameSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { RepartitionedRecord } from "../../model/control.ts";
import { AccountShare } from "../../operators/split/account-share.ts";
import { partChanges, type PartPlace } from "../../pipeline/repartition/part-changes.ts";
import { becomePart } from "../../state/become-part.ts";
import { STATE_FILE, syncFolder } from "../../state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { copyState } from "../../state/snapshots/copy-state.ts";
import type { InspectedPartition } from "../compose/inspection.ts";

export interface BuildPartOptions {
  /** The state that is divided, open, and its folder. */
  readonly former: InspectedPartition;
  readonly formerFolder: string;
  readonly formerCount: number;
  readonly partition: number;
  readonly partitionCount: number;
  readonly record: RepartitionedRecord;
  readonly place: PartPlace;
  /** Where the part appears, at once and whole. */
  readonly folder: string;
  readonly faults: FaultInjector;
  readonly onProgress: (copiedBytes: number) => void;
}

/** Makes the state of a partition of the new count out of the state that is divided. */
export async function buildPart(options: BuildPartOptions): Promise<void> {
  const { former, formerFolder, formerCount, partition, partitionCount, record, place, folder, faults } =
    options;
  const { catalog } = former.engine;
  if (catalog === undefined) throw new RangeError("a state without a catalog has no parts");
  const building = join(dirname(folder), `.building-${partition}`);
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  const identity = { partition: former.partition, partitionCount: formerCount };
  await copyState(formerFolder, identity, building, options.onProgress);
  faults.reach("inside-repartition-split");
  const share = new AccountShare({ partition, partitionCount, formerPartition: former.partition, catalog });
  const changes = partChanges(former.store, share, place, record);
  const isNew = partition !== former.partition;
  becomePart(building, { identity: { partition, partitionCount }, changes, isNew });
  await rm(folder, { recursive: true, force: true });
  syncFolder(building);
  renameSync(building, folder);
  syncFolder(dirname(folder));
}

/** Whether a folder holds the part of a partition as it stands at a place. */
export function isPartAt(
  folder: string,
  partition: number,
  { partitionCount, from }: Pick<RepartitionedRecord, "partitionCount" | "from">,
  { controlSequence, controlFingerprint }: PartPlace,
): boolean {
  if (!existsSync(join(folder, STATE_FILE))) return false;
  let store: ReturnType<typeof openPartitionStoreReadOnly>;
  try {
    store = openPartitionStoreReadOnly(folder, { partition, partitionCount });
  } catch (fault) {
    // The state of the former count, for example.
    if (codeOf(fault) === "state-mismatch") return false;
    throw fault;
  }
  try {
    const position = store.load()?.position;
    return (
      position?.usageSequence === from.usageSequence &&
      position.controlSequence === controlSequence &&
      Buffer.compare(position.controlFingerprint, controlFingerprint) === 0
    );
  } finally {
    store.close();
  }
}
