import type { SnapshotStore } from "../../model/snapshot.ts";
import { chunksOf, decodeManifest } from "./manifest.ts";

/**
 * Keeps the newest snapshots of a partition. A chunk goes where only removed manifests name it: one that no manifest names may belong to a snapshot that
 * is being taken. Manifests go before chunks, so that a crash between leaves bytes behind and never a manifest without its chunks. What can't be
 * read of the snapshots that stay is left alone, with all its chunks: nothing is removed then.
 *
 * @param keep from 1
 */
export async function pruneSnapshots(store: SnapshotStore, keep: number): Promise<void> {
  const ids = await store.snapshots();
  const kept = new Set<string>();
  for (const id of ids.slice(0, keep)) {
    const bytes = await store.getManifest(id);
    if (bytes === undefined) continue;
    for (const hash of chunksOf(decodeManifest(id, bytes))) kept.add(hash);
  }
  for (const id of ids.slice(keep)) {
    const bytes = await store.getManifest(id);
    if (bytes === undefined) continue;
    const chunks = chunksOf(decodeManifest(id, bytes));
    await store.removeManifest(id);
    for (const hash of chunks) if (!kept.has(hash)) await store.removeChunk(hash);
  }
}
