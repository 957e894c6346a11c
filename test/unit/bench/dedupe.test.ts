import { expect, test } from "vitest";
import {
  BenchPartition,
  mixedProbes,
  numbersFrom,
  probe,
  verify,
} from "../../../bench/dedupe/dedupe-bench.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 0, partitionCount: 1 };
const KEYS = 5_000;
const SEALING = { sealRecords: 1_000, sealEndedRecords: 1_000 };

test("the bench of deduplication restores what it remembered, and refuses to give a figure for a wrong verdict", async () => {
  const folder = temporaryFolder();
  const store = openPartitionStore(folder, IDENTITY);
  const partition = new BenchPartition(store, SEALING);
  partition.createCells(100);
  await partition.remember(0, KEYS);
  await partition.commit();
  await expect(partition.remember(KEYS - 1, KEYS)).rejects.toThrow("a new key was known");
  expect(partition.keys.sealedSize).toBe(KEYS);
  store.close();

  const again = openPartitionStore(folder, IDENTITY);
  const restored = new BenchPartition(again, SEALING);
  restored.restore();
  expect(restored.keys.size).toBe(KEYS);
  expect(restored.cells.size).toBe(100);
  for (const percent of [0, 1, 50]) {
    const probes = mixedProbes(1_000_000 * (percent + 1), 3_000, KEYS, percent);
    const counts = probe(restored.keys, probes);
    expect(counts.fresh).toBe(3_000 - 30 * percent);
    verify(counts, probes, KEYS);
  }
  const known = numbersFrom(0, 100);
  const counts = probe(restored.keys, known);
  expect(() => {
    verify({ ...counts, duplicates: counts.duplicates - 1, fresh: 1 }, known, KEYS);
  }).toThrow(RangeError);
  again.close();
});
