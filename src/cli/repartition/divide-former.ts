import { statSync } from "node:fs";
import { join } from "node:path";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { RepartitionedRecord } from "../../model/control.ts";
import { TributaryError } from "../../model/errors.ts";
import { BILLING_SPACES } from "../../operators/invoice/billing-book.ts";
import { RepartitionSums } from "../../pipeline/repartition/balance.ts";
import type { PartPlace } from "../../pipeline/repartition/part-changes.ts";
import { STATE_FILE } from "../../state/open-database.ts";
import { Inspection } from "../compose/inspection.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { mebibytes } from "../snapshots/mebibytes.ts";
import { buildPart, isPartAt } from "./build-part.ts";

/** What a partition of the new count begins with. */
export interface PartRow {
  readonly partition: number;
  /** Partition that it was a part of. */
  readonly from: number;
  readonly usageSequence: number;
  readonly series: number;
  readonly cells: number;
  readonly documents: number;
  readonly parked: number;
  readonly bytes: number;
}

export interface PartToBuild {
  readonly partition: number;
  readonly place: PartPlace;
  readonly folder: string;
}

export interface DivideOptions {
  readonly config: WorkerConfig;
  readonly partition: number;
  readonly folder: string;
  readonly record: RepartitionedRecord;
  readonly parts: readonly PartToBuild[];
  readonly faults: FaultInjector;
  readonly onProgress: (text: string) => void;
}

/** Builds the parts of a partition that are not there yet. */
export async function divideFormer(options: DivideOptions): Promise<void> {
  const { config, partition, folder, record, parts, faults, onProgress } = options;
  const missing = parts.filter((part) => !isPartAt(part.folder, part.partition, record, part.place));
  if (missing.length === 0) return;
  const inspection = await Inspection.open(atCount(config, record.formerCount), [partition], () => folder);
  try {
    const [former] = inspection.partitions;
    if (former?.engine.catalog === undefined)
      throw new TributaryError(
        "repartition-refused",
        `No catalog is in effect in partition ${partition}: start the worker once.`,
      );
    for (const part of missing) {
      await buildPart({
        former,
        formerFolder: folder,
        formerCount: record.formerCount,
        partitionCount: record.partitionCount,
        record,
        faults,
        ...part,
        onProgress: (copiedBytes) => {
          onProgress(`partition ${part.partition} of ${partition}: ${mebibytes(copiedBytes)} MiB copied`);
        },
      });
      onProgress(`partition ${part.partition} of ${partition} is made`);
    }
  } finally {
    await inspection.close();
  }
}

/** Adds a partition's figures to sums, from the state in a folder. */
export async function addFigures(
  sums: RepartitionSums,
  config: WorkerConfig,
  partitionCount: number,
  { partition, folder }: { readonly partition: number; readonly folder: string },
): Promise<Omit<PartRow, "from">> {
  const inspection = await Inspection.open(atCount(config, partitionCount), [partition], () => folder);
  try {
    const [inspected] = inspection.partitions;
    if (inspected === undefined) throw new RangeError(`partition ${partition} was not opened`);
    sums.add(inspected);
    const { engine, store } = inspected;
    let documents = 0;
    for (const _ of store.rows(BILLING_SPACES.documents)) documents += 1;
    return {
      partition,
      usageSequence: engine.position.usageSequence,
      series: engine.series.count,
      cells: engine.cells.size,
      documents,
      parked: store.parked().length,
      bytes: statSync(join(folder, STATE_FILE)).size,
    };
  } finally {
    await inspection.close();
  }
}

function atCount(config: WorkerConfig, count: number): WorkerConfig {
  return { ...config, partitions: { ...config.partitions, count } };
}
