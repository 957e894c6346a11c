import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import type { CheckpointChanges, StateRow } from "../../../src/model/store.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { ChunkPool } from "../../../src/state/writer/chunk-pool.ts";
import { EntryPacker, unpack } from "../../../src/state/writer/packed-entries.ts";
import { WriterPool } from "../../../src/state/writer/writer-pool.ts";
import { allAccepted, checkpointAt, ratedEntries } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 16 };
const writers = new WriterPool(2);
afterAll(() => writers.close());

function threaded(folder: string, pool = writers, maxPageCount?: number) {
  return openPartitionStore(folder, IDENTITY, {
    writers: pool,
    ...(maxPageCount !== undefined && { maxPageCount }),
  });
}

async function codeOfCommit(commit: Promise<void>): Promise<string> {
  return commit.then(
    () => "committed",
    (fault: unknown) => codeOf(fault),
  );
}

/** Checkpoints of every kind of content, one of them larger than what may be under way at a time. */
function checkpoints(): CheckpointChanges[] {
  const place = { sequence: 2, index: 1 };
  const rows = (sequence: number, count: number, bytes: number): StateRow[] =>
    Array.from({ length: count }, (_, key) => ({
      space: key % 2 === 0 ? "cells" : "series",
      key,
      value: new Uint8Array(bytes).fill(sequence + key),
    }));
  const parked = {
    ...place,
    reason: "unknown-account",
    account: "ä€😀",
    type: "t",
    region: "eu",
    arrivalMs: 1_767_225_600_123,
    event: "{}",
  };
  const outcomes = new Uint8Array(16 * 600).map((_, at) => at);
  return [
    checkpointAt(1, { rows: rows(1, 2_000, 11_264), outbox: ratedEntries(1, 3_000) }),
    checkpointAt(2, {
      rows: [{ space: "cells", key: 0, value: null }, ...rows(2, 40, 0)],
      parkedAdded: [parked],
      outbox: [{ channel: "dead-letter", ordinal: 1, body: '{"text":"ä€😀"}' }],
      eventOutcomes: Array.from({ length: 600 }, (_, index) => ({
        key: outcomes.subarray(index * 16, index * 16 + 16),
        sequence: 2,
        index,
        outcome: 3,
        reason: 15,
        late: index % 2 === 0,
      })),
    }),
    checkpointAt(3, {
      clearedSpaces: ["series"],
      rows: [{ space: "series", key: 9, value: Uint8Array.of(1) }],
      parkedAdded: [parked],
      parkedRemoved: [place],
      exceptionsAdded: [
        { id: "c", stage: "deduplicate", reason: "other-payload", sinceMs: 1, details: "{}" },
      ],
    }),
  ];
}

describe("a store that writes on another thread", () => {
  test("holds what one that writes itself does", async () => {
    const [here, there] = [join(temporaryFolder(), "a"), join(temporaryFolder(), "b")];
    const plain = openPartitionStore(here, IDENTITY);
    const store = threaded(there);
    for (const changes of checkpoints()) {
      await plain.commit(changes);
      await store.commit(changes);
      expect(dumpState(store)).toBe(dumpState(plain));
      expect(store.parked()).toEqual(plain.parked());
      expect(store.outboxAfter("rated", 2_990, 100)).toEqual(ratedEntries(2_991, 3_000));
    }
    plain.close();
    store.close();
    const again = openPartitionStoreReadOnly(there, IDENTITY);
    expect(again.load()?.position.usageSequence).toBe(3);
    again.close();
  });

  test("lets the event loop turn while a large checkpoint is packed", async () => {
    const store = threaded(temporaryFolder());
    let turns = 0;
    let committed = false;
    const count = (): void => {
      turns += 1;
      if (!committed) setImmediate(count);
    };
    setImmediate(count);
    const value = new Uint8Array(11_264);
    function* rows(): Generator<StateRow> {
      for (let key = 0; key < 4_000; key++) yield { space: "cells", key, value: value.fill(key) };
    }
    await store.commit(checkpointAt(1, { rows: rows() }));
    committed = true;
    expect(turns).toBeGreaterThan(3);
    // Every row was taken before the lent value was used for the next one.
    let seen = 0;
    for (const row of store.rows("cells")) {
      expect(row.value[11_263]).toBe(row.key % 256);
      seen += 1;
    }
    expect(seen).toBe(4_000);
    store.close();
  });

  test("names faults as one that writes itself, and writes nothing of the checkpoint", async () => {
    const folder = temporaryFolder();
    const store = threaded(folder, writers, 120);
    await store.commit(checkpointAt(1, { outbox: ratedEntries(1, 5) }));
    const before = dumpState(store);
    const bad = { ...allAccepted("eu", 5), duplicate: 1 };
    expect(await codeOfCommit(store.commit(checkpointAt(5, { regionCounts: [bad] })))).toBe(
      "books-unbalanced",
    );
    expect(await codeOfCommit(store.commit(checkpointAt(5, { outbox: ratedEntries(9, 9) })))).toBe(
      "internal-fault",
    );
    const rows = [{ space: "cells", key: 1, value: new Uint8Array(4_000_000) }];
    expect(await codeOfCommit(store.commit(checkpointAt(5, { rows })))).toBe("state-disk-full");
    function* faulty(): Generator<StateRow> {
      yield { space: "cells", key: 1, value: Uint8Array.of(1) };
      throw new Error("a participant failed");
    }
    await expect(store.commit(checkpointAt(5, { rows: faulty() }))).rejects.toThrow("a participant failed");
    expect(dumpState(store)).toBe(before);
    await store.commit(checkpointAt(5, { outbox: ratedEntries(6, 6) }));
    expect(store.load()?.position.usageSequence).toBe(5);
    store.close();
  });

  test("fails a commit whose thread dies, and goes on with a new one", async () => {
    const pool = new WriterPool(1);
    const store = threaded(temporaryFolder(), pool);
    await store.commit(checkpointAt(1));
    const rows = Array.from({ length: 3_000 }, (_, key) => ({
      space: "cells",
      key,
      value: new Uint8Array(11_264),
    }));
    const commit = codeOfCommit(store.commit(checkpointAt(2, { rows })));
    await pool.close();
    expect(await commit).toBe("state-commit-failed");
    expect(store.load()?.position.usageSequence).toBe(1);
    await store.commit(checkpointAt(3, { outbox: ratedEntries(1, 1) }));
    expect(store.load()?.position.usageSequence).toBe(3);
    expect([...store.rows("cells")]).toEqual([]);
    store.close();
    await pool.close();
  });
});

describe("cursors of a store that writes on another thread", () => {
  test("are seen at once, and saved with the next checkpoint", async () => {
    const folder = temporaryFolder();
    const store = threaded(folder);
    await store.commit(checkpointAt(1, { outbox: ratedEntries(1, 10) }));
    store.setDeliveredOrdinal("a", "rated", 7);
    expect(store.deliveredOrdinal("a")).toBe(7);
    expect(store.outboxPending("a", "rated")).toBe(3);
    expect(() => {
      store.setDeliveredOrdinal("a", "rated", 6);
    }).toThrow(/must not go back/);
    store.pruneOutbox("rated", ["a"]);
    await store.commit(checkpointAt(2));
    const reader = openPartitionStoreReadOnly(folder, IDENTITY);
    expect(reader.deliveredOrdinal("a")).toBe(7);
    expect(reader.outboxAfter("rated", 0, 100)).toEqual(ratedEntries(8, 10));
    reader.close();
    store.close();
  });

  test("are saved by themselves where no checkpoint comes, and by closing", async () => {
    const folder = temporaryFolder();
    const store = threaded(folder);
    await store.commit(checkpointAt(1, { outbox: ratedEntries(1, 10) }));
    store.setDeliveredOrdinal("a", "rated", 7);
    const reader = openPartitionStoreReadOnly(folder, IDENTITY);
    await expect.poll(() => reader.deliveredOrdinal("a"), { timeout: 10_000 }).toBe(7);
    store.setDeliveredOrdinal("b", "rated", 4);
    store.close();
    expect(reader.deliveredOrdinal("b")).toBe(4);
    reader.close();
    // Also where the thread was never asked for anything.
    const unused = threaded(folder);
    unused.setDeliveredOrdinal("c", "rated", 2);
    unused.close();
    const last = openPartitionStoreReadOnly(folder, IDENTITY);
    expect(last.deliveredOrdinal("c")).toBe(2);
    last.close();
  });
});

test("packed entries come back as they were, whatever their sizes", () => {
  const chunks = new ChunkPool();
  const packer = new EntryPacker(chunks);
  const entries = [0, 3, 700_000, 1, 300_000, 300_000, 0].map((length, number) => ({
    name: number % 3 === 0 ? "a" : "b",
    number: number * 2 ** 39,
    value: length === 1 ? null : new Uint8Array(length).fill(number),
  }));
  // As text: to compare bytes one by one takes seconds.
  const shown = <Entry extends { readonly value: Uint8Array | null }>(entry: Entry) => ({
    ...entry,
    value: entry.value === null ? null : Buffer.from(entry.value).toString("latin1"),
  });
  const found: unknown[] = [];
  const usual = new Set<SharedArrayBuffer>();
  const take = (): void => {
    const packed = packer.take();
    if (packed === undefined) return;
    found.push(...[...unpack(packed)].map(shown));
    if (packed.bytes.buffer.byteLength < 700_000) usual.add(packed.bytes.buffer);
    chunks.giveBack(packed.bytes);
  };
  for (const { name, number, value } of entries) if (packer.add(name, number, value)) take();
  packer.addText("text", 1, "ä€😀");
  take();
  const text = { name: "text", number: 1, value: new TextEncoder().encode("ä€😀") };
  expect(found).toEqual([...entries, text].map(shown));
  expect(packer.take()).toBeUndefined();
  // What was given back is used again, what is still read is not.
  expect(usual.size).toBe(1);
  const [first, second] = [chunks.take(), chunks.take()];
  expect([usual.has(first.buffer), usual.has(second.buffer)]).toEqual([true, false]);
});
