import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { codeOf } from "../../../src/model/errors.ts";
import { CHUNK_BYTES, snapshotId, type SnapshotStore } from "../../../src/model/snapshot.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import { folderSnapshotStore } from "../../../src/fleet/snapshots/folder-store.ts";
import { decodeManifest, encodeManifest } from "../../../src/fleet/snapshots/manifest.ts";
import { pruneSnapshots } from "../../../src/fleet/snapshots/prune-snapshots.ts";
import { restoreSnapshot } from "../../../src/fleet/snapshots/restore-snapshot.ts";
import { takeSnapshot, type TakenSnapshot } from "../../../src/fleet/snapshots/take-snapshot.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { partitionFolder } from "../../../src/state/open-database.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { checkpointAt } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 8 };
const ROWS = 250;
const ROW_BYTES = 16_000;
const SOME_KEYS = Array.from({ length: 100 }, (_, key) => key);

/** A partition's folder with a state, and a folder of snapshots. */
class Scene {
  readonly root = temporaryFolder();
  readonly folder = partitionFolder(this.root, IDENTITY.partition);
  readonly kept = join(this.root, "kept");
  readonly snapshots = folderSnapshotStore(this.kept, IDENTITY.partition);
  store: PartitionStore = openPartitionStore(this.folder, IDENTITY);

  /** All rows say which checkpoint they are of. */
  async commit(
    sequence: number,
    keys: readonly number[] = Array.from({ length: ROWS }, (_, key) => key),
  ): Promise<void> {
    const rows = keys.map((key) => ({
      space: "cells",
      key,
      value: new Uint8Array(ROW_BYTES).fill(sequence % 251).fill(key % 249, 1),
    }));
    await this.store.commit(checkpointAt(sequence, { rows }));
  }

  take(changes: { readonly store?: SnapshotStore; readonly keep?: number } = {}): Promise<TakenSnapshot> {
    return takeSnapshot({
      folder: this.folder,
      scratchFolder: this.root,
      identity: IDENTITY,
      store: this.snapshots,
      clock: systemClock,
      takenBy: "test",
      ...changes,
    });
  }

  /** Restores to another folder; gives what was restored, and its dump. */
  async restore(
    changes: {
      readonly snapshot?: string;
      readonly identity?: typeof IDENTITY;
      readonly store?: SnapshotStore;
    } = {},
  ): Promise<{ readonly id: string; readonly dump: string; readonly damaged: readonly string[] }> {
    const folder = join(temporaryFolder(), `partition-${IDENTITY.partition}`);
    const damaged: string[] = [];
    const { id } = await restoreSnapshot({
      folder,
      identity: IDENTITY,
      store: this.snapshots,
      onDamaged: (snapshot) => damaged.push(snapshot),
      ...changes,
    });
    const store = openPartitionStore(folder, IDENTITY);
    const dump = dumpState(store);
    store.close();
    return { id, dump, damaged };
  }

  chunkFiles(): string[] {
    const chunks = join(this.kept, `partition-${IDENTITY.partition}`, "chunks");
    return readdirSync(chunks, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  }
}

async function codeOfRejection(act: Promise<unknown>): Promise<string> {
  return await act.then(
    () => "it was done",
    (error: unknown) => codeOf(error),
  );
}

test("a snapshot gives back the state, byte for byte, and the store that made it goes on", async () => {
  const scene = new Scene();
  await scene.commit(7);
  const taken = await scene.take();
  expect(taken.id).toBe(snapshotId({ usageSequence: 7, controlSequence: 0 }));
  expect(taken.manifest).toMatchObject({
    ...IDENTITY,
    usageSequence: 7,
    controlSequence: 0,
    takenBy: "test",
  });
  const expected = dumpState(scene.store);
  await scene.commit(8, [1]);
  const restored = await scene.restore();
  expect(restored).toEqual({ id: taken.id, dump: expected, damaged: [] });
  expect(dumpState(scene.store)).not.toBe(expected);
  scene.store.close();
});

test("what two snapshots share is stored once", async () => {
  const scene = new Scene();
  await scene.commit(1);
  const first = await scene.take();
  expect(first.storedBytes).toBe(first.bytes);
  expect(first.bytes).toBeGreaterThan(3 * CHUNK_BYTES);
  await scene.commit(2, [ROWS - 1]);
  const second = await scene.take();
  expect(second.storedBytes).toBeGreaterThan(0);
  expect(second.storedBytes).toBeLessThan(first.bytes / 2);
  const again = await scene.take();
  expect([again.id, again.storedBytes]).toEqual([second.id, 0]);
  expect(await scene.snapshots.snapshots()).toEqual([second.id, first.id]);
  scene.store.close();
});

test("a snapshot that is taken while checkpoints are committed is one of them", async () => {
  const scene = new Scene();
  const few = Array.from({ length: 60 }, (_, key) => key * 4);
  await scene.commit(1, few);
  const taking = { isOver: false };
  const committing = (async () => {
    let sequence = 1;
    while (!taking.isOver) {
      await scene.commit(++sequence, few);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return sequence;
  })();
  const positions: number[] = [];
  for (let round = 0; round < 4; round++) {
    const { id, manifest } = await scene.take();
    positions.push(manifest.usageSequence);
    const folder = join(temporaryFolder(), "state");
    await restoreSnapshot({ folder, identity: IDENTITY, store: scene.snapshots, snapshot: id });
    const reader = openPartitionStoreReadOnly(folder, IDENTITY);
    const marks = new Set([...reader.rows("cells")].map(({ value }) => value[0]));
    expect([reader.load()?.position.usageSequence, [...marks]]).toEqual([
      manifest.usageSequence,
      [manifest.usageSequence % 251],
    ]);
    reader.close();
  }
  taking.isOver = true;
  // Commits went on meanwhile, and did not keep the copies from coming to their ends.
  expect(await committing).toBeGreaterThan(positions[0] ?? Infinity);
  expect(positions).toEqual([...positions].sort((one, other) => one - other));
  scene.store.close();
});

describe("damage", () => {
  async function twoSnapshots(): Promise<{
    scene: Scene;
    first: TakenSnapshot;
    second: TakenSnapshot;
    dump: string;
  }> {
    const scene = new Scene();
    await scene.commit(1);
    const first = await scene.take();
    const dump = dumpState(scene.store);
    await scene.commit(2, [0]);
    const second = await scene.take();
    scene.store.close();
    return { scene, first, second, dump };
  }

  test.each([
    ["changed", (file: string) => writeFileSync(file, readFileSync(file).fill(1, 100, 101).reverse())],
    ["cut", (file: string) => writeFileSync(file, readFileSync(file).subarray(1))],
    ["missing", (file: string) => rmSync(file)],
  ])(
    "of a chunk that is %s: the snapshot before is taken instead, or the fault is told",
    async (_, damage) => {
      const { scene, first, second, dump } = await twoSnapshots();
      const own = new Set(first.manifest.files.flatMap(({ chunks }) => chunks));
      const hash = second.manifest.files.flatMap(({ chunks }) => chunks).find((each) => !own.has(each)) ?? "";
      damage(scene.chunkFiles().find((file) => file.endsWith(hash)) ?? "");
      expect(await scene.restore()).toEqual({ id: first.id, dump, damaged: [second.id] });
      expect(await codeOfRejection(scene.restore({ snapshot: second.id }))).toBe("snapshot-corrupt");
    },
  );

  test("of a manifest: the snapshot before is taken instead", async () => {
    const { scene, first, second } = await twoSnapshots();
    const bytes = Buffer.from((await scene.snapshots.getManifest(second.id)) ?? []);
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    await scene.snapshots.putManifest(second.id, bytes);
    expect(await scene.restore()).toMatchObject({ id: first.id, damaged: [second.id] });
  });

  test("names no file outside the partition's folder", async () => {
    const { second } = await twoSnapshots();
    const [file] = second.manifest.files;
    for (const name of ["../evil", "/etc/passwd", "partition.sqlite-wal", "segment-0.keys"]) {
      const manifest = { ...second.manifest, files: [{ ...file!, name }] };
      expect(() => encodeManifest(manifest)).toThrow(/pattern/);
    }
    expect(decodeManifest(second.id, encodeManifest(second.manifest))).toEqual(second.manifest);
  });
});

test("nothing is written over, and another partition's snapshot is refused", async () => {
  const scene = new Scene();
  await scene.commit(1);
  const empty = restoreSnapshot({
    folder: join(scene.root, "elsewhere"),
    identity: IDENTITY,
    store: scene.snapshots,
  });
  expect(await codeOfRejection(empty)).toBe("snapshot-missing");
  await scene.take();
  const onto = restoreSnapshot({ folder: scene.folder, identity: IDENTITY, store: scene.snapshots });
  expect(await codeOfRejection(onto)).toBe("state-mismatch");
  expect(await codeOfRejection(scene.restore({ identity: { partition: 3, partitionCount: 16 } }))).toBe(
    "state-mismatch",
  );
  scene.store.close();
});

test("the newest are kept, with all that they need, and nothing else is", async () => {
  const scene = new Scene();
  const ids: string[] = [];
  let dump = "";
  for (let sequence = 1; sequence <= 5; sequence++) {
    await scene.commit(sequence, sequence === 1 ? undefined : [sequence]);
    const { id } = await scene.take({ keep: 2 });
    ids.unshift(id);
    dump = dumpState(scene.store);
  }
  expect(await scene.snapshots.snapshots()).toEqual(ids.slice(0, 2));
  const named = new Set<string>();
  for (const id of ids.slice(0, 2))
    for (const { chunks } of decodeManifest(id, (await scene.snapshots.getManifest(id)) ?? new Uint8Array())
      .files)
      for (const hash of chunks) named.add(hash);
  expect(
    scene
      .chunkFiles()
      .map((file) => file.slice(-64))
      .sort(),
  ).toEqual([...named].sort());
  expect(await scene.restore()).toEqual({ id: ids[0], dump, damaged: [] });
  expect(await scene.restore({ snapshot: ids[1] ?? "" })).toMatchObject({ id: ids[1] });
  scene.store.close();
});

/** A store that ends at a write: nothing of the process goes on behind it. */
function endingAt(
  store: SnapshotStore,
  step: number,
): { readonly store: SnapshotStore; readonly steps: () => number } {
  let steps = 0;
  const writes: ReadonlySet<string> = new Set(["putChunk", "putManifest", "removeChunk", "removeManifest"]);
  const ending = new Proxy(store, {
    get: (object, name: keyof SnapshotStore) => {
      const member: unknown = Reflect.get(object, name);
      if (typeof member !== "function" || !writes.has(name)) return member;
      return async (...parts: unknown[]): Promise<unknown> => {
        steps += 1;
        if (steps >= step) throw new Error("the process ends");
        const done: unknown = await Reflect.apply(member, object, parts);
        return done;
      };
    },
  });
  return { store: ending, steps: () => steps };
}

test("wherever the taking of a snapshot ends, what can be restored is one that was whole before, or the new one", async () => {
  let isWhole = false;
  for (let step = 1; !isWhole; step++) {
    const scene = new Scene();
    const dumps = new Map<string, string>();
    for (const sequence of [1, 2]) {
      await scene.commit(sequence, sequence === 1 ? SOME_KEYS : [5]);
      dumps.set((await scene.take({ keep: 2 })).id, dumpState(scene.store));
    }
    await scene.commit(3, [0, 99]);
    dumps.set(snapshotId({ usageSequence: 3, controlSequence: 0 }), dumpState(scene.store));
    const { store, steps } = endingAt(scene.snapshots, step);
    isWhole = await scene.take({ store, keep: 1 }).then(
      () => true,
      () => false,
    );
    expect(isWhole).toBe(steps() < step);
    const restored = await scene.restore();
    expect(restored.damaged).toEqual([]);
    expect(restored.dump).toBe(dumps.get(restored.id));
    // The next one cleans up and works.
    await scene.commit(4, [1]);
    const next = await scene.take({ keep: 1 });
    expect(await scene.restore()).toEqual({ id: next.id, dump: dumpState(scene.store), damaged: [] });
    expect(readdirSync(scene.root).filter((name) => /^\.(snapshot|restore)-\d+$/.test(name))).toEqual([]);
    scene.store.close();
  }
});

test("chunks that another process prunes meanwhile: the snapshot is not kept, and says so", async () => {
  const scene = new Scene();
  await scene.commit(1);
  const first = await scene.take();
  await scene.commit(2, [0]);
  const robbed: SnapshotStore = {
    ...scene.snapshots,
    putManifest: async (id, bytes) => {
      await scene.snapshots.removeManifest(first.id);
      for (const { chunks } of first.manifest.files)
        for (const hash of chunks) await scene.snapshots.removeChunk(hash);
      await scene.snapshots.putManifest(id, bytes);
    },
  };
  expect(await codeOfRejection(scene.take({ store: robbed }))).toBe("snapshot-store-failed");
  expect(await scene.snapshots.snapshots()).toEqual([]);
  const { id } = await scene.take();
  expect(await scene.restore()).toMatchObject({ id });
  scene.store.close();
});

test("pruning leaves all alone where it can't read what stays", async () => {
  const scene = new Scene();
  for (const sequence of [1, 2]) {
    await scene.commit(sequence);
    await scene.take();
  }
  const before = scene.chunkFiles().length;
  const [newest = ""] = await scene.snapshots.snapshots();
  await scene.snapshots.putManifest(newest, new Uint8Array(40));
  expect(await codeOfRejection(pruneSnapshots(scene.snapshots, 1))).toBe("snapshot-corrupt");
  expect(scene.chunkFiles()).toHaveLength(before);
  scene.store.close();
});

test("two processes don't take a snapshot of one partition at once, and what a crash left is removed", async () => {
  const scene = new Scene();
  await scene.commit(1);
  const left = join(scene.root, `.snapshot-${IDENTITY.partition}`);
  mkdirSync(left);
  writeFileSync(join(left, "partition.sqlite"), "half of it");
  const [first, second] = await Promise.allSettled([scene.take(), scene.take()]);
  expect(first.status).toBe("fulfilled");
  expect(second.status === "rejected" && codeOf(second.reason)).toBe("state-locked");
  expect(existsSync(left)).toBe(false);
  scene.store.close();
});
