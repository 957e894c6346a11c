import Sqlite from "better-sqlite3";
import { mkdirSync, openSync, closeSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import { assertContentIntact } from "../../../src/state/integrity.ts";
import { openForWriting, STATE_FILE } from "../../../src/state/open-database.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { MIGRATIONS } from "../../../src/state/schema/migrate.ts";
import { boundWal } from "../../../src/state/wal-policy.ts";
import { checkpointAt, ratedEntries } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 16 };

function codeOfThrown(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return "nothing thrown";
}

async function folderWithState(): Promise<string> {
  const folder = temporaryFolder();
  const store = openPartitionStore(folder, IDENTITY);
  const rows = Array.from({ length: 20 }, (_, key) => ({
    space: "cells",
    key,
    value: new Uint8Array(16_384).fill(0xab),
  }));
  await store.commit(checkpointAt(1, { rows, outbox: ratedEntries(1, 50) }));
  store.close();
  return folder;
}

describe("migrations", () => {
  test("a state of the first version is brought forward, its content kept", async () => {
    const folder = temporaryFolder();
    const first = MIGRATIONS.slice(0, 1);
    const old = openPartitionStore(folder, IDENTITY, { migrations: first });
    await old.commit(checkpointAt(5, { outbox: ratedEntries(1, 2) }));
    old.close();
    const more = [...MIGRATIONS, "CREATE TABLE extra (a INTEGER) STRICT", "INSERT INTO extra VALUES (42)"];
    for (let start = 0; start < 2; start++) {
      const store = openPartitionStore(folder, IDENTITY, { migrations: more });
      expect(store.load()?.position.usageSequence).toBe(5);
      store.close();
    }
    const database = new Sqlite(join(folder, STATE_FILE));
    expect(database.prepare("SELECT a FROM extra").pluck().all()).toEqual([42]);
    expect(database.pragma("user_version", { simple: true })).toBe(more.length);
    database.close();
    expect(codeOfThrown(() => openPartitionStore(folder, IDENTITY))).toBe("state-schema-newer");
    expect(codeOfThrown(() => openPartitionStoreReadOnly(folder))).toBe("state-schema-newer");
  });

  test("a step that fails leaves the version before", async () => {
    const folder = await folderWithState();
    const broken = [...MIGRATIONS, "CREATE TABLE extra (a INTEGER)", "CREATE NONSENSE"];
    expect(codeOfThrown(() => openPartitionStore(folder, IDENTITY, { migrations: broken }))).toBe(
      "internal-fault",
    );
    const store = openPartitionStore(folder, IDENTITY);
    expect(store.load()?.position.usageSequence).toBe(1);
    store.close();
  });
});

describe("a start refuses", () => {
  test("a state that another holds, and takes it when it was let go; readers come in beside", async () => {
    const folder = await folderWithState();
    const store = openPartitionStore(folder, IDENTITY);
    expect(codeOfThrown(() => openPartitionStore(folder, IDENTITY))).toBe("state-locked");
    const reader = openPartitionStoreReadOnly(folder);
    expect(reader.load()?.position.usageSequence).toBe(1);
    await store.commit(checkpointAt(2));
    expect(reader.load()?.position.usageSequence).toBe(2);
    reader.close();
    store.close();
    openPartitionStore(folder, IDENTITY).close();
  });

  test("a state of another partition or partition count, or of another application", async () => {
    const folder = await folderWithState();
    for (const other of [
      { partition: 4, partitionCount: 16 },
      { partition: 3, partitionCount: 8 },
    ]) {
      expect(codeOfThrown(() => openPartitionStore(folder, other))).toBe("state-mismatch");
      expect(codeOfThrown(() => openPartitionStoreReadOnly(folder, other))).toBe("state-mismatch");
    }
    const foreign = temporaryFolder();
    const database = new Sqlite(join(foreign, STATE_FILE));
    database.exec("CREATE TABLE t (a)");
    database.close();
    expect(codeOfThrown(() => openPartitionStore(foreign, IDENTITY))).toBe("state-mismatch");
    expect(codeOfThrown(() => openPartitionStoreReadOnly(temporaryFolder()))).toBe("state-mismatch");
  });

  test("a file that is no database, one with a damaged page, one that was cut", async () => {
    const text = temporaryFolder();
    writeFileSync(join(text, STATE_FILE), "this is not a database ".repeat(1_000));
    expect(codeOfThrown(() => openPartitionStore(text, IDENTITY))).toBe("state-corrupt");
    expect(codeOfThrown(() => openPartitionStoreReadOnly(text))).toBe("state-corrupt");

    const damaged = await folderWithState();
    const file = join(damaged, STATE_FILE);
    const descriptor = openSync(file, "r+");
    // The headers of all pages behind the schema: cell counts and pointers.
    for (let page = 2; page * 8_192 < statSync(file).size; page++) {
      writeSync(descriptor, Buffer.alloc(64, 0xff), 0, 64, page * 8_192);
    }
    closeSync(descriptor);
    expect(codeOfThrown(() => openPartitionStore(damaged, IDENTITY))).toBe("state-corrupt");

    const cut = await folderWithState();
    const bytes = readFileSync(join(cut, STATE_FILE));
    writeFileSync(join(cut, STATE_FILE), bytes.subarray(0, bytes.length / 2));
    expect(codeOfThrown(() => openPartitionStore(cut, IDENTITY))).toBe("state-corrupt");
  });

  test("a folder that can't be made", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(codeOfThrown(() => openPartitionStore(join(folder, "file", "p"), IDENTITY))).toBe(
      "state-commit-failed",
    );
  });
});

describe("content", () => {
  test.each([
    ["a page of cells", Buffer.alloc(64, 0xab)],
    ["an outbox entry", Buffer.from('"account":"acct-17"')],
  ])("a flipped bit in %s is found when it is read", async (_what, pattern) => {
    const folder = await folderWithState();
    const file = join(folder, STATE_FILE);
    const bytes = readFileSync(file);
    let found = 0;
    // Everywhere: unused parts of pages hold copies that nobody reads.
    for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
      bytes[at + 12] = (bytes[at + 12] ?? 0) ^ 1;
      found += 1;
    }
    expect(found).toBeGreaterThan(0);
    writeFileSync(file, bytes);
    const reader = openPartitionStoreReadOnly(folder);
    expect(
      codeOfThrown(() => {
        assertContentIntact(reader);
      }),
    ).toBe("state-corrupt");
    reader.close();
  });
});

test("commits survive a power loss, and pages are half a page of cells", () => {
  const database = openForWriting(join(temporaryFolder(), STATE_FILE));
  database.exec("CREATE TABLE t (a)");
  const settings = ["page_size", "journal_mode", "synchronous", "foreign_keys"];
  expect(settings.map((name) => database.pragma(name, { simple: true }))).toEqual([8_192, "wal", 2, 1]);
  database.close();
});

describe("space on the disk", () => {
  test("a commit on a full disk fails whole; the next start sees the checkpoint before", async () => {
    const folder = await folderWithState();
    const store = openPartitionStore(folder, IDENTITY, { maxPageCount: 120 });
    const large = checkpointAt(2, {
      rows: Array.from({ length: 100 }, (_, key) => ({
        space: "more",
        key,
        value: new Uint8Array(16_384).fill(key),
      })),
    });
    await expect(store.commit(large)).rejects.toMatchObject({
      code: "state-disk-full",
      details: { sqliteCode: "SQLITE_FULL" },
    });
    expect(store.load()?.position.usageSequence).toBe(1);
    store.close();
    const again = openPartitionStore(folder, IDENTITY);
    expect(again.load()?.position.usageSequence).toBe(1);
    expect(again.spaces("")).toEqual(["cells"]);
    await again.commit(large);
    expect([...again.rows("more")]).toHaveLength(100);
    again.close();
  });

  test("the write-ahead log is emptied when it is too long, as soon as no reader is in the way", () => {
    const folder = join(temporaryFolder(), "wal");
    mkdirSync(folder);
    const file = join(folder, STATE_FILE);
    const database = new Sqlite(file);
    database.pragma("journal_mode = WAL");
    database.pragma("wal_autocheckpoint = 0");
    database.exec("CREATE TABLE t (a)");
    const reader = new Sqlite(file, { readonly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT * FROM t").all();
    database.exec("INSERT INTO t VALUES (zeroblob(100000))");
    boundWal(database, file, 50_000);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(50_000);
    reader.exec("COMMIT");
    boundWal(database, file, 10_000_000);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(50_000);
    boundWal(database, file, 50_000);
    expect(statSync(`${file}-wal`).size).toBe(0);
    reader.close();
    database.close();
  });
});
