import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  CHUNK_BYTES,
  SNAPSHOT_SCHEMA_VERSION,
  snapshotId,
  type SnapshotManifest,
  type SnapshotStore,
} from "../../../src/model/snapshot.ts";
import { folderSnapshotStore } from "../../../src/fleet/snapshots/folder-store.ts";
import { encodeManifest } from "../../../src/fleet/snapshots/manifest.ts";
import { restoreSnapshot } from "../../../src/fleet/snapshots/restore-snapshot.ts";
import { hashOf } from "../../../src/fleet/snapshots/take-snapshot.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 8 };
const FILE = "partition.sqlite";
/** Chunks of a restore in memory: 8 MiB. */
const MOST_CHUNKS = 8;

/** A snapshot of one file of 20 chunks and a rest. */
async function largeSnapshot(): Promise<{ readonly store: SnapshotStore; readonly bytes: Buffer }> {
  const store = folderSnapshotStore(temporaryFolder(), IDENTITY.partition);
  const bytes = randomBytes(CHUNK_BYTES * 20 + 123);
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES);
    chunks.push(hashOf(chunk));
    await store.putChunk(hashOf(chunk), chunk);
  }
  const manifest: SnapshotManifest = {
    schemaVersion: SNAPSHOT_SCHEMA_VERSION,
    ...IDENTITY,
    usageSequence: 1,
    controlSequence: 1,
    takenAt: new Date(0).toISOString(),
    takenBy: "test",
    files: [{ name: FILE, bytes: bytes.length, chunks }],
  };
  await store.putManifest(snapshotId(manifest), encodeManifest(manifest));
  return { store, bytes };
}

test("chunks come several at a time and in any order, few enough for the memory, and each is put in its place", async () => {
  const { store, bytes } = await largeSnapshot();
  let underWay = 0;
  let most = 0;
  let asked = 0;
  const shuffling: SnapshotStore = {
    ...store,
    getChunk: async (hash) => {
      most = Math.max(most, ++underWay);
      // Each one that is asked for later comes earlier than some before it.
      await delay((asked++ * 7) % 11);
      const chunk = await store.getChunk(hash);
      underWay--;
      return chunk;
    },
  };
  const folder = join(temporaryFolder(), "partition-3");
  await restoreSnapshot({ folder, identity: IDENTITY, store: shuffling });
  expect(hashOf(readFileSync(join(folder, FILE)))).toBe(hashOf(bytes));
  expect(most).toBe(MOST_CHUNKS);
});

test("chunks of another length than the manifest says do not make up for each other", async () => {
  const { store } = await largeSnapshot();
  const [id = ""] = await store.snapshots();
  const short = randomBytes(10);
  await store.putChunk(hashOf(short), short);
  const whole = randomBytes(CHUNK_BYTES);
  await store.putChunk(hashOf(whole), whole);
  const manifest: SnapshotManifest = {
    schemaVersion: SNAPSHOT_SCHEMA_VERSION,
    ...IDENTITY,
    usageSequence: 1,
    controlSequence: 1,
    takenAt: new Date(0).toISOString(),
    takenBy: "test",
    files: [{ name: FILE, bytes: CHUNK_BYTES + 10, chunks: [hashOf(short), hashOf(whole)] }],
  };
  await store.putManifest(id, encodeManifest(manifest));
  const folder = join(temporaryFolder(), "partition-3");
  await expect(restoreSnapshot({ folder, identity: IDENTITY, store, snapshot: id })).rejects.toMatchObject({
    code: "snapshot-corrupt",
  });
});
