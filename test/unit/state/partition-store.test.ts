import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type EventOutcomeRecord,
  type ExceptionRecord,
  noOrdinals,
  type ParkedEvent,
} from "../../../src/model/outputs.ts";
import type { CheckpointChanges } from "../../../src/model/store.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { allAccepted, checkpointAt, positionAt, ratedEntries } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 16 };

function parkedEvent(sequence: number, index: number, reason = "unknown-account"): ParkedEvent {
  return {
    sequence,
    index,
    reason,
    account: "ä",
    type: "t",
    region: "eu",
    arrivalMs: 1_767_225_600_123,
    event: "{}",
  };
}
const exception: ExceptionRecord = {
  id: "conflict/7/0",
  stage: "deduplicate",
  reason: "other-payload",
  sinceMs: 1_767_225_600_123,
  details: '{"first":1}',
};
const key = new Uint8Array(16).fill(9);
const outcome: EventOutcomeRecord = { key, sequence: 7, index: 0, outcome: 3, reason: 15, late: true };

function memoryStore(): ReturnType<typeof openPartitionStore> {
  return openPartitionStore(":memory:", IDENTITY);
}

describe("a checkpoint", () => {
  test("is read back as it was, by the next start and by a reader beside the writer", async () => {
    const folder = join(temporaryFolder(), "deep", "partition-3");
    const store = openPartitionStore(folder, IDENTITY);
    expect(store.load()).toBeUndefined();
    const changes = checkpointAt(7, {
      position: positionAt(2 ** 45, 12),
      regionCounts: [
        { ...allAccepted("us", 9), accepted: 2, duplicate: 3, rejected: 4, late: 1 },
        allAccepted("eu", 1),
      ],
      rows: [
        { space: "cells", key: 2 ** 40 - 1, value: Uint8Array.of(1) },
        { space: "cells", key: 0, value: new Uint8Array(16_384).fill(7) },
        { space: "series", key: 5, value: new Uint8Array(0) },
      ],
      parkedAdded: [parkedEvent(7, 1)],
      exceptionsAdded: [exception],
      eventOutcomes: [outcome],
      outbox: ratedEntries(1, 3),
    });
    await store.commit(changes);

    const reader = openPartitionStoreReadOnly(folder, IDENTITY);
    store.close();
    const again = openPartitionStore(folder, IDENTITY);
    for (const read of [reader, again]) {
      expect(read.load()).toEqual({
        position: changes.position,
        regionCounts: [allAccepted("eu", 1), changes.regionCounts[0]],
        messageCounts: changes.messageCounts,
        lastOrdinals: { ...noOrdinals(), rated: 3 },
      });
      expect([...read.rows("cells")]).toEqual([
        { key: 0, value: new Uint8Array(16_384).fill(7) },
        { key: 2 ** 40 - 1, value: Uint8Array.of(1) },
      ]);
      expect([...read.rows("series")]).toEqual([{ key: 5, value: new Uint8Array(0) }]);
      expect(read.spaces("")).toEqual(["cells", "series"]);
      expect(read.spaces("ser")).toEqual(["series"]);
      expect(read.parked()).toEqual([parkedEvent(7, 1)]);
      expect(read.exceptions()).toEqual([exception]);
      expect(read.eventOutcomes(key)).toEqual([outcome]);
      expect(read.eventOutcomes(new Uint8Array(16))).toEqual([]);
      expect(read.outboxAfter("rated", 1, 10)).toEqual(ratedEntries(2, 3));
      expect(read.outboxAfter("rated", 0, 1)).toEqual(ratedEntries(1, 1));
      expect(read.outboxAfter("dead-letter", 0, 10)).toEqual([]);
    }
    reader.close();
    again.close();
  });

  test("changes rows, removes them, and empties spaces before rows are written", async () => {
    const store = memoryStore();
    const row = (space: string, key: number, byte: number | null) => ({
      space,
      key,
      value: byte === null ? null : Uint8Array.of(byte),
    });
    await store.commit(checkpointAt(1, { rows: [row("a", 1, 1), row("a", 2, 2), row("b", 1, 3)] }));
    await store.commit(
      checkpointAt(2, {
        clearedSpaces: ["b", "never-was"],
        rows: [row("a", 1, null), row("a", 2, 9), row("b", 7, 4), row("c", 0, null)],
      }),
    );
    expect([...store.rows("a")]).toEqual([{ key: 2, value: Uint8Array.of(9) }]);
    expect([...store.rows("b")]).toEqual([{ key: 7, value: Uint8Array.of(4) }]);
    expect(store.spaces("")).toEqual(["a", "b"]);
    await store.commit(checkpointAt(3, { clearedSpaces: ["a"], rows: [row("b", 7, null)] }));
    expect(store.spaces("")).toEqual([]);
    store.close();
  });

  test("reads a space of more rows than are fetched at a time, while others are read too", async () => {
    const store = memoryStore();
    const rows = Array.from({ length: 700 }, (_, index) => ({
      space: "a",
      key: index * 3,
      value: Uint8Array.of(index % 256),
    }));
    await store.commit(checkpointAt(1, { rows }));
    const keys: number[] = [];
    let nested = 0;
    for (const { key } of store.rows("a")) {
      if (key === 0) nested = [...store.rows("a")].length;
      keys.push(key);
    }
    expect(nested).toBe(700);
    expect(keys).toEqual(rows.map((row) => row.key));
    store.close();
  });

  test("parks and releases by the balance of both lists", async () => {
    const store = memoryStore();
    const place = { sequence: 1, index: 0 };
    // parked and released between two checkpoints
    await store.commit(checkpointAt(1, { parkedAdded: [parkedEvent(1, 0)], parkedRemoved: [place] }));
    expect(store.parked()).toEqual([]);
    await store.commit(checkpointAt(2, { parkedAdded: [parkedEvent(1, 0)] }));
    // released and parked again, for another reason
    const again = parkedEvent(1, 0, "unknown-meter");
    await store.commit(checkpointAt(3, { parkedAdded: [again], parkedRemoved: [place] }));
    expect(store.parked()).toEqual([again]);
    await expect(store.commit(checkpointAt(4, { parkedAdded: [again] }))).rejects.toThrow(/Parked/);
    await store.commit(checkpointAt(4, { parkedRemoved: [place] }));
    await expect(store.commit(checkpointAt(5, { parkedRemoved: [place] }))).rejects.toMatchObject({
      code: "internal-fault",
    });
    expect(store.load()?.position.usageSequence).toBe(4);
    store.close();
  });
});

test("an operator's repair takes the control position back, and nothing else does", async () => {
  const store = memoryStore();
  await store.commit(checkpointAt(5, { position: positionAt(5, 3) }));
  await store.commit(checkpointAt(6, { position: positionAt(6, 2), controlRepaired: true }));
  expect(store.load()?.position).toMatchObject({ usageSequence: 6, controlSequence: 2 });
  await expect(store.commit(checkpointAt(7, { position: positionAt(7, 1) }))).rejects.toMatchObject({
    code: "internal-fault",
  });
});

describe("a checkpoint that contradicts itself or what is stored is refused whole", () => {
  const eu = allAccepted("eu", 10);
  const refused: [string, string, Partial<CheckpointChanges>][] = [
    ["books-unbalanced", "an outcome is missing", { regionCounts: [{ ...eu, read: 11 }] }],
    ["books-unbalanced", "an outcome too many", { regionCounts: [{ ...eu, duplicate: 1 }] }],
    ["books-unbalanced", "more late than accepted", { regionCounts: [{ ...eu, late: 11 }] }],
    ["books-unbalanced", "negative", { regionCounts: [{ ...eu, duplicate: -1, accepted: 11 }] }],
    ["books-unbalanced", "fewer read than before", { regionCounts: [allAccepted("eu", 4)] }],
    ["internal-fault", "usage position goes back", { position: positionAt(4, 3) }],
    ["internal-fault", "control position goes back", { position: positionAt(6, 2) }],
    [
      "internal-fault",
      "usage position goes back under a repair",
      { position: positionAt(4, 3), controlRepaired: true },
    ],
    ["internal-fault", "a hole in the outbox", { outbox: ratedEntries(4, 4) }],
    ["internal-fault", "an ordinal twice", { outbox: ratedEntries(2, 3) }],
    [
      "internal-fault",
      "a hole inside the outbox",
      { outbox: [...ratedEntries(3, 3), ...ratedEntries(5, 5)] },
    ],
    ["internal-fault", "an exception twice", { exceptionsAdded: [exception] }],
    ["internal-fault", "a negative key", { rows: [{ space: "a", key: -1, value: Uint8Array.of(1) }] }],
    ["internal-fault", "a key too large", { rows: [{ space: "a", key: 2 ** 40, value: Uint8Array.of(1) }] }],
  ];
  test.each(refused)("%s: %s", async (code, _what, changes) => {
    const store = memoryStore();
    await store.commit(
      checkpointAt(5, {
        position: positionAt(5, 3),
        exceptionsAdded: [exception],
        outbox: ratedEntries(1, 2),
      }),
    );
    const before = dumpState(store);
    const whole = { rows: [{ space: "new", key: 1, value: Uint8Array.of(1) }], position: positionAt(6, 3) };
    const bad = checkpointAt(10, { ...whole, ...changes });
    await expect(store.commit(bad)).rejects.toMatchObject({ code });
    expect(dumpState(store)).toBe(before);
    // What the refused one began (the number of a new space) is forgotten too.
    await store.commit(checkpointAt(10, whole));
    expect([...store.rows("new")]).toHaveLength(1);
    store.close();
  });
});

describe("the outbox", () => {
  test("counts what is pending for each target and prunes what all have", async () => {
    const store = memoryStore();
    await store.commit(checkpointAt(1, { outbox: ratedEntries(1, 10) }));
    store.setDeliveredOrdinal("a", "rated", 7);
    store.setDeliveredOrdinal("b", "rated", 4);
    expect(store.outboxPending("a", "rated")).toBe(3);
    expect(store.outboxPending("c", "rated")).toBe(10);
    store.pruneOutbox("rated", ["a", "b", "c"]);
    expect(store.outboxAfter("rated", 0, 100)).toHaveLength(10);
    const before = dumpState(store);
    store.pruneOutbox("rated", ["a", "b"]);
    expect(store.outboxAfter("rated", 0, 100)).toEqual(ratedEntries(5, 10));
    expect(dumpState(store)).toBe(before);
    // Ordinals go on behind pruned ones.
    store.setDeliveredOrdinal("b", "rated", 10);
    store.pruneOutbox("rated", ["b"]);
    await store.commit(checkpointAt(2, { outbox: ratedEntries(11, 11) }));
    expect(store.load()?.lastOrdinals.rated).toBe(11);
    store.close();
  });

  test("a cursor does not go back, but may be ahead of a state that is built again", () => {
    const store = memoryStore();
    store.setDeliveredOrdinal("a", "rated", 7);
    expect(() => {
      store.setDeliveredOrdinal("a", "rated", 6);
    }).toThrow(/must not go back/);
    expect(store.deliveredOrdinal("a")).toBe(7);
    expect(store.outboxPending("a", "rated")).toBe(0);
    store.close();
  });
});

describe("the dump", () => {
  test("differs by every table, and not by where rows of keys were cut", async () => {
    const dumps = new Set<string>();
    const variants: Partial<CheckpointChanges>[] = [
      {},
      { position: positionAt(2) },
      { messageCounts: { messages: 1, undecodable: 1, probes: 0 } },
      { regionCounts: [allAccepted("eu", 1), allAccepted("us", 1)] },
      { rows: [{ space: "a", key: 1, value: Uint8Array.of(1, 2) }] },
      { rows: [{ space: "a", key: 2, value: Uint8Array.of(1, 2) }] },
      { parkedAdded: [parkedEvent(1, 0)] },
      { exceptionsAdded: [exception] },
      { eventOutcomes: [outcome] },
      { outbox: ratedEntries(1, 1) },
      { rows: [{ space: "keys/1", key: 1, value: Uint8Array.of(1, 2) }] },
      {
        rows: [
          { space: "keys/1", key: 0, value: Uint8Array.of(1) },
          { space: "keys/1", key: 3, value: Uint8Array.of(2) },
        ],
      },
    ];
    for (const changes of variants) {
      const store = memoryStore();
      await store.commit(checkpointAt(1, changes));
      dumps.add(dumpState(store));
      store.close();
    }
    expect(dumps.size).toBe(variants.length - 1);
  });
});
