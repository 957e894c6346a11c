import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeControl, placeOfRecord } from "../../model/control.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import type { ControlLog } from "../../model/log.ts";
import { positionOfSnapshot, type SnapshotStore } from "../../model/snapshot.ts";
import type { PartitionIdentity } from "../../model/store.ts";
import { STATE_FILE } from "../../state/open-database.ts";
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
  const disk = await findOnDisk(options);
  for (const id of await store.snapshots()) {
    const place = positionOfSnapshot(id);
    if (disk !== "none" && disk !== "left-out" && !isBehind(disk, place)) break;
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
  if (disk !== "none" && disk !== "left-out") return { source: "disk", ...disk };
  if (disk === "left-out") await rm(folder, { recursive: true, force: true });
  return { source: "none", usageSequence: 0, controlSequence: 0 };
}

const FORKED = "it went on after another worker had taken the partition";

async function findOnDisk(options: NewestStateOptions): Promise<StatePlace | "none" | "left-out"> {
  const { folder, identity, onLeftOut } = options;
  if (!existsSync(join(folder, STATE_FILE))) return "none";
  let place: StatePlace | undefined;
  try {
    place = readPlace(folder, identity);
  } catch (error) {
    if (codeOf(error) !== "state-corrupt") throw error;
    onLeftOut("disk", messageOf(error));
    return "left-out";
  }
  if (place === undefined) return "none";
  if (!(await isForked(place, options))) return place;
  onLeftOut("disk", FORKED);
  return "left-out";
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

function isBehind(one: StatePlace, other: StatePlace): boolean {
  return (
    one.usageSequence < other.usageSequence ||
    (one.usageSequence === other.usageSequence && one.controlSequence < other.controlSequence)
  );
}

async function isForked(
  { usageSequence, controlSequence }: StatePlace,
  { controlLog }: Pick<NewestStateOptions, "controlLog">,
): Promise<boolean> {
  const next = await controlLog.messageAt(controlSequence + 1);
  return next !== undefined && placeOfRecord(decodeControl(next.data)) < usageSequence;
}
