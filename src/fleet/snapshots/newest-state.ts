import { rm } from "node:fs/promises";
import { decodeControl, placeOfRecord } from "../../model/control.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import type { ControlLog } from "../../model/log.ts";
import { positionOfSnapshot, snapshotId, type SnapshotStore } from "../../model/snapshot.ts";
import type { PartitionIdentity } from "../../model/store.ts";
import { holdsState } from "../../state/holds-state.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { restoreSnapshot } from "./restore-snapshot.ts";

/** Place in the partition's logs that a state is the function of. */
interface StatePlace {
  readonly usageSequence: number;
  readonly controlSequence: number;
}

export interface NewestStateOptions {
  /** The partition's folder; no worker runs on it. */
  readonly folder: string;
  readonly identity: PartitionIdentity;
  readonly store: SnapshotStore;
  readonly controlLog: Pick<ControlLog, "messageAt">;
  /** Told of states that are left out, `disk` or a snapshot's id, and why. */
  readonly onLeftOut: (state: string, reason: string) => void;
}

export interface NewestState extends StatePlace {
  /** Where it came from: the folder as it was, a snapshot, or nowhere: the logs are read from the beginning. */
  readonly source: "disk" | "snapshot" | "none";
}

/**
 * Sees to it that a partition's folder holds the newest state that its logs agree with: what is there, or the newest snapshot.
 *
 * A former owner may have gone on for a moment after another had taken the partition, and checkpointed, or even put a snapshot away: that state has
 * processed usage without a decision that belongs before it. It shows by the next record of the control log, which applies before the state's place. Such
 * a state is left out, as is a snapshot that is damaged: an older one, or none, costs more reading and nothing else.
 *
 * @throws TributaryError `snapshot-store-failed`, `broker-unreachable`, `state-mismatch` (the folder is another partition's)
 */
export async function provideNewestState(options: NewestStateOptions): Promise<NewestState> {
  const { folder, identity, store, onLeftOut } = options;
  const { place: disk, isLeftOut } = await findOnDisk(options);
  for (const id of await store.snapshots()) {
    // Ids sort like positions.
    if (disk !== undefined && snapshotId(disk) >= id) break;
    const place = positionOfSnapshot(id);
    if (await isForked(place, options)) {
      onLeftOut(id, FORKED);
      // Nobody can ever use it, and it would count among those that are kept.
      await store.removeManifest(id);
      continue;
    }
    try {
      await restoreSnapshot({ folder, identity, store, snapshot: id, replace: true });
      return { source: "snapshot", ...place };
    } catch (error) {
      if (codeOf(error) !== "snapshot-corrupt" && codeOf(error) !== "snapshot-missing") throw error;
      onLeftOut(id, messageOf(error));
    }
  }
  if (disk !== undefined) return { source: "disk", ...disk };
  if (isLeftOut) await rm(folder, { recursive: true, force: true });
  return { source: "none", usageSequence: 0, controlSequence: 0 };
}

const FORKED = "it went on after another worker had taken the partition";

/** The place of the state that the folder holds; none where there is none, or where it is left out. */
async function findOnDisk(
  options: NewestStateOptions,
): Promise<{ readonly place?: StatePlace | undefined; readonly isLeftOut: boolean }> {
  const { folder, identity, onLeftOut } = options;
  if (!holdsState(folder)) return { isLeftOut: false };
  let place: StatePlace | undefined;
  let reason: string | undefined;
  try {
    place = readPlace(folder, identity);
    if (place !== undefined && (await isForked(place, options))) reason = FORKED;
  } catch (error) {
    if (codeOf(error) !== "state-corrupt") throw error;
    reason = messageOf(error);
  }
  if (reason === undefined) return { place, isLeftOut: false };
  onLeftOut("disk", reason);
  return { isLeftOut: true };
}

function readPlace(folder: string, identity: PartitionIdentity): StatePlace | undefined {
  const reader = openPartitionStoreReadOnly(folder, identity);
  try {
    const position = reader.load()?.position;
    if (position === undefined) return undefined;
    const { usageSequence, controlSequence } = position;
    return { usageSequence, controlSequence };
  } finally {
    reader.close();
  }
}

async function isForked(
  { usageSequence, controlSequence }: StatePlace,
  { controlLog }: Pick<NewestStateOptions, "controlLog">,
): Promise<boolean> {
  const next = await controlLog.messageAt(controlSequence + 1);
  return next !== undefined && placeOfRecord(decodeControl(next.data)) < usageSequence;
}
