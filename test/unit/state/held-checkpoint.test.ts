import { expect, test } from "vitest";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { checkpointAt, ratedEntries } from "../../support/checkpoints.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const row = (key: number, byte: number) => ({ space: "cells", key, value: new Uint8Array([byte]) });

test("a reader that holds a checkpoint sees no later one, in none of its reads, and keeps nobody from writing", async () => {
  const folder = temporaryFolder();
  const store = openPartitionStore(folder, { partition: 0, partitionCount: 1 });
  await store.commit(checkpointAt(1, { rows: [row(1, 1), row(2, 1)], outbox: ratedEntries(1, 2) }));
  const held = openPartitionStoreReadOnly(folder);
  held.holdCheckpoint();
  const free = openPartitionStoreReadOnly(folder);
  await store.commit(checkpointAt(2, { rows: [row(1, 2), row(2, 2)], outbox: ratedEntries(3, 4) }));
  const seen = [held, free].map((reader) => ({
    position: reader.load()?.position.usageSequence,
    rows: [...reader.rows("cells")].map(({ value }) => value[0]),
    outbox: reader.outboxAfter("rated", 0, 10).length,
  }));
  expect(seen).toEqual([
    { position: 1, rows: [1, 1], outbox: 2 },
    { position: 2, rows: [2, 2], outbox: 4 },
  ]);
  // Held again, it is the last one.
  held.holdCheckpoint();
  expect(held.load()?.position.usageSequence).toBe(2);
  for (const each of [held, free, store]) each.close();
});
