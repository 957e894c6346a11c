import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { TributaryError } from "../../model/errors.ts";
import type { Position } from "../../model/store.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { openUsageLog } from "../../ingest/jetstream/usage-log.ts";
import { verifyLogs } from "../../pipeline/verify-logs.ts";
import { holdsState } from "../../state/holds-state.ts";
import { partitionFolder, STATE_FILE } from "../../state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { sha256 } from "../compose/partition-worker.ts";

/** A partition of the former count as its state stands, compared with its logs. */
export interface FormerState {
  readonly partition: number;
  readonly folder: string;
  readonly position: Position;
  /** Of the state file and its log. */
  readonly bytes: number;
  /** Messages stored behind the state: they are placed by the new count. */
  readonly backlog: number;
}

/**
 * Looks at the state of a partition. Throws what keeps it from starting (`stream-gap`, `state-mismatch`, …), and
 * `repartition-refused` where a worker has to run once more before the state can be divided.
 */
export async function formerState(
  stateDir: string,
  broker: BrokerConnection,
  partition: number,
  partitionCount: number,
): Promise<FormerState> {
  const folder = partitionFolder(stateDir, partition);
  if (!holdsState(folder))
    throw refused(
      `Partition ${partition} has no state in ${stateDir}: start the worker once, or restore a backup.`,
    );
  const store = openPartitionStoreReadOnly(folder, { partition, partitionCount });
  try {
    const usageLog = openUsageLog(broker, partition);
    const controlLog = openControlLog(broker, partition);
    const found = await verifyLogs({ usageLog, controlLog, store, sha256 });
    const fault = found.controlFaults[0] ?? found.usageFaults[0];
    if (fault !== undefined) throw fault;
    if (!found.hasCheckpoint || found.pending.length > 0)
      throw refused(
        `${controlLog.name} holds ${found.pending.length} decisions that the state of partition ${partition} has not applied: ` +
          "start the worker once more and let it end by SIGTERM.",
      );
    const { position, usage } = found;
    const backlog = Math.max(0, usage.lastSequence - position.usageSequence);
    return { partition, folder, position, bytes: bytesOf(folder), backlog };
  } finally {
    store.close();
  }
}

export function refused(message: string, details: Record<string, unknown> = {}): TributaryError {
  return new TributaryError("repartition-refused", message, { details });
}

function bytesOf(folder: string): number {
  return [STATE_FILE, `${STATE_FILE}-wal`]
    .map((name) => join(folder, name))
    .reduce((bytes, file) => bytes + (existsSync(file) ? statSync(file).size : 0), 0);
}
