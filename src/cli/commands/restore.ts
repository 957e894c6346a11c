import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import { isSnapshotId, type SnapshotStore } from "../../model/snapshot.ts";
import { bytesOf, decodeManifest } from "../../fleet/snapshots/manifest.ts";
import { restoreSnapshot } from "../../fleet/snapshots/restore-snapshot.ts";
import { partitionFolder, STATE_FILE } from "../../state/open-database.ts";
import { openPartitionStore } from "../../state/partition-store.ts";
import { refuseDuringRepartition } from "../../state/repartition-plan.ts";
import { setAside } from "../../state/set-aside.ts";
import { readConfig } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine, printTable } from "../print.ts";
import { printProgress } from "../progress.ts";
import { mebibytes } from "../snapshots/mebibytes.ts";
import {
  addSnapshotOptions,
  partitionsOf,
  withSnapshotStores,
  type SnapshotOptions,
} from "../snapshots/snapshot-options.ts";

interface RestoreOptions extends SnapshotOptions {
  readonly snapshot?: string;
  readonly list?: boolean;
  readonly replace?: boolean;
}

interface RestoreRow {
  readonly partition: number;
  readonly snapshot: string;
  readonly usageSequence: number;
  readonly controlSequence: number;
  readonly takenAt: string;
  readonly bytes: number;
  /** Where the state that was there before is now; null where there was none. */
  readonly replaced: string | null;
  /** Newer snapshots that are not whole. */
  readonly damaged: readonly { readonly snapshot: string; readonly reason: string }[];
}

export function addRestoreCommand(program: Command): void {
  addSnapshotOptions(
    program
      .command("restore")
      .summary("put the state of partitions back from a backup")
      .description(
        "Restores the newest snapshot of each partition that is whole; every byte is compared with its hash. The worker must be stopped.\n" +
          "A state that is there is left alone unless --replace is given, and then kept under another name.\n\n" +
          "A snapshot may be older than what was published since: the worker reads the rest from the streams, and publishes nothing twice.\n" +
          "Where the streams no longer hold it, the worker says so at its start, and `recover` what can be done.",
      )
      .option("--snapshot <id>", "this snapshot instead of the newest; needs --partition")
      .option("--list", "only list what there is")
      .option("--replace", "put it in the place of a state that is there"),
  ).action(async (options: RestoreOptions) => {
    process.exitCode = await restore(options);
  });
}

async function restore(options: RestoreOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const { snapshot } = options;
  if (snapshot !== undefined && (options.partition === undefined || !isSnapshotId(snapshot)))
    throw new TributaryError(
      "usage-invalid",
      "--snapshot takes an id that `restore --list` shows, and needs --partition.",
    );
  return await withSnapshotStores(options, config, async (storeOf) => {
    const partitions = partitionsOf(options, config);
    if (options.list === true) return await list(partitions, storeOf, options.json === true);
    refuseDuringRepartition(config.stateDir);
    // Before anything is changed: all of it can be done, or none.
    if (options.replace !== true) refuseStates(config.stateDir, partitions);
    const rows: RestoreRow[] = [];
    for (const partition of partitions)
      rows.push(
        await restoreOne(
          partition,
          config.partitions.count,
          config.stateDir,
          await storeOf(partition),
          snapshot,
        ),
      );
    if (options.json === true) printJson({ restored: rows });
    else printRestored(rows);
    return ExitCode.done;
  });
}

async function restoreOne(
  partition: number,
  partitionCount: number,
  stateDirectory: string,
  store: SnapshotStore,
  snapshot: string | undefined,
): Promise<RestoreRow> {
  const folder = partitionFolder(stateDirectory, partition);
  const identity = { partition, partitionCount };
  const replaced = setAside(folder);
  const damaged: { snapshot: string; reason: string }[] = [];
  try {
    const { id, manifest } = await restoreSnapshot({
      folder,
      identity,
      store,
      ...(snapshot === undefined ? {} : { snapshot }),
      onDamaged: (damagedId, reason) => {
        damaged.push({ snapshot: damagedId, reason });
      },
      onProgress: (doneBytes, totalBytes) => {
        printProgress(
          `partition ${partition}: ${mebibytes(doneBytes)} of ${mebibytes(totalBytes)} MiB restored`,
        );
      },
    });
    // As a start opens it: structure, identity, schema and segments are checked.
    openPartitionStore(folder, identity).close();
    const { usageSequence, controlSequence, takenAt } = manifest;
    return {
      partition,
      snapshot: id,
      usageSequence,
      controlSequence,
      takenAt,
      bytes: bytesOf(manifest),
      replaced: replaced ?? null,
      damaged,
    };
  } catch (error) {
    // What was there is better than nothing.
    if (replaced !== undefined && !existsSync(folder)) renameSync(replaced, folder);
    throw error;
  }
}

function refuseStates(stateDirectory: string, partitions: readonly number[]): void {
  const states = partitions.filter((partition) =>
    existsSync(join(partitionFolder(stateDirectory, partition), STATE_FILE)),
  );
  if (states.length === 0) return;
  throw new TributaryError(
    "state-mismatch",
    `There is a state of partition ${states.join(", ")} in ${stateDirectory}. With --replace it is kept under another name.`,
    { details: { partitions: states } },
  );
}

async function list(
  partitions: readonly number[],
  storeOf: (partition: number) => Promise<SnapshotStore>,
  isJson: boolean,
): Promise<ExitCode> {
  const rows: {
    partition: number;
    snapshot: string;
    usageSequence: number;
    controlSequence: number;
    takenAt: string;
    takenBy: string;
    bytes: number;
  }[] = [];
  for (const partition of partitions) {
    const store = await storeOf(partition);
    for (const id of await store.snapshots()) {
      const bytes = await store.getManifest(id);
      if (bytes === undefined) continue;
      const manifest = decodeManifest(id, bytes);
      const { usageSequence, controlSequence, takenAt, takenBy } = manifest;
      rows.push({
        partition,
        snapshot: id,
        usageSequence,
        controlSequence,
        takenAt,
        takenBy,
        bytes: bytesOf(manifest),
      });
    }
  }
  if (isJson) printJson({ snapshots: rows });
  else printSnapshots(rows);
  return ExitCode.done;
}

function printSnapshots(
  rows: readonly Pick<
    RestoreRow,
    "partition" | "snapshot" | "takenAt" | "usageSequence" | "controlSequence" | "bytes"
  >[],
): void {
  printTable(
    ["partition", "snapshot", "taken at", "usage", "control", "MiB"],
    rows.map((row) => [
      String(row.partition),
      row.snapshot,
      row.takenAt,
      String(row.usageSequence),
      String(row.controlSequence),
      mebibytes(row.bytes),
    ]),
  );
}

function printRestored(rows: readonly RestoreRow[]): void {
  printProgress(`${rows.length} partitions restored`, true);
  printSnapshots(rows);
  for (const { partition, replaced, damaged } of rows) {
    if (replaced !== null) printLine(`The former state of partition ${partition} is in ${replaced}.`);
    for (const { snapshot, reason } of damaged)
      printLine(`Snapshot ${snapshot} of partition ${partition} was left out: ${reason}`);
  }
}
