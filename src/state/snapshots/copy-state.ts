import { copyFile, link, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, TributaryError } from "../../model/errors.ts";
import type { PartitionIdentity } from "../../model/store.ts";
import { openForReading, STATE_FILE } from "../open-database.ts";
import { openPartitionStoreReadOnly } from "../partition-store.ts";
import { segmentName } from "../segments/segment-folder.ts";
import { stateFault } from "../sqlite-faults.ts";

/** Pages of 8 KiB that are copied in one go: some milliseconds, so that the event loop breathes. */
const PAGES_PER_STEP = 512;
/** Segments may go while they are copied: the copy begins anew, and merges come minutes apart. */
const MAX_TRIES = 5;

export interface StateCopy {
  /** Names of the files in the copy's folder: the state file first. */
  readonly names: readonly string[];
  readonly usageSequence: number;
  readonly controlSequence: number;
}

/**
 * Copies a partition's state as it is at one checkpoint, also while its worker runs and commits: the state file page for page out of one read
 * transaction, and the segments that this checkpoint names (they never change). Both folders must be on one disk, or segments are copied too.
 *
 * @param target an empty folder
 * @throws TributaryError `state-mismatch` where there is no state, or another partition's; `state-corrupt`
 */
export async function copyState(
  folder: string,
  identity: PartitionIdentity,
  target: string,
  onProgress: (copiedBytes: number) => void = () => undefined,
): Promise<StateCopy> {
  for (let tries = 1; ; tries++) {
    try {
      return await copyOnce(folder, identity, target, onProgress);
    } catch (error) {
      await rm(join(target, STATE_FILE), { force: true });
      if (codeOf(error) !== "state-corrupt" || tries === MAX_TRIES || !isGone(error)) throw error;
    }
  }
}

async function copyOnce(
  folder: string,
  identity: PartitionIdentity,
  target: string,
  onProgress: (copiedBytes: number) => void,
): Promise<StateCopy> {
  const file = join(target, STATE_FILE);
  await copyDatabase(join(folder, STATE_FILE), file, onProgress);
  // What is named is read from the copy: it is of the same checkpoint.
  const reader = openPartitionStoreReadOnly(target, identity);
  try {
    const position = reader.load()?.position;
    const segments = [...reader.segmentNumbers()].sort((one, other) => one - other).map(segmentName);
    for (const name of segments) await copySegment(join(folder, name), join(target, name));
    return {
      names: [STATE_FILE, ...segments],
      usageSequence: position?.usageSequence ?? 0,
      controlSequence: position?.controlSequence ?? 0,
    };
  } catch (error) {
    // The first read of a copy makes files beside it, for which a full disk has no room.
    throw stateFault(error, "reading the copy of the state", file);
  } finally {
    reader.close();
  }
}

async function copyDatabase(
  source: string,
  target: string,
  onProgress: (copiedBytes: number) => void,
): Promise<void> {
  const { size } = await stat(source).catch((error: unknown) => {
    throw new TributaryError("state-mismatch", "The folder holds no partition's state.", {
      details: { file: source },
      cause: error,
    });
  });
  try {
    const database = openForReading(source);
    try {
      // Held over all steps: a commit between two of them would let the copy begin anew, again and again.
      database.exec("BEGIN");
      database.prepare("SELECT count(*) FROM sqlite_schema").get();
      await database.backup(target, {
        progress: ({ totalPages, remainingPages }) => {
          onProgress(Math.round(size * (1 - remainingPages / Math.max(1, totalPages))));
          return PAGES_PER_STEP;
        },
      });
    } finally {
      database.close();
    }
  } catch (error) {
    throw stateFault(error, "copying the state", source);
  }
}

/** A second name costs nothing, and stays when the first one goes. */
async function copySegment(source: string, target: string): Promise<void> {
  await rm(target, { force: true });
  try {
    await link(source, target);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") throw gone(source, error);
    await copyFile(source, target).catch((cause: unknown) => {
      throw systemCodeOf(cause) === "ENOENT"
        ? gone(source, cause)
        : stateFault(cause, "copying a segment", source);
    });
  }
}

function gone(file: string, cause: unknown): TributaryError {
  return new TributaryError("state-corrupt", "A segment of keys that the checkpoint names is not there.", {
    details: { file, gone: true },
    cause,
  });
}

function isGone(error: unknown): boolean {
  return error instanceof TributaryError && error.details["gone"] === true;
}

function systemCodeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, "code") : undefined;
}
