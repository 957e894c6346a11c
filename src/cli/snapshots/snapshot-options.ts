import { Option, type Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import type { SnapshotStore } from "../../model/snapshot.ts";
import { folderSnapshotStore } from "../../fleet/snapshots/folder-store.ts";
import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openSnapshotStore } from "../../ingest/jetstream/snapshot-store.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { addConfiguredOptions, type ConfiguredOptions } from "../configured.ts";
import { parseInteger } from "../option-values.ts";

export interface SnapshotOptions extends ConfiguredOptions {
  readonly folder?: string;
  readonly broker?: boolean;
  readonly partition?: number;
}

/** Adds where snapshots are kept, and which partition is meant. */
export function addSnapshotOptions(command: Command): Command {
  return addConfiguredOptions(
    command
      .addOption(new Option("--folder <path>", "snapshots are kept in this folder").conflicts("broker"))
      .option("--broker", "snapshots are kept in object stores of the broker, a bucket a partition")
      .option(
        "--partition <number>",
        "only this partition (all that the configuration owns by default)",
        parseInteger(0, 65_535),
      ),
  );
}

export function partitionsOf(options: SnapshotOptions, config: WorkerConfig): readonly number[] {
  const { partition } = options;
  if (partition === undefined) return config.partitions.owned;
  if (partition < config.partitions.count) return [partition];
  throw new TributaryError(
    "usage-invalid",
    `There is no partition ${partition}: there are ${config.partitions.count}, counted from 0.`,
  );
}

/** Opens the stores of snapshots that the options name, for as long as `use` takes. */
export async function withSnapshotStores<Result>(
  options: SnapshotOptions,
  config: WorkerConfig,
  use: (storeOf: (partition: number) => Promise<SnapshotStore>) => Promise<Result>,
): Promise<Result> {
  const { folder } = options;
  if (folder !== undefined)
    return await use((partition) => Promise.resolve(folderSnapshotStore(folder, partition)));
  if (options.broker !== true)
    throw new TributaryError("usage-invalid", "Say where snapshots are kept: --folder <path> or --broker.");
  const broker: BrokerConnection = await connectBroker({ ...config.nats, name: "tributary-snapshots" });
  try {
    return await use((partition) => openSnapshotStore(broker, partition, config.replicas));
  } finally {
    await broker.close();
  }
}
