import { join } from "node:path";
import type { CheckpointChanges, PartitionIdentity } from "../model/store.ts";
import { CheckpointWriter } from "./checkpoint-writer.ts";
import { openForWriting, STATE_FILE } from "./open-database.ts";
import { stateFault } from "./sqlite-faults.ts";
import { truncateWal } from "./wal-policy.ts";

/** What a copy holds of deliveries, counts and decisions is the first partition's: a new one begins without. */
const FORGOTTEN_TABLES = [
  "position",
  "region_counts",
  "message_counts",
  "exceptions",
  "outbox",
  "channel_ordinals",
  "deliveries",
] as const;

export interface PartOptions {
  readonly identity: PartitionIdentity;
  readonly changes: CheckpointChanges;
  /** Whether the partition is a new one, that has delivered nothing yet. */
  readonly isNew: boolean;
}

/**
 * Makes the copy of a partition's state in `folder` the state of another partition, or of the same one under another
 * partition count, in one transaction. Throws `state-commit-failed`, `state-corrupt`.
 */
export function becomePart(folder: string, { identity, changes, isNew }: PartOptions): void {
  const file = join(folder, STATE_FILE);
  const database = openForWriting(file);
  try {
    database.exec("BEGIN IMMEDIATE");
    if (isNew) for (const table of FORGOTTEN_TABLES) database.exec(`DELETE FROM ${table}`);
    database
      .prepare<[number, number]>("UPDATE identity SET partition = ?, partition_count = ?")
      .run(identity.partition, identity.partitionCount);
    new CheckpointWriter(database).write(changes);
    database.exec("COMMIT");
    truncateWal(database);
  } catch (error) {
    throw stateFault(error, "writing the part of a state", file);
  } finally {
    database.close();
  }
}
