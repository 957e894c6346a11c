import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { KeySegments } from "../../src/model/key-segments.ts";
import type { PartitionStore } from "../../src/model/store.ts";
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
/** Known keys that are looked for in the engine's table before it is measured. */
const REMEMBERED_CHECKED = 1_000;
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
    `processor time, least of ${rounds} rounds; known keys are spread over all, every tenth with another payload\n`,
);
interface Size {
  readonly keys: number;
  readonly folder: string;
  restartMs: number;
  /** Least processor time a probe by the percentage of known keys, and an event in the engine; nanoseconds. */
  readonly probeNs: Map<number, number>;
  engineNs: number;
}

const writers = new WriterPool(1);
const root = mkdtempSync(join(tmpdir(), "tributary-dedupe-"));
try {
  const measured: Size[] = [];
  for (const keys of sizes) {
    const folder = join(root, String(keys));
    await fill(folder, keys);
    measured.push({ keys, folder, restartMs: Infinity, probeNs: new Map(), engineNs: Infinity });
  }
  // Taken in turns, so that what else the machine does meets all of them.
  for (let round = 0; round < rounds; round++) for (const size of measured) measure(size);
  for (const size of measured) print(size);
} finally {
  await writers.close();
  rmSync(root, { recursive: true });
}

async function fill(folder: string, keys: number): Promise<void> {
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
}

function measure(size: Size): void {
  const { folder, keys, probeNs } = size;
  const openedFromMs = performance.now();
  const store = openPartitionStore(folder, IDENTITY, { writers });
  const partition = new BenchPartition(store);
  partition.restore();
  size.restartMs = Math.min(size.restartMs, performance.now() - openedFromMs);
  if (partition.keys.size !== keys)
    throw new RangeError(`${partition.keys.size} keys were restored, not ${keys}`);
  for (const percent of DUPLICATE_PERCENTS) {
    const probes = mixedProbes(FRESH_FROM + percent * probeCount, probeCount, keys, percent);
    const counts = probe(partition.keys, probes);
    verify(counts, probes, keys);
    probeNs.set(percent, Math.min(probeNs.get(percent) ?? Infinity, counts.spentNs / probeCount));
  }
  size.engineNs = Math.min(size.engineNs, engineNs(store, keys));
  store.close();
}

/** The whole engine, beside the keys that are remembered; what it adds itself stays in memory. */
function engineNs(store: PartitionStore, keys: number): number {
  const { segments } = store;
  if (segments === undefined) throw new RangeError("the store has no segments");
  const reading: KeySegments = { open: (identity) => segments.open(identity), writer: undefined };
  const { nsPerEvent } = benchEngine(ENGINE_WORKLOAD, createDecoder(HASH_KEY), {
    segments: reading,
    remember: (table) => {
      table.restore(store);
      const probes = numbersFrom(0, REMEMBERED_CHECKED);
      verify(probe(table, probes), probes, keys);
    },
  });
  return nsPerEvent;
}

function print({ keys, restartMs, probeNs, engineNs }: Size): void {
  const probes = [...probeNs].map(([percent, ns]) => `${percent} % known ${ns.toFixed(0)} ns`);
  process.stdout.write(
    `${keys} keys: restart ${restartMs.toFixed(0)} ms; a probe: ${probes.join(", ")}; ` +
      `the engine, columnar: ${engineNs.toFixed(0)} ns an event (${(1_000 / engineNs).toFixed(2)} million/s)\n`,
  );
}

function perKey(bytes: number, keys: number): string {
  return keys === 0 ? "–" : (bytes / keys).toFixed(2);
}
