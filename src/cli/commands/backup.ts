import { hostname } from "node:os";
import type { Command } from "commander";
import { systemClock } from "../../model/clock.ts";
import { takeSnapshot } from "../../fleet/snapshots/take-snapshot.ts";
import { holdsState } from "../../state/holds-state.ts";
import { partitionFolder } from "../../state/open-database.ts";
import { readConfig } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { parseInteger } from "../option-values.ts";
import { printJson, printLine, printTable } from "../print.ts";
import { printProgress } from "../progress.ts";
import {
  addSnapshotOptions,
  partitionsOf,
  withSnapshotStores,
  type SnapshotOptions,
} from "../snapshots/snapshot-options.ts";
import { mebibytes } from "../snapshots/mebibytes.ts";

interface BackupOptions extends SnapshotOptions {
  readonly keep?: number;
}

interface BackupRow {
  readonly partition: number;
  /** Null where the partition has no state here. */
  readonly snapshot: string | null;
  readonly usageSequence: number | null;
  readonly controlSequence: number | null;
  readonly bytes: number;
  readonly storedBytes: number;
}

/** More than anybody looks through. */
const MAX_KEPT = 10_000;

export function addBackupCommand(program: Command): void {
  addSnapshotOptions(
    program
      .command("backup")
      .summary("copy the state of partitions to a folder or to the broker, also while their worker runs")
      .description(
        "Takes a snapshot of each partition's last checkpoint: the state file and the files of remembered ids, cut into chunks that are named\n" +
          "by their hashes. What an earlier snapshot has is not stored again. The worker may run meanwhile, and is not held up.\n\n" +
          "A backup is not needed for correctness: the state follows from the streams. It makes a start without a state file short, and\n" +
          "it is needed where streams no longer hold all of their messages. `restore` puts it back.",
      )
      .option(
        "--keep <number>",
        "remove all but so many snapshots of each partition afterwards (none is removed by default)",
        parseInteger(1, MAX_KEPT),
      ),
  ).action(async (options: BackupOptions) => {
    process.exitCode = await backup(options);
  });
}

async function backup(options: BackupOptions): Promise<ExitCode> {
  const config = readConfig(options);
  const rows: BackupRow[] = [];
  await withSnapshotStores(options, config, async (storeOf) => {
    for (const partition of partitionsOf(options, config)) {
      const folder = partitionFolder(config.stateDir, partition);
      if (!holdsState(folder)) {
        rows.push({
          partition,
          snapshot: null,
          usageSequence: null,
          controlSequence: null,
          bytes: 0,
          storedBytes: 0,
        });
        continue;
      }
      const { id, manifest, bytes, storedBytes } = await takeSnapshot({
        folder,
        scratchFolder: config.stateDir,
        identity: { partition, partitionCount: config.partitions.count },
        store: await storeOf(partition),
        clock: systemClock,
        takenBy: `backup on ${hostname()}`,
        ...(options.keep === undefined ? {} : { keep: options.keep }),
        onProgress: (step, doneBytes, totalBytes) => {
          const what = step === "copy" ? "copied" : "stored";
          const of = step === "copy" ? "" : ` of ${mebibytes(totalBytes)}`;
          printProgress(`partition ${partition}: ${mebibytes(doneBytes)}${of} MiB ${what}`);
        },
      });
      const { usageSequence, controlSequence } = manifest;
      rows.push({ partition, snapshot: id, usageSequence, controlSequence, bytes, storedBytes });
    }
  });
  if (options.json === true) printJson({ snapshots: rows });
  else printBackup(rows);
  return ExitCode.done;
}

function printBackup(rows: readonly BackupRow[]): void {
  const taken = rows.filter(({ snapshot }) => snapshot !== null);
  printProgress(`${taken.length} of ${rows.length} partitions have a snapshot`, true);
  printTable(
    ["partition", "snapshot", "usage", "control", "MiB", "MiB stored"],
    taken.map((row) => [
      String(row.partition),
      row.snapshot ?? "",
      String(row.usageSequence),
      String(row.controlSequence),
      mebibytes(row.bytes),
      mebibytes(row.storedBytes),
    ]),
  );
  const without = rows.filter(({ snapshot }) => snapshot === null).map(({ partition }) => partition);
  if (without.length > 0) printLine(`Partitions without a state here: ${without.join(", ")}.`);
}
