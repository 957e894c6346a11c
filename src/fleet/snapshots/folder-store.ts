import { existsSync } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { newestFirst, type SnapshotStore } from "../../model/snapshot.ts";
import { makeDurableFolder, syncFolder } from "../../state/open-database.ts";

const MANIFESTS = "snapshots";
const CHUNKS = "chunks";
/** Letters of a hash that name a folder: a million chunks are 256 folders of some 4,000. */
const FOLDER_LETTERS = 2;
/** Usage and amounts of customers: nobody else's to read. */
const FILE_MODE = 0o600;

/** Snapshots of a partition as files: `<root>/partition-<p>/snapshots/<id>` and `…/chunks/<two letters>/<hash>`. */
export function folderSnapshotStore(root: string, partition: number): SnapshotStore {
  const base = join(root, `partition-${partition}`);
  const manifestPath = (id: string): string => join(base, MANIFESTS, id);
  const chunkPath = (hash: string): string => join(base, CHUNKS, hash.slice(0, FOLDER_LETTERS), hash);
  return {
    title: root,
    missingChunks: (hashes) => Promise.resolve(hashes.filter((hash) => !existsSync(chunkPath(hash)))),
    putChunk: (hash, bytes) => trying(root, () => writeDurably(chunkPath(hash), bytes)),
    getChunk: (hash) => trying(root, () => readIfThere(chunkPath(hash))),
    removeChunk: (hash) => trying(root, () => rm(chunkPath(hash), { force: true })),
    snapshots: () => trying(root, async () => newestFirst(await namesIn(join(base, MANIFESTS)))),
    putManifest: (id, bytes) => trying(root, () => writeDurably(manifestPath(id), bytes)),
    getManifest: (id) => trying(root, () => readIfThere(manifestPath(id))),
    removeManifest: (id) => trying(root, () => rm(manifestPath(id), { force: true })),
  };
}

async function trying<Result>(root: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    throw new TributaryError("snapshot-store-failed", `The folder of snapshots: ${messageOf(cause)}`, {
      details: { folder: root },
      cause,
    });
  }
}

/** Under another name first: what has its name is whole. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  makeDurableFolder(folder);
  const unfinished = `${path}.${process.pid}.part`;
  const file = await open(unfinished, "w", FILE_MODE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  syncFolder(folder);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, "code") === "ENOENT";
}
