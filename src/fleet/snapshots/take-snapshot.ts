import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../model/clock.ts";
import { TributaryError } from "../../model/errors.ts";
import {
  CHUNK_BYTES,
  SNAPSHOT_SCHEMA_VERSION,
  snapshotId,
  type SnapshotFile,
  type SnapshotManifest,
  type SnapshotStore,
} from "../../model/snapshot.ts";
import type { PartitionIdentity } from "../../model/store.ts";
import { copyState } from "../../state/snapshots/copy-state.ts";
import { bytesOf, chunksOf, encodeManifest } from "./manifest.ts";
import { pruneSnapshots } from "./prune-snapshots.ts";
import { withScratchFolder } from "./scratch-folder.ts";

/** Chunks that are sent at once: enough to hide the round trip, 4 MiB of memory. */
const PARALLEL_CHUNKS = 4;

export interface TakeSnapshotOptions {
  /** The partition's folder. */
  readonly folder: string;
  /** On the same disk as `folder`, so that segments need not be copied. */
  readonly scratchFolder: string;
  readonly identity: PartitionIdentity;
  readonly store: SnapshotStore;
  readonly clock: Clock;
  /** Who takes it, for people. */
  readonly takenBy: string;
  /** Snapshots of the partition that are kept, this one included; all of them where absent. */
  readonly keep?: number;
  /** Told of the bytes that are done, of those that have to be. */
  readonly onProgress?: (step: "copy" | "store", doneBytes: number, totalBytes: number) => void;
}

export interface TakenSnapshot {
  readonly id: string;
  readonly manifest: SnapshotManifest;
  readonly bytes: number;
  /** Bytes that had to be stored: the rest was there from an earlier one. */
  readonly storedBytes: number;
}

/**
 * Takes a snapshot of the last checkpoint of a partition, also beside its worker.
 *
 * Order of effects: copy → chunks → manifest → what is old goes. A crash before the manifest leaves chunks that nobody names: the next snapshot finds
 * them there and uses them, or they go with the next pruning that names them. A manifest is written only when all its chunks are durable.
 */
export async function takeSnapshot(options: TakeSnapshotOptions): Promise<TakenSnapshot> {
  return await withScratchFolder(
    options.scratchFolder,
    `.snapshot-${options.identity.partition}`,
    async (copy) => await snapshotBy(copy, options),
  );
}

async function snapshotBy(copy: string, options: TakeSnapshotOptions): Promise<TakenSnapshot> {
  const { folder, identity, store, clock, onProgress = () => undefined } = options;
  // From before the copy: no state is newer than its snapshot says.
  const takenAt = new Date(clock.nowMs()).toISOString();
  const state = await copyState(folder, identity, copy, (bytes) => {
    onProgress("copy", bytes, bytes);
  });
  const files: SnapshotFile[] = [];
  for (const name of state.names) files.push(await readChunks(join(copy, name), name));
  const manifest: SnapshotManifest = {
    schemaVersion: SNAPSHOT_SCHEMA_VERSION,
    ...identity,
    usageSequence: state.usageSequence,
    controlSequence: state.controlSequence,
    takenAt,
    takenBy: options.takenBy,
    files,
  };
  const storedBytes = await storeChunks(copy, manifest, store, onProgress);
  const id = snapshotId(manifest);
  await store.putManifest(id, encodeManifest(manifest));
  await refuseRobbed(store, id, manifest);
  if (options.keep !== undefined) await pruneSnapshots(store, options.keep);
  return { id, manifest, bytes: bytesOf(manifest), storedBytes };
}

/** Another process may have pruned meanwhile what this one found there: a manifest must not stand without its chunks. */
async function refuseRobbed(store: SnapshotStore, id: string, manifest: SnapshotManifest): Promise<void> {
  const missing = await store.missingChunks([...chunksOf(manifest)]);
  if (missing.length === 0) return;
  await store.removeManifest(id);
  throw new TributaryError(
    "snapshot-store-failed",
    `${missing.length} chunks of snapshot ${id} were removed from ${store.title} while it was taken.`,
    { details: { snapshot: id } },
  );
}

async function readChunks(path: string, name: string): Promise<SnapshotFile> {
  const file = await open(path, "r");
  try {
    const { size: bytes } = await file.stat();
    const chunks: string[] = [];
    for (let at = 0; at < bytes; at += CHUNK_BYTES)
      chunks.push(hashOf(await readChunk(file, at, Math.min(CHUNK_BYTES, bytes - at))));
    return { name, bytes, chunks };
  } finally {
    await file.close();
  }
}

/** Gives the bytes that were stored. */
async function storeChunks(
  folder: string,
  manifest: SnapshotManifest,
  store: SnapshotStore,
  onProgress: NonNullable<TakeSnapshotOptions["onProgress"]>,
): Promise<number> {
  const missing = new Set(await store.missingChunks([...chunksOf(manifest)]));
  const total = bytesOf(manifest);
  let doneBytes = 0;
  let storedBytes = 0;
  for (const { name, bytes, chunks } of manifest.files) {
    const file = await open(join(folder, name), "r");
    try {
      const waiting = chunks.entries();
      const send = async (): Promise<void> => {
        // One iterator for all: each takes the next chunk.
        for (const [index, hash] of waiting) {
          const length = Math.min(CHUNK_BYTES, bytes - index * CHUNK_BYTES);
          if (missing.delete(hash)) {
            await store.putChunk(hash, await readChunk(file, index * CHUNK_BYTES, length));
            storedBytes += length;
          }
          doneBytes += length;
          onProgress("store", doneBytes, total);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_CHUNKS }, send));
    } finally {
      await file.close();
    }
  }
  return storedBytes;
}

async function readChunk(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, at + read);
    if (bytesRead === 0) throw new RangeError("the copy of the state ends too early");
    read += bytesRead;
  }
  return bytes;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
