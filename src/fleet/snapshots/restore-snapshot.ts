import { existsSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, messageOf, TributaryError } from "../../model/errors.ts";
import {
  CHUNK_BYTES,
  type SnapshotFile,
  type SnapshotManifest,
  type SnapshotStore,
} from "../../model/snapshot.ts";
import type { PartitionIdentity } from "../../model/store.ts";
import { makeDurableFolder, STATE_FILE, syncFolder } from "../../state/open-database.ts";
import { bytesOf, decodeManifest } from "./manifest.ts";
import { withScratchFolder } from "./scratch-folder.ts";
import { hashOf } from "./take-snapshot.ts";

/** Chunks of a restore that are in memory at once, most of them on their way from the store. */
const MAX_BYTES_UNDER_WAY = 8 * 1024 * 1024;
const PARALLEL_CHUNKS = MAX_BYTES_UNDER_WAY / CHUNK_BYTES;

export interface RestoreSnapshotOptions {
  /** The partition's folder; it must hold no state, unless that is to be replaced. */
  readonly folder: string;
  /** What is in the folder gives way when all of the snapshot is there; false where absent. */
  readonly replace?: boolean;
  readonly identity: PartitionIdentity;
  readonly store: SnapshotStore;
  /** Which one; the newest that is whole where absent. */
  readonly snapshot?: string;
  /** Told of snapshots that are left out because they are not whole. */
  readonly onDamaged?: (id: string, reason: string) => void;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface RestoredSnapshot {
  readonly id: string;
  readonly manifest: SnapshotManifest;
}

/**
 * Puts a snapshot in the place of a partition's folder. Every chunk is compared with its hash; a snapshot that is not whole is left out for the one
 * before it, unless it was asked for by name. The folder appears at once and whole: a crash before that leaves a folder with another name.
 *
 * @throws TributaryError `snapshot-missing`, `snapshot-corrupt` (the one that was asked for), `state-mismatch` (there is a state, or the snapshot is
 *   another partition's), `snapshot-store-failed`
 */
export async function restoreSnapshot(options: RestoreSnapshotOptions): Promise<RestoredSnapshot> {
  const { folder, store, snapshot, replace = false, onDamaged = () => undefined } = options;
  if (!replace && existsSync(join(folder, STATE_FILE)))
    throw new TributaryError("state-mismatch", "The partition has a state already: it is not written over.", {
      details: { folder },
    });
  const ids = snapshot === undefined ? await store.snapshots() : [snapshot];
  for (const id of ids) {
    try {
      return { id, manifest: await restoreOne(id, options) };
    } catch (error) {
      if (snapshot !== undefined || codeOf(error) !== "snapshot-corrupt") throw error;
      onDamaged(id, messageOf(error));
    }
  }
  throw new TributaryError(
    "snapshot-missing",
    ids.length === 0
      ? `There is no snapshot of partition ${options.identity.partition} in ${store.title}.`
      : `No snapshot of partition ${options.identity.partition} in ${store.title} is whole.`,
  );
}

async function restoreOne(id: string, options: RestoreSnapshotOptions): Promise<SnapshotManifest> {
  const { folder, identity, store, onProgress = () => undefined } = options;
  const bytes = await store.getManifest(id);
  if (bytes === undefined)
    throw new TributaryError("snapshot-missing", `There is no snapshot ${id} in ${store.title}.`);
  const manifest = decodeManifest(id, bytes);
  if (manifest.partition !== identity.partition || manifest.partitionCount !== identity.partitionCount)
    throw new TributaryError(
      "state-mismatch",
      `Snapshot ${id} is of partition ${manifest.partition} of ${manifest.partitionCount}, not ${identity.partition} of ${identity.partitionCount}.`,
    );
  const parent = dirname(folder);
  makeDurableFolder(parent);
  return await withScratchFolder(parent, `.restore-${identity.partition}`, async (incoming) => {
    let doneBytes = 0;
    for (const file of manifest.files)
      await writeFile(join(incoming, file.name), file, id, store, (length) => {
        doneBytes += length;
        onProgress(doneBytes, bytesOf(manifest));
      });
    syncFolder(incoming);
    // An empty folder, one that only a lock is in, or what is to be replaced gives way.
    await rm(folder, { recursive: true, force: true });
    await rename(incoming, folder);
    syncFolder(parent);
    return manifest;
  });
}

async function writeFile(
  path: string,
  { name, bytes, chunks }: SnapshotFile,
  id: string,
  store: SnapshotStore,
  onChunk: (length: number) => void,
): Promise<void> {
  const file = await open(path, "wx", FILE_MODE);
  try {
    let written = 0;
    const waiting = chunks.entries();
    const fetch = async (): Promise<void> => {
      // One iterator for all: each takes the next chunk.
      for (const [index, hash] of waiting) {
        const chunk = await store.getChunk(hash);
        if (chunk === undefined || hashOf(chunk) !== hash) {
          const what = chunk === undefined ? "is missing" : "was changed";
          throw new TributaryError("snapshot-corrupt", `A chunk of ${name} of snapshot ${id} ${what}.`, {
            details: { snapshot: id, file: name, chunk: hash },
          });
        }
        await writeWhole(file, chunk, index * CHUNK_BYTES);
        written += chunk.length;
        onChunk(chunk.length);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_CHUNKS }, fetch));
    const { size } = await file.stat();
    if (written !== bytes || size !== bytes)
      throw new TributaryError(
        "snapshot-corrupt",
        `${name} of snapshot ${id} has ${written} bytes instead of ${bytes}.`,
        { details: { snapshot: id, file: name } },
      );
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length)
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

/** Usage and amounts of customers: nobody else's to read. */
const FILE_MODE = 0o600;
