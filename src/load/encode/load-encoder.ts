import { CLOUD_EVENT_BATCH_TYPE, CLOUD_EVENT_TYPE, COLUMNAR_TYPE } from "../../model/content-types.ts";
import { TributaryError } from "../../model/errors.ts";
import { usageStream, usageSubject } from "../../ingest/jetstream/names.ts";
import type { OutgoingMessage } from "../../ingest/jetstream/producer.ts";
import { MAX_EVENTS_PER_MESSAGE } from "../../ingest/wire/limits.ts";
import { accountPartitions } from "../account-partitions.ts";
import type { LoadShape, PlannedBlock } from "../event-plan.ts";
import { BatchRepeats } from "../batch-repeats.ts";
import { LOAD_EPOCH, producerName } from "../names.ts";
import { CloudEventEncoder } from "./cloud-event-encoder.ts";
import { ColumnarPlanEncoder } from "./columnar-plan-encoder.ts";
import { OpenBatch } from "./open-batch.ts";

/** Wire forms: a CloudEvent a message, a CloudEvents batch, a columnar batch, one with its producer's number and no ids. */
export const LOAD_FORMS = ["event", "batch", "columnar", "numbered"] as const;
export type LoadForm = (typeof LOAD_FORMS)[number];

const CONTENT_TYPES: Readonly<Record<LoadForm, string>> = {
  event: CLOUD_EVENT_TYPE,
  batch: CLOUD_EVENT_BATCH_TYPE,
  columnar: COLUMNAR_TYPE,
  numbered: COLUMNAR_TYPE,
};

export interface LoadEncoding {
  readonly form: LoadForm;
  /** Events a message; form `event` has one, whatever is said here. */
  readonly batchSize: number;
  readonly partitionCount: number;
}

/** A usage message and how many events it holds. */
export interface LoadMessage extends OutgoingMessage {
  readonly events: number;
  readonly partition: number;
  /** Whether it was sent before, as a whole. */
  readonly isRepetition: boolean;
}

/**
 * The shape whose events are planned for a form: of numbered batches, not events but batches are repeated, and the shape's
 * share of duplicates is theirs.
 */
export function plannedShape(shape: LoadShape, form: LoadForm): LoadShape {
  return form === "numbered" ? { ...shape, duplicateRatio: 0 } : shape;
}

/**
 * Turns planned events into usage messages for their partitions. Events of one partition and region stay in order, so
 * that a duplicate never comes before what it repeats.
 */
export class LoadEncoder {
  readonly #contentType: string;
  readonly #body: (batch: OpenBatch, sequence: number) => Uint8Array;
  /** Number of each lane's next batch. */
  readonly #next: Float64Array;
  readonly #repeats: BatchRepeats<LoadMessage> | undefined;
  readonly #regions: number;
  readonly #partitions: Uint16Array;
  /** By partition, then region. */
  readonly #open: readonly OpenBatch[];
  readonly #subjects: readonly string[];
  readonly #streams: readonly string[];

  /** @throws TributaryError `usage-invalid` for a batch size that no message may have */
  constructor(shape: LoadShape, { form, batchSize, partitionCount }: LoadEncoding) {
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > MAX_EVENTS_PER_MESSAGE)
      throw new TributaryError(
        "usage-invalid",
        `the batch size must be a whole number from 1 to ${MAX_EVENTS_PER_MESSAGE}`,
      );
    this.#contentType = CONTENT_TYPES[form];
    const { regions } = shape;
    this.#regions = regions.length;
    this.#partitions = accountPartitions(shape.accounts, partitionCount);
    const capacity = form === "event" ? 1 : batchSize;
    const lanes = Array.from({ length: partitionCount * regions.length }, (_, lane) => ({
      partition: Math.floor(lane / regions.length),
      region: lane % regions.length,
    }));
    this.#open = lanes.map(({ partition, region }) => new OpenBatch(partition, region, capacity));
    this.#subjects = lanes.map(({ partition, region }) => usageSubject(partition, regions[region]!));
    this.#streams = lanes.map(({ partition }) => usageStream(partition));
    this.#body = bodyEncoder(shape, form, capacity);
    this.#next = new Float64Array(lanes.length).fill(1);
    if (form === "numbered") this.#repeats = new BatchRepeats(shape.seed, shape.duplicateRatio, lanes.length);
  }

  /** Messages that the block's events fill; the others wait for the next block, or for `flush`. */
  *encode(block: PlannedBlock): Generator<LoadMessage> {
    for (let row = 0; row < block.count; row++) {
      const account = block.account[row]!;
      const lane = this.#partitions[account]! * this.#regions + block.region[row]!;
      const batch = this.#open[lane]!;
      const at = batch.count++;
      batch.id[at] = block.id[row]!;
      batch.account[at] = account;
      batch.meter[at] = block.meter[row]!;
      batch.timeMs[at] = block.timeMs[row]!;
      batch.value[at] = block.value[row]!;
      if (batch.isFull) yield* this.#messages(lane, batch);
    }
  }

  /** Messages of the events that wait. */
  *flush(): Generator<LoadMessage> {
    for (const [lane, batch] of this.#open.entries()) if (batch.count > 0) yield* this.#messages(lane, batch);
  }

  /** The message of a batch, and what is sent again behind it. */
  *#messages(lane: number, batch: OpenBatch): Generator<LoadMessage> {
    const sequence = this.#next[lane]!++;
    const message = this.#message(lane, batch, sequence);
    yield message;
    for (const repeated of this.#repeats?.after(lane, sequence, message) ?? [])
      yield { ...repeated, isRepetition: true };
  }

  #message(lane: number, batch: OpenBatch, sequence: number): LoadMessage {
    const events = batch.count;
    const data = this.#body(batch, sequence);
    batch.count = 0;
    return {
      partition: batch.partition,
      isRepetition: false,
      subject: this.#subjects[lane]!,
      stream: this.#streams[lane]!,
      contentType: this.#contentType,
      data,
      events,
    };
  }
}

function bodyEncoder(
  shape: LoadShape,
  form: LoadForm,
  batchSize: number,
): (batch: OpenBatch, sequence: number) => Uint8Array {
  if (form === "columnar" || form === "numbered") {
    const encoder = new ColumnarPlanEncoder(shape, batchSize);
    if (form === "columnar") return (batch) => encoder.encode(batch);
    const producers = shape.regions.map((region) => producerName(shape.seed, region));
    return (batch, sequence) =>
      encoder.encode(batch, { producer: producers[batch.region]!, epoch: LOAD_EPOCH, sequence });
  }
  const encoder = new CloudEventEncoder(shape);
  return form === "event" ? (batch) => encoder.single(batch, 0) : (batch) => encoder.batch(batch);
}
