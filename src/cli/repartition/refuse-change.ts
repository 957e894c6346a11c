import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../ingest/jetstream/control-log.ts";
import { codeOf } from "../../model/errors.ts";
import { partitionFolder, STATE_FILE } from "../../state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { readPlan, removePlan, type RepartitionPlan } from "../../state/repartition-plan.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { formerState, type FormerState, refused } from "./former-states.ts";
import { readRecords, recordOfPlan } from "./part-records.ts";

/** Throws `repartition-refused` where a count can't follow from another, and says why. */
export function refuseCount(formerCount: number, partitionCount: number): void {
  if (partitionCount > formerCount && partitionCount % formerCount === 0) return;
  throw refused(
    `${partitionCount} partitions can't follow from ${formerCount}: the new count must be a multiple of the present one ` +
      `(${formerCount * 2}, ${formerCount * 3}, …). Then each new partition comes of a single former one and begins exactly where that ` +
      "stands. With any other count a partition would come of several, whose watermarks differ: what is late in one of them is not in the other, " +
      "and no watermark would be right for both.",
    { formerCount, partitionCount },
  );
}

/** Throws `repartition-refused` where the configuration owns some of the partitions only. */
export function refusePartOfFleet({ partitions, stateDir }: WorkerConfig): void {
  if (partitions.owned.length === partitions.count) return;
  throw refused(
    `The configuration owns ${partitions.owned.length} of ${partitions.count} partitions. All change together: bring the states of all of them to ` +
      `${stateDir} (\`tributary backup\` there, \`tributary restore\` here), and run it with a configuration that owns all.`,
  );
}

/** Whether the states in the state directory are of a partition count already. */
export function isAtCount({ stateDir }: WorkerConfig, partitionCount: number): boolean {
  const folder = partitionFolder(stateDir, 0);
  if (!existsSync(join(folder, STATE_FILE))) return false;
  try {
    openPartitionStoreReadOnly(folder, { partition: 0, partitionCount }).close();
    return true;
  } catch (fault) {
    if (codeOf(fault) === "state-mismatch") return false;
    throw fault;
  }
}

/** States of all partitions; throws what keeps one from being divided, and `repartition-refused` where messages wait. */
export async function formerStates(
  { stateDir, partitions: { count } }: WorkerConfig,
  broker: BrokerConnection,
  withBacklog: boolean,
): Promise<readonly FormerState[]> {
  const states: FormerState[] = [];
  for (let partition = 0; partition < count; partition++)
    states.push(await formerState(stateDir, broker, partition, count));
  const backlog = states.reduce((messages, state) => messages + state.backlog, 0);
  if (backlog === 0 || withBacklog) return states;
  throw refused(
    `${backlog} messages are stored that the states have not processed. Let the worker process them first, so that they are placed by the present ` +
      "count; or say --with-backlog: events of accounts that move are then sent on to their new partitions, and may be late there.",
    { backlog },
  );
}

/** Gives a change up; nothing of it is left. Throws `repartition-refused` where a partition's log has it already. */
export async function abandon(
  { stateDir }: WorkerConfig,
  broker: BrokerConnection,
): Promise<RepartitionPlan> {
  const plan = readPlan(stateDir);
  if (plan === undefined) throw refused(`No change of the partition count is under way in ${stateDir}.`);
  for (let partition = 0; partition < plan.formerCount; partition++) {
    const log = openControlLog(broker, partition);
    if (recordOfPlan(await readRecords(log), plan) !== undefined)
      throw refused(
        `${log.name} says already that there are ${plan.partitionCount} partitions: finish the change by running it once more.`,
      );
  }
  removePlan(stateDir);
  return plan;
}
