import { openPartitionStore } from "../../src/state/partition-store.ts";
import { WriterPool } from "../../src/state/writer/writer-pool.ts";
import { BenchPartition, mixedProbes, probe, verify } from "../dedupe/dedupe-bench.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { sized, type Scenario, type ScenarioContext, type ScenarioResult } from "./scenario.ts";

const NAME = "sealed keys";
const KEYS = 4_000_000;
/** Enough that a generation is sealed once. */
const SMOKE_KEYS = 600_000;
/** The most that a partition has in memory before the first ones are sealed, but for a few. */
const HOT_KEYS = 520_000;
const PROBES = 100_000;
const KNOWN_PERCENT = 10;
/** A busy machine may take a while until the thread that seals has its turn. */
const SEALING_DEADLINE_MS = 60_000;

/** Memory of keys: of those that are not sealed yet, and of those in segment files, their filters. Known keys, new ones and conflicts are probed first, and counted. */
export const sealedKeys: Scenario = { name: NAME, isInSmoke: false, run };

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const keys = sized(context, KEYS, SMOKE_KEYS);
  const folder = temporaryFolder("keys-");
  const writers = new WriterPool(1);
  const store = openPartitionStore(folder.path, { partition: 0, partitionCount: 1 }, { writers });
  try {
    const partition = new BenchPartition(store);
    await partition.remember(0, HOT_KEYS);
    if (partition.keys.sealedSize > 0) throw new Error("keys were sealed too early");
    const hotKeyBytes = partition.keys.bytes / partition.keys.size;
    await partition.remember(HOT_KEYS, keys);
    const deadlineMs = performance.now() + SEALING_DEADLINE_MS;
    do await partition.settle();
    while (partition.keys.sealedSize === 0 && performance.now() < deadlineMs);
    const { sealedBytes, sealedSize } = partition.keys;
    const probes = mixedProbes(keys, PROBES, keys, KNOWN_PERCENT);
    verify(probe(partition.keys, probes), probes, keys);
    if (sealedSize === 0) throw new Error("no key was sealed");
    return {
      figures: { hotKeyBytes, sealedKeyBytes: sealedBytes / sealedSize },
      parameters: { [`${NAME}: keys`]: keys },
    };
  } finally {
    store.close();
    await writers.close();
    folder.remove();
  }
}
