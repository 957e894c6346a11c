import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { snapshotBucket } from "../../../src/ingest/jetstream/names.ts";
import { openSnapshotStore } from "../../../src/ingest/jetstream/snapshot-store.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { CHUNK_BYTES } from "../../../src/model/snapshot.ts";
import { hashOf } from "../../../src/fleet/snapshots/take-snapshot.ts";
import { accountIn, publishRequests, writeProject } from "../../support/cli-fixture.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { runCommand, WorkerProcess, type CommandResult } from "../../support/worker/worker-process.ts";

const PARTITIONS = 2;
const EVENTS = 400;

const rowsSchema = z.array(
  z.object({ partition: z.int(), snapshot: z.string().nullable(), usageSequence: z.int().nullable() }),
);
const reconcileSchema = z.object({
  counts: z.object({ read: z.int(), accepted: z.int(), duplicate: z.int() }),
  streams: z.array(z.object({ stored: z.int(), processed: z.int(), waiting: z.int() })),
  balanced: z.boolean(),
});

let server: TestServer;
let connection: BrokerConnection;

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: PARTITIONS });
  connection = await testConnection(server.url);
  await ensureTopology(connection, { partitionCount: PARTITIONS });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

test("objects of the broker: what is put is there, what was never put is missing, what is removed is gone", async () => {
  const store = await openSnapshotStore(connection, 7, 1);
  const chunk = Buffer.alloc(CHUNK_BYTES, "usage");
  const hash = hashOf(chunk);
  const other = hashOf(Buffer.from("other"));
  expect(await store.missingChunks([hash, other])).toEqual([hash, other]);
  await store.putChunk(hash, chunk);
  expect(await store.missingChunks([hash, other])).toEqual([other]);
  expect(hashOf((await store.getChunk(hash)) ?? new Uint8Array())).toBe(hash);
  expect(await store.getChunk(other)).toBeUndefined();
  const ids = [1, 20, 3].map((n) => `u${String(n).padStart(16, "0")}-c${String(n).padStart(16, "0")}`);
  for (const id of ids) await store.putManifest(id, Buffer.from(id));
  expect(await store.snapshots()).toEqual([ids[1], ids[2], ids[0]]);
  await store.removeManifest(ids[1] ?? "");
  await store.removeManifest(ids[1] ?? "");
  await store.removeChunk(hash);
  await store.removeChunk(other);
  expect([await store.snapshots(), await store.getManifest(ids[1] ?? "")]).toEqual([
    [ids[2], ids[0]],
    undefined,
  ]);
  expect(await store.missingChunks([hash])).toEqual([hash]);
  // Bytes on the broker's disk go with the object.
  const { state } = await connection.manager.streams.info(`OBJ_${snapshotBucket(7)}`);
  expect(state.bytes).toBeLessThan(CHUNK_BYTES);
});

describe("backup and restore", () => {
  test("a worker that lost its state goes on from a backup that was taken while it ran: nothing is lost or counted twice", async () => {
    const partition = 0;
    const folder = temporaryFolder();
    const where = ["--broker"];
    const kept = ["--folder", join(folder, "kept")];
    const account = accountIn(partition, PARTITIONS);
    const config = writeProject(folder, {
      server: server.url,
      partitionCount: PARTITIONS,
      owned: [partition],
      accounts: [account],
    });
    const run = (command: string, ...args: readonly string[]): Promise<CommandResult> =>
      runCommand([command, "--config", config, ...args]);
    const processed = async (worker: WorkerProcess, count: number): Promise<void> => {
      await worker.until(
        "all is processed",
        async () => (await worker.status())?.backlog === 0 && (await worker.readyz())?.ready === true,
      );
      const { stdout } = await run("reconcile", "--json");
      expect(reconcileSchema.parse(JSON.parse(stdout)).counts).toEqual({
        read: count,
        accepted: Math.min(count, 2 * EVENTS),
        duplicate: Math.max(0, count - 2 * EVENTS),
      });
    };

    expect(await run("restore", ...where)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("snapshot-missing"),
    });
    await publishRequests(connection, partition, account, 1, EVENTS);
    let worker = new WorkerProcess({ config });
    try {
      await processed(worker, EVENTS);
      const taken = await run("backup", "--json", ...where);
      expect(taken).toMatchObject({ code: 0 });
      const { snapshots } = z.object({ snapshots: rowsSchema }).parse(JSON.parse(taken.stdout));
      expect(snapshots).toMatchObject([{ partition, usageSequence: EVENTS }]);
      await publishRequests(connection, partition, account, EVENTS + 1, 2 * EVENTS);
      await processed(worker, 2 * EVENTS);
      expect(await run("restore", "--replace", ...where)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("state-locked"),
      });
      await worker.kill();
      expect(await run("restore", ...where)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("--replace"),
      });

      rmSync(join(folder, "state", `partition-${partition}`), { recursive: true });
      const listed = await run("restore", "--list", ...where);
      expect(listed.stdout).toContain(snapshots[0]?.snapshot);
      const restored = await run("restore", ...where);
      expect(restored).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(snapshots[0]?.snapshot ?? ""),
      });

      // What follows the snapshot is read from the stream again; repetitions are known as such.
      await publishRequests(connection, partition, account, 1, EVENTS);
      worker = new WorkerProcess({ config });
      await processed(worker, 3 * EVENTS);
      await worker.drain();
      const { stdout, code } = await run("reconcile", "--json");
      expect([code, reconcileSchema.parse(JSON.parse(stdout))]).toMatchObject([
        0,
        { balanced: true, streams: [{ stored: 3 * EVENTS, processed: 3 * EVENTS, waiting: 0 }] },
      ]);

      // In a folder as well; a state that is there is kept under another name.
      expect(await run("backup", ...kept)).toMatchObject({ code: 0 });
      expect(await run("restore", "--replace", ...kept)).toMatchObject({ code: 0 });
      expect(readdirSync(join(folder, "state"))).toContain(`partition-${partition}.replaced-1`);
    } finally {
      await worker.kill();
    }
  });
});
