import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { WriterPool } from "../../src/state/writer/writer-pool.ts";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import { benchEngine } from "../engine/engine-bench.ts";
import { createWorkload } from "../engine/workload.ts";
import { BenchPartition, mixedProbes, numbersFrom, probe, verify } from "./dedupe-bench.ts";

const { values } = parseArgs({
  options: {
    keys: { type: "string", multiple: true, default: ["1000000", "10000000", "100000000"] },
    probes: { type: "string", default: "1000000" },
    cells: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
  },
});
const sizes = values.keys.map(Number);
const probeCount = Number(values.probes);
const rounds = Number(values.rounds);
/** Shares of keys that are known already. */
const DUPLICATE_PERCENTS = [0, 1, 50] as const;
/** Numbers of keys that no fill reaches. */
const FRESH_FROM = 2 ** 31;
const IDENTITY = { partition: 0, partitionCount: 1 };
const HASH_KEY = "00112233445566778899aabbccddeeff";
const ENGINE_WORKLOAD = createWorkload({
  form: "columnar",
  accounts: 10_000,
  events: 1_000_000,
  eventsPerMessage: 1_000,
  grouped: false,
  duplicatesPercent: 1,
});

process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}; ${probeCount} probes in batches of 1000, ${values.cells} cells, ` +
    `least of ${rounds} rounds; known keys are spread over all, every tenth with another payload\n`,
);
const writers = new WriterPool(1);
for (const keys of sizes) {
  const folder = mkdtempSync(join(tmpdir(), "tributary-dedupe-"));
  try {
    await benchSize(folder, keys);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
await writers.close();

async function benchSize(folder: string, keys: number): Promise<void> {
  const store = openPartitionStore(folder, IDENTITY, { writers });
  const partition = new BenchPartition(store);
  partition.createCells(Number(values.cells));
  const filledFromMs = performance.now();
  await partition.remember(0, keys);
  const fillSeconds = (performance.now() - filledFromMs) / 1_000;
  await partition.settle();
  const { keys: table } = partition;
  const sealed = table.sealedSize;
  const hot = table.size - sealed;
  const figures = [
    `${keys} keys: ${sealed} sealed in ${table.segmentCount} files at ${perKey(table.sealedBytes, sealed)} bytes a key`,
    `${hot} in memory at ${perKey(table.bytes - table.sealedBytes, hot)}`,
    `filled, sealed and committed ${((keys / fillSeconds) * 1e-6).toFixed(2)} million/s`,
  ];
  process.stdout.write(`${figures.join("; ")}\n`);
  store.close();

  let restartMs = Infinity;
  const least = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    const openedFromMs = performance.now();
    const again = openPartitionStore(folder, IDENTITY, { writers });
    const restored = new BenchPartition(again);
    restored.restore();
    restartMs = Math.min(restartMs, performance.now() - openedFromMs);
    if (restored.keys.size !== keys)
      throw new RangeError(`${restored.keys.size} keys were restored, not ${keys}`);
    for (const percent of DUPLICATE_PERCENTS) {
      const probes = mixedProbes(FRESH_FROM + percent * probeCount, probeCount, keys, percent);
      const counts = probe(restored.keys, probes);
      verify(counts, probes, keys);
      least.set(percent, Math.min(least.get(percent) ?? Infinity, counts.spentNs / probeCount));
    }
    again.close();
  }
  const speeds = [...least].map(
    ([percent, ns]) => `${percent} % known ${ns.toFixed(0)} ns (${(1_000 / ns).toFixed(2)} million/s)`,
  );
  process.stdout.write(`  restart ${restartMs.toFixed(0)} ms; a probe: ${speeds.join(", ")}\n`);

  // The whole engine, with the keys that are remembered and what it adds itself in memory.
  const last = openPartitionStore(folder, IDENTITY, { writers });
  let engineNs = Infinity;
  for (let round = 0; round < rounds; round++) {
    const { nsPerEvent } = benchEngine(ENGINE_WORKLOAD, createDecoder(HASH_KEY), {
      ...(last.segments === undefined
        ? {}
        : { segments: { open: (identity) => last.segments!.open(identity), writer: undefined } }),
      remember: (engineKeys) => {
        engineKeys.restore(last);
        verifyRemembered(engineKeys, keys);
      },
    });
    engineNs = Math.min(engineNs, nsPerEvent);
  }
  last.close();
  process.stdout.write(
    `  the engine, columnar, 1 % duplicates: ${engineNs.toFixed(0)} ns an event of processor time (${(1_000 / engineNs).toFixed(2)} million/s)\n`,
  );
}

function verifyRemembered(table: BenchPartition["keys"], keys: number): void {
  const probes = numbersFrom(0, 1_000);
  verify(probe(table, probes), probes, keys);
}

function perKey(bytes: number, keys: number): string {
  return keys === 0 ? "–" : (bytes / keys).toFixed(2);
}
