import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import { encodeControl } from "../../src/model/control.ts";
import type { PartitionIdentity, PartitionStore } from "../../src/model/store.ts";
import { AccountShare } from "../../src/operators/split/account-share.ts";
import { storedDocumentRows } from "../../src/operators/invoice/billing-book.ts";
import { correctedDocument, needsCheckpoint } from "../../src/pipeline/corrected-document.ts";
import { PartitionEngine } from "../../src/pipeline/partition-engine.ts";
import { partChanges } from "../../src/pipeline/repartition/part-changes.ts";
import { becomePart } from "../../src/state/become-part.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { copyState } from "../../src/state/snapshots/copy-state.ts";
import { HASH_KEY, sha256, type LogStep } from "./engine-fixture.ts";
import { TEST_ERPS } from "./test-erps.ts";

/** A partition of a test, at a place of its logs. */
export interface RunPartition {
  readonly partition: number;
  readonly partitionCount: number;
  readonly folder: string;
  readonly store: PartitionStore;
  readonly engine: PartitionEngine;
}

/** Opens the state of a folder, and an engine at it. */
export function openRun(
  folder: string,
  { partition, partitionCount }: PartitionIdentity,
  catalog: CompiledCatalog,
  isAtCatalog = true,
): RunPartition {
  const store = openPartitionStore(folder, { partition, partitionCount });
  const engine = new PartitionEngine({
    partition,
    partitionCount,
    decoder: createDecoder(HASH_KEY),
    hashKey: HASH_KEY,
    settings: catalog.settings,
    sha256,
    segments: store.segments,
    erpDescriptions: TEST_ERPS,
  });
  engine.restore(store, isAtCatalog ? catalog : undefined);
  return { partition, partitionCount, folder, store, engine };
}

/** A step, and where the partition's watermark stands behind it. */
export interface WatchedStep {
  readonly step: LogStep;
  watermarkMs: number;
}

/**
 * Goes on with steps of the logs and commits. A partition gets all of them, those of other partitions too: it sends events of
 * others on, and leaves corrections of others' documents alone. Events of others don't move its watermark: a decision that
 * changes nothing else does, so that what is late is late everywhere.
 * @param isFirst whether watermarks are noted, and not followed
 */
export async function goOn(
  run: RunPartition,
  steps: readonly WatchedStep[],
  isFirst: boolean,
): Promise<void> {
  for (const watched of steps) {
    await take(run, watched.step);
    const { engine } = run;
    if (isFirst) watched.watermarkMs = engine.watermarkMs;
    else if (engine.watermarkMs < watched.watermarkMs) {
      const appliesAfter = engine.position.usageSequence;
      const upToMs = watched.watermarkMs + 1;
      const record = {
        kind: "close",
        appliesAfter,
        decidedAt: "",
        upToMs,
        actor: "test",
        reason: "test",
      } as const;
      await take(run, { kind: "control", record });
    }
  }
  await run.store.commit(run.engine.collect());
}

async function take({ engine, store }: RunPartition, step: LogStep): Promise<void> {
  if (step.kind === "message") {
    engine.process([step.message]);
    return;
  }
  let { record } = step;
  if (needsCheckpoint(record)) await store.commit(engine.collect());
  if (record.kind === "credit-note" || record.kind === "void-invoice") {
    const { document } = record;
    const found = [...storedDocumentRows(store)].find((stored) => stored.document.id === document);
    if (found === undefined) return;
    // Documents made since the change are counted by each partition by itself.
    record = { ...record, ordinal: found.ordinal };
  }
  const parked = step.catalog === undefined ? [] : store.parked();
  const placed = { sequence: engine.position.controlSequence + 1, record };
  const document = correctedDocument(record, store);
  engine.apply(placed, encodeControl(record), step.catalog, parked, document, store);
}

/** Divides a partition, as it was committed last, and opens its parts; it is closed. */
export async function divide(
  run: RunPartition,
  partitionCount: number,
  folder: string,
  catalog: CompiledCatalog,
): Promise<RunPartition[]> {
  const { partition: from, store, engine } = run;
  const identity = { partition: from, partitionCount: run.partitionCount };
  const controlSequence = engine.position.controlSequence + 1;
  const place = { controlSequence, controlFingerprint: new Uint8Array(32).fill(1) };
  const parts: RunPartition[] = [];
  for (let partition = from; partition < partitionCount; partition += run.partitionCount) {
    const target = join(folder, `of-${partitionCount}-${partition}`);
    mkdirSync(target);
    await copyState(run.folder, identity, target);
    const share = new AccountShare({ partition, partitionCount, formerPartition: from, catalog });
    const changes = partChanges(
      store,
      share,
      { ...place, usageCreatedAt: "usage", controlCreatedAt: "control" },
      {
        actor: "test",
        reason: "test",
        decidedAt: "",
        from: { partition: from, usageSequence: 0, controlSequence: 0, controlFingerprint: "" },
      },
    );
    becomePart(target, { identity: { partition, partitionCount }, changes, isNew: partition !== from });
    parts.push(openRun(target, { partition, partitionCount }, catalog));
  }
  store.close();
  return parts;
}
