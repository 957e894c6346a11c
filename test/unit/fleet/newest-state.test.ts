import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { snapshotId } from "../../../src/model/snapshot.ts";
import { folderSnapshotStore } from "../../../src/fleet/snapshots/folder-store.ts";
import { provideNewestState, type NewestState } from "../../../src/fleet/snapshots/newest-state.ts";
import { takeSnapshot } from "../../../src/fleet/snapshots/take-snapshot.ts";
import { partitionFolder, STATE_FILE } from "../../../src/state/open-database.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { checkpointAt, positionAt } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 8 };

/** Two workers' disks, a place of snapshots, and a control log of which only what a state is compared with is there. */
class Scene {
  readonly snapshots = folderSnapshotStore(temporaryFolder(), IDENTITY.partition);
  readonly leftOut: string[] = [];
  readonly #records = new Map<number, ControlRecord>();

  /** Another worker took the partition behind that usage. */
  acquired(sequence: number, appliesAfter: number): void {
    const record = { kind: "acquired", worker: "w", instance: "i", appliesAfter, decidedAt: "" } as const;
    this.#records.set(sequence, record);
  }

  async commit(root: string, usageSequence: number, controlSequence: number): Promise<void> {
    const store = openPartitionStore(partitionFolder(root, IDENTITY.partition), IDENTITY);
    await store.commit({
      ...checkpointAt(usageSequence),
      position: positionAt(usageSequence, controlSequence),
    });
    store.close();
  }

  async snapshot(root: string): Promise<string> {
    const { id } = await takeSnapshot({
      folder: partitionFolder(root, IDENTITY.partition),
      scratchFolder: root,
      identity: IDENTITY,
      store: this.snapshots,
      clock: systemClock,
      takenBy: "test",
    });
    return id;
  }

  async provide(root: string): Promise<NewestState> {
    this.leftOut.length = 0;
    return await provideNewestState({
      folder: partitionFolder(root, IDENTITY.partition),
      identity: IDENTITY,
      store: this.snapshots,
      controlLog: { messageAt: (sequence) => Promise.resolve(this.#messageAt(sequence)) },
      onLeftOut: (state) => {
        this.leftOut.push(state);
      },
    });
  }

  #messageAt(sequence: number): LogMessage | undefined {
    const record = this.#records.get(sequence);
    if (record === undefined) return undefined;
    return {
      sequence,
      data: encodeControl(record),
      subject: "control.3",
      contentType: "application/json",
      arrivalMs: 0,
    };
  }
}

function placeOnDisk(root: string): number | undefined {
  const folder = partitionFolder(root, IDENTITY.partition);
  if (!existsSync(join(folder, STATE_FILE))) return undefined;
  const reader = openPartitionStoreReadOnly(folder, IDENTITY);
  try {
    return reader.load()?.position.usageSequence;
  } finally {
    reader.close();
  }
}

test("what is on the disk stays where no snapshot is newer, and gives way where one is", async () => {
  const scene = new Scene();
  const mine = temporaryFolder();
  const theirs = temporaryFolder();
  expect(await scene.provide(mine)).toMatchObject({ source: "none", usageSequence: 0 });
  await scene.commit(mine, 100, 2);
  expect(await scene.provide(mine)).toEqual({ source: "disk", usageSequence: 100, controlSequence: 2 });
  await scene.commit(theirs, 100, 2);
  await scene.snapshot(theirs);
  expect(await scene.provide(mine)).toMatchObject({ source: "disk", usageSequence: 100 });
  await scene.commit(theirs, 250, 4);
  await scene.snapshot(theirs);
  expect(await scene.provide(mine)).toEqual({ source: "snapshot", usageSequence: 250, controlSequence: 4 });
  expect(placeOnDisk(mine)).toBe(250);
  expect(scene.leftOut).toEqual([]);
});

test("a state that went on after another worker had taken the partition is left out, and so is its snapshot", async () => {
  const scene = new Scene();
  const former = temporaryFolder();
  const next = temporaryFolder();
  await scene.commit(former, 100, 2);
  const good = await scene.snapshot(former);
  // The next owner starts from the snapshot; the former one goes on for a moment, and even puts a snapshot away.
  scene.acquired(3, 120);
  await scene.commit(former, 400, 2);
  const forked = await scene.snapshot(former);
  expect(await scene.provide(next)).toEqual({ source: "snapshot", usageSequence: 100, controlSequence: 2 });
  expect(scene.leftOut).toEqual([forked]);
  expect(await scene.snapshots.snapshots()).toEqual([good]);
  expect(await scene.provide(former)).toEqual({ source: "snapshot", usageSequence: 100, controlSequence: 2 });
  expect(scene.leftOut).toEqual(["disk"]);
  expect(placeOnDisk(former)).toBe(100);
});

test("a forked state without any snapshot gives way to the logs; one that the record comes right behind stays", async () => {
  const scene = new Scene();
  const root = temporaryFolder();
  await scene.commit(root, 120, 2);
  scene.acquired(3, 120);
  expect(await scene.provide(root)).toMatchObject({ source: "disk", usageSequence: 120 });
  await scene.commit(root, 121, 2);
  expect(await scene.provide(root)).toMatchObject({ source: "none" });
  expect(placeOnDisk(root)).toBeUndefined();
});

test("damage on the disk or of a snapshot costs an older state, not the start", async () => {
  const scene = new Scene();
  const root = temporaryFolder();
  await scene.commit(root, 100, 2);
  const first = await scene.snapshot(root);
  await scene.commit(root, 200, 2);
  const second = await scene.snapshot(root);
  const manifest = Buffer.from((await scene.snapshots.getManifest(second)) ?? []);
  manifest[manifest.length - 3] = (manifest[manifest.length - 3] ?? 0) ^ 1;
  await scene.snapshots.putManifest(second, manifest);
  const file = join(partitionFolder(root, IDENTITY.partition), STATE_FILE);
  writeFileSync(file, readFileSync(file).fill(7, 0, 4_096));
  expect(await scene.provide(root)).toMatchObject({ source: "snapshot", usageSequence: 100 });
  expect(scene.leftOut).toEqual(["disk", second]);
  expect(first).toBe(snapshotId({ usageSequence: 100, controlSequence: 2 }));
  expect(placeOnDisk(root)).toBe(100);
});

test("what a start that broke off has left is no state: a snapshot takes its place, or the partition begins there", async () => {
  const scene = new Scene();
  const [mine, theirs] = [temporaryFolder(), temporaryFolder()];
  const folder = partitionFolder(mine, IDENTITY.partition);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, STATE_FILE), "");
  expect(await scene.provide(mine)).toMatchObject({ source: "none", usageSequence: 0 });
  await scene.commit(theirs, 250, 4);
  await scene.snapshot(theirs);
  expect(await scene.provide(mine)).toMatchObject({ source: "snapshot", usageSequence: 250 });
  expect(placeOnDisk(mine)).toBe(250);
  expect(scene.leftOut).toEqual([]);
});

test("another partition's folder is refused", async () => {
  const scene = new Scene();
  const root = temporaryFolder();
  const folder = partitionFolder(root, IDENTITY.partition);
  mkdirSync(folder, { recursive: true });
  openPartitionStore(folder, { partition: 4, partitionCount: 8 }).close();
  await expect(scene.provide(root)).rejects.toMatchObject({ code: "state-mismatch" });
});
