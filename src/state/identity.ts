import type { Database } from "better-sqlite3";
import { TributaryError } from "../model/errors.ts";
import type { PartitionIdentity } from "../model/store.ts";

/** Throws `state-mismatch` where the file belongs to another partition or partition count. */
export function assertIdentity(database: Database, identity: PartitionIdentity): void {
  const stored = database
    .prepare<[], PartitionIdentity>("SELECT partition, partition_count AS partitionCount FROM identity")
    .get();
  if (stored?.partition === identity.partition && stored.partitionCount === identity.partitionCount) return;
  throw new TributaryError(
    "state-mismatch",
    stored === undefined
      ? "The state file belongs to no partition."
      : `The state file belongs to partition ${stored.partition} of ${stored.partitionCount}, ` +
          `not ${identity.partition} of ${identity.partitionCount}.`,
    { details: { stored, identity } },
  );
}

/** Makes a new file the partition's; throws `state-mismatch` where it is another's already. */
export function claimIdentity(database: Database, identity: PartitionIdentity): void {
  database
    .prepare<[number, number]>("INSERT INTO identity VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING")
    .run(identity.partition, identity.partitionCount);
  assertIdentity(database, identity);
}
