import { setTimeout as delay } from "node:timers/promises";
import { TributaryError } from "../model/errors.ts";
import type { BrokerConnection } from "../ingest/jetstream/connection.ts";
import { WindowedPublisher } from "../ingest/jetstream/producer.ts";
import { LoadEncoder, plannedShape, type LoadEncoding } from "./encode/load-encoder.ts";
import { EventPlan, type LoadShape } from "./event-plan.ts";

/** Events that are planned at a time: their columns stay in the processor's cache. */
const BLOCK_SIZE = 8_192;
/** With a rate, so many blocks a second: finer than a checkpoint, coarser than timers. */
const BLOCKS_A_SECOND = 50;

export interface LoadOptions extends LoadEncoding {
  /** Events a second, on the average from the start; as fast as possible where left out. */
  readonly rate?: number;
  /** Publications that may be without their acknowledgement. */
  readonly window?: number;
  readonly ackTimeoutMs?: number;
  /** Ends the load behind the block under way; what was published is waited for and counted. */
  readonly signal?: AbortSignal;
  /** Called behind each block. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface LoadProgress {
  readonly events: number;
  readonly seconds: number;
}

/** What was published and acknowledged. */
export interface LoadResult {
  /** The plan's first so many events. */
  readonly events: number;
  readonly messages: number;
  /** Of the bodies. */
  readonly bytes: number;
  /** From the first publication to the last acknowledgement. */
  readonly seconds: number;
  /** Acknowledgements: as many as messages. */
  readonly acks: number;
  /** Events that were sent again in numbered batches, by partition; not among `events`. */
  readonly repeated: readonly number[];
  /** True where the signal ended it. */
  readonly stopped: boolean;
}

/**
 * Publishes a planned load to its partitions' streams. Throws `publish-failed` at the first message that is refused,
 * taken by another stream, or not acknowledged in time, and `usage-invalid` for a shape or options that make no sense.
 */
export async function publishLoad(
  connection: BrokerConnection,
  shape: LoadShape,
  options: LoadOptions,
): Promise<LoadResult> {
  const { rate, signal } = options;
  const isStopped = (): boolean => signal?.aborted === true;
  if (rate !== undefined && !(rate > 0))
    throw new TributaryError("usage-invalid", "the rate must be greater than 0");
  const plan = new EventPlan(plannedShape(shape, options.form));
  const encoder = new LoadEncoder(shape, options);
  const publisher = new WindowedPublisher(connection, options);
  const blockSize =
    rate === undefined ? BLOCK_SIZE : Math.min(BLOCK_SIZE, Math.max(1, Math.round(rate / BLOCKS_A_SECOND)));
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  let planned = 0;
  let events = 0;
  let messages = 0;
  let bytes = 0;
  const repeated = Array.from({ length: options.partitionCount }, () => 0);
  const publish = async (encoded: ReturnType<LoadEncoder["encode"]>): Promise<void> => {
    for (const message of encoded) {
      publisher.publish(message);
      if (message.isRepetition) repeated[message.partition]! += message.events;
      else events += message.events;
      messages++;
      bytes += message.data.length;
      if (publisher.isFull) await publisher.belowLimit();
    }
  };
  try {
    while (planned < shape.events && !isStopped()) {
      const count = Math.min(blockSize, shape.events - planned);
      await publish(encoder.encode(plan.block(planned, count)));
      planned += count;
      options.onProgress?.({ events: planned, seconds: seconds() });
      if (rate !== undefined) await waitUntilDue(planned / rate - seconds(), signal);
    }
    await publish(encoder.flush());
    const { stored, duplicates } = await publisher.allAcknowledged();
    if (duplicates > 0)
      throw new TributaryError("publish-failed", `the broker took ${duplicates} messages for duplicates`);
    if (events !== planned || stored !== messages)
      throw new TributaryError(
        "publish-failed",
        `${planned} events planned, ${events} published; ${messages} messages, ${stored} acknowledged`,
      );
    const stopped = planned < shape.events;
    return { events, messages, bytes, seconds: seconds(), acks: stored, repeated, stopped };
  } finally {
    publisher.close();
  }
}

/** A signal ends the wait early. */
async function waitUntilDue(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (seconds <= 0) return;
  await delay(seconds * 1_000, undefined, signal === undefined ? {} : { signal }).catch((fault: unknown) => {
    if (signal?.aborted !== true) throw fault;
  });
}
