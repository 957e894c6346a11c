/** Entry of the thread that takes snapshots of states and brings them here: hashing a gigabyte must not keep usage waiting. */
import { mkdirSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { z } from "zod";
import { systemClock } from "../../../model/clock.ts";
import type { SnapshotStore } from "../../../model/snapshot.ts";
import type { PartitionIdentity } from "../../../model/store.ts";
import { provideNewestState } from "../../../fleet/snapshots/newest-state.ts";
import { takeSnapshot } from "../../../fleet/snapshots/take-snapshot.ts";
import { connectBroker, type BrokerConnection } from "../../../ingest/jetstream/connection.ts";
import { openControlLog } from "../../../ingest/jetstream/control-log.ts";
import { openSnapshotStore } from "../../../ingest/jetstream/snapshot-store.ts";
import { partitionFolder } from "../../../state/open-database.ts";
import { serveTasks } from "../threads/serve-tasks.ts";
import type { LeftOut, StateResult, StateTask, StateThreadData } from "./state-messages.ts";

const started = z.object({ data: z.custom<StateThreadData>() }).parse(workerData);
const { config } = started.data;
const stores = new Map<number, SnapshotStore>();
let connection: BrokerConnection | undefined;

async function broker(): Promise<BrokerConnection> {
  connection ??= await connectBroker({ ...config.nats, name: `tributary-${config.workerName}-states` });
  return connection;
}

async function storeOf(partition: number): Promise<SnapshotStore> {
  const known = stores.get(partition);
  if (known !== undefined) return known;
  const store = await openSnapshotStore(await broker(), partition, config.replicas);
  stores.set(partition, store);
  return store;
}

async function perform(task: StateTask): Promise<StateResult> {
  if (task.kind === "close") {
    await connection?.close();
    return { kind: "closed" };
  }
  const { partition } = task;
  return task.kind === "provide" ? await provide(partition) : await snapshot(partition);
}

function identityOf(partition: number): PartitionIdentity {
  return { partition, partitionCount: config.partitions.count };
}

async function provide(partition: number): Promise<StateResult> {
  mkdirSync(config.stateDir, { recursive: true });
  const leftOut: LeftOut[] = [];
  const state = await provideNewestState({
    folder: partitionFolder(config.stateDir, partition),
    identity: identityOf(partition),
    store: await storeOf(partition),
    controlLog: openControlLog(await broker(), partition),
    onLeftOut: (name, reason) => {
      leftOut.push({ state: name, reason });
    },
  });
  return { kind: "provided", state, leftOut };
}

async function snapshot(partition: number): Promise<StateResult> {
  const { id, bytes, storedBytes } = await takeSnapshot({
    folder: partitionFolder(config.stateDir, partition),
    scratchFolder: config.stateDir,
    identity: identityOf(partition),
    store: await storeOf(partition),
    clock: systemClock,
    takenBy: config.workerName,
    keep: config.snapshots.keep,
  });
  return { kind: "snapshot-taken", id, bytes, storedBytes };
}

serveTasks(perform);
