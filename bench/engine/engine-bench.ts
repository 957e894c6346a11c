import { createHash } from "node:crypto";
import { Subject, type OperatorFunction } from "rxjs";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import type { MessageDecoder } from "../../src/model/event-batch.ts";
import type { KeySegments } from "../../src/model/key-segments.ts";
import type { LogMessage } from "../../src/model/log.ts";
import { deduplicate } from "../../src/operators/deduplicate/deduplicate.ts";
import type { KeyTable } from "../../src/operators/deduplicate/key-table.ts";
import { enrich } from "../../src/operators/enrich.ts";
import { settle } from "../../src/operators/settle.ts";
import { usageItem, type PipelineItem } from "../../src/operators/stage.ts";
import { validate } from "../../src/operators/validate.ts";
import { runWhole } from "../../src/model/sliced-work.ts";
import { PartitionEngine } from "../../src/pipeline/partition-engine.ts";
import { Aggregation } from "../../src/operators/stage.ts";
import { EVENTS_PER_SIMULATED_SECOND, PARTITION, PARTITION_COUNT, type Workload } from "./workload.ts";

const HASH_KEY = "00112233445566778899aabbccddeeff";
/** As the live pipeline slices its runs. */
const SLICE_BYTES = 256 * 1024;

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const STAGES = ["decode", "validate", "deduplicate", "enrich", "window", "settle", "collect"] as const;
export type Stage = (typeof STAGES)[number];

export interface EngineResult {
  /** Processor time of the measured events in the engine as a whole, checkpoints collected. */
  readonly nsPerEvent: number;
  /** SHA-256 of all sums, equal to that of the naive count. */
  readonly hash: string;
}

/** Keys that the engine remembers before the workload begins. */
export interface RememberedKeys {
  readonly segments?: KeySegments;
  readonly remember?: (keys: KeyTable) => void;
}

/** Runs the whole engine and compares what it counted with the naive count; RangeError where they differ. */
export function benchEngine(
  workload: Workload,
  decoder = createDecoder(HASH_KEY),
  keys: RememberedKeys = {},
): EngineResult {
  const engine = createEngine(workload, decoder, keys.segments);
  keys.remember?.(engine.keys);
  for (const slice of slicesOf(workload.warmUp)) engine.process(slice);
  engine.collect();
  const slices = slicesOf(workload.measured);
  let sinceCollect = 0;
  const started = process.cpuUsage();
  for (const slice of slices) {
    engine.process(slice);
    sinceCollect += (slice.length / workload.measured.length) * workload.events;
    if (sinceCollect < EVENTS_PER_SIMULATED_SECOND) continue;
    sinceCollect = 0;
    engine.collect();
  }
  engine.collect();
  const nsPerEvent = nanosecondsSince(started) / workload.events;
  return { nsPerEvent, hash: verify(engine, workload) };
}

/** Processor time by stage, each stage run by itself on what the one before gave. */
export function benchStages(workload: Workload): Readonly<Record<Stage, number>> {
  const decoder = createDecoder(HASH_KEY);
  const engine = createEngine(workload, decoder);
  for (const slice of slicesOf(workload.warmUp)) engine.process(slice);
  engine.collect();
  // Operators of their own over the engine's state: what is theirs alone is the catalog.
  const options = {
    partition: PARTITION,
    partitionCount: PARTITION_COUNT,
    decoder,
    journal: engine.journal,
    rejections: engine.rejections,
  };
  const operators: readonly (readonly [Stage, (item: PipelineItem) => void])[] = [
    ["validate", drive(validate(PARTITION, PARTITION_COUNT))],
    ["deduplicate", drive(deduplicate(engine.keys))],
    ["enrich", drive(enrich(engine.series))],
    [
      "window",
      (item) => {
        runWhole(item.kind === "usage" ? engine.windows.add(item) : engine.windows.control(item));
      },
    ],
    ["settle", drive(settle(options))],
  ];
  const catalog = catalogItem(workload);
  for (const [, push] of operators) push(catalog);
  const spent: Record<Stage, number> = {
    decode: 0,
    validate: 0,
    deduplicate: 0,
    enrich: 0,
    window: 0,
    settle: 0,
    collect: 0,
  };
  const timed = (stage: Stage, run: () => void): void => {
    const started = process.cpuUsage();
    run();
    spent[stage] += nanosecondsSince(started);
  };
  let sinceCollect = 0;
  for (const slice of slicesOf(workload.measured)) {
    let item: PipelineItem | undefined;
    timed("decode", () => {
      item = usageItem(decoder.decode(slice), false);
    });
    for (const [stage, push] of operators) timed(stage, () => item !== undefined && push(item));
    sinceCollect += (slice.length / workload.measured.length) * workload.events;
    if (sinceCollect < EVENTS_PER_SIMULATED_SECOND) continue;
    sinceCollect = 0;
    timed("collect", () => engine.collect());
  }
  timed("collect", () => engine.collect());
  verify(engine, workload);
  for (const stage of STAGES) spent[stage] /= workload.events;
  return spent;
}

function createEngine(workload: Workload, decoder: MessageDecoder, segments?: KeySegments): PartitionEngine {
  const { catalog } = workload;
  const engine = new PartitionEngine({
    partition: PARTITION,
    partitionCount: PARTITION_COUNT,
    decoder,
    hashKey: HASH_KEY,
    settings: catalog.settings,
    sha256,
    segments,
  });
  engine.apply(catalogItem(workload).placed, new Uint8Array(0), catalog, []);
  return engine;
}

function catalogItem({ catalog }: Workload): PipelineItem & { readonly kind: "control" } {
  const record = { kind: "catalog", version: catalog.version, appliesAfter: 0, decidedAt: "" } as const;
  return { kind: "control", placed: { sequence: 1, record }, catalog };
}

function drive(operator: OperatorFunction<PipelineItem, PipelineItem>): (item: PipelineItem) => void {
  const items = new Subject<PipelineItem>();
  items.pipe(operator).subscribe();
  return (item) => {
    items.next(item);
  };
}

function slicesOf(messages: readonly LogMessage[]): LogMessage[][] {
  const slices: LogMessage[][] = [];
  let slice: LogMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    bytes += message.data.length;
    if (bytes > SLICE_BYTES && slice.length > 0) {
      slices.push(slice);
      slice = [];
      bytes = message.data.length;
    }
    slice.push(message);
  }
  if (slice.length > 0) slices.push(slice);
  return slices;
}

function nanosecondsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return (user + system) * 1_000;
}

/** Hash of the sums by series, which must be the naive count's. */
function verify(engine: PartitionEngine, { expected }: Workload): string {
  const counts = { accepted: 0, duplicate: 0 };
  for (const region of engine.regionCounts()) {
    counts.accepted += region.accepted;
    counts.duplicate += region.duplicate;
  }
  const sums = new Map<string, bigint>();
  for (const slot of engine.cells.slots()) {
    const { account, groupValues } = engine.series.get(engine.cells.seriesOf(slot));
    const key = [account, ...groupValues].join(" ");
    sums.set(key, (sums.get(key) ?? 0n) + engine.cells.value(slot, Aggregation.sum));
  }
  const hash = hashOf(sums, counts);
  if (hash !== hashOf(expected.sums, expected))
    throw new RangeError(
      `the engine counted ${JSON.stringify(counts)}, which is not what the naive count gives`,
    );
  return hash;
}

function hashOf(
  sums: ReadonlyMap<string, number | bigint>,
  counts: { readonly accepted: number; readonly duplicate: number },
): string {
  const hash = createHash("sha256").update(`${counts.accepted} ${counts.duplicate}\n`);
  for (const key of [...sums.keys()].sort()) hash.update(`${key} ${sums.get(key)}\n`);
  return hash.digest("hex");
}
