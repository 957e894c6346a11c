import type { SourceHour } from "../model/numbered-batch.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/** An epoch of a producer of numbered batches in a partition. */
export interface ProducerRow {
  readonly partition: number;
  readonly producer: string;
  readonly epoch: number;
  /** Whether it is the producer's latest: what others miss does not count any more when it comes. */
  readonly isCurrent: boolean;
  readonly lastSequence: number;
  /** Numbers up to the last that did not come, and the lowest that is to come. */
  readonly missingBatches: number;
  readonly firstMissing: number;
  /** Events by the producer's manifests and events read; both 0 where it sends none. */
  readonly announced: number;
  readonly read: number;
  /** Announced and not read, read and not announced, by source and hour. */
  readonly missingEvents: number;
  readonly unannouncedEvents: number;
  /** The first hours of what is missing. */
  readonly missingHours: readonly SourceHour[];
}

/** What a partition knows of its producers, by name and epoch. */
export function producersOf(
  partition: number,
  engine: Pick<PartitionEngine, "producers" | "manifests">,
): ProducerRow[] {
  const rows = new Map<string, ProducerRow>();
  for (const { producer, epoch, isCurrent, highest, missing, firstMissing } of engine.producers.epochs())
    rows.set(`${epoch} ${producer}`, {
      ...emptyRow(partition, producer, epoch),
      isCurrent,
      lastSequence: highest,
      missingBatches: missing,
      firstMissing,
    });
  for (const { producer, epoch, announced, read, ...figures } of engine.manifests.figures()) {
    // What a former epoch has lost is kept for longer than its numbers.
    const row = rows.get(`${epoch} ${producer}`) ?? emptyRow(partition, producer, epoch);
    rows.set(`${epoch} ${producer}`, {
      ...row,
      announced,
      read,
      missingEvents: figures.missing,
      unannouncedEvents: figures.unannounced,
      missingHours: figures.missingHours,
    });
  }
  return [...rows.values()].sort((a, b) =>
    a.producer < b.producer ? -1 : a.producer > b.producer ? 1 : a.epoch - b.epoch,
  );
}

function emptyRow(partition: number, producer: string, epoch: number): ProducerRow {
  return {
    partition,
    producer,
    epoch,
    isCurrent: false,
    lastSequence: 0,
    missingBatches: 0,
    firstMissing: 1,
    announced: 0,
    read: 0,
    missingEvents: 0,
    unannouncedEvents: 0,
    missingHours: [],
  };
}

/** How many producers there are, batches that current epochs miss, and events that were announced and did not come. */
export function numberedFigures(engine: Pick<PartitionEngine, "producers" | "manifests">): {
  readonly producers: number;
  readonly missingBatches: number;
  readonly missingEvents: number;
} {
  let missingBatches = 0;
  let missingEvents = 0;
  for (const { isCurrent, missing } of engine.producers.epochs()) if (isCurrent) missingBatches += missing;
  for (const { missing } of engine.manifests.figures()) missingEvents += missing;
  return { producers: engine.producers.size, missingBatches, missingEvents };
}
