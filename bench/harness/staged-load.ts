import { setTimeout as delay } from "node:timers/promises";
import type { BrokerConnection } from "../../src/ingest/jetstream/connection.ts";
import { usageStream } from "../../src/ingest/jetstream/names.ts";
import { WindowedPublisher } from "../../src/ingest/jetstream/producer.ts";
import { LoadEncoder, type LoadEncoding, type LoadMessage } from "../../src/load/encode/load-encoder.ts";
import { EventPlan, type LoadShape } from "../../src/load/event-plan.ts";

/** As the load generator plans: columns that stay in the processor's cache, and with a rate, so many blocks a second. */
const BLOCK_SIZE = 8_192;
const BLOCKS_A_SECOND = 50;

/** A message that was handed to the broker's client. */
export interface PublishedMessage {
  readonly partition: number;
  /** Sequence that it has in its stream, which nobody else writes to. */
  readonly sequence: number;
  readonly events: number;
  /** When the last of its events was due (`performance.now()`), whether or not the publisher was in time. */
  readonly dueMs: number;
}

/**
 * A load that is published part by part, while a worker stands still or runs. With a rate, an event is due at its place in
 * the schedule; a publisher that falls behind does not move the schedule, so that waiting for it is in the latencies
 * (no coordinated omission).
 */
export class StagedLoad {
  readonly #broker: BrokerConnection;
  readonly #plan: EventPlan;
  readonly #encoder: LoadEncoder;
  readonly #publisher: WindowedPublisher;
  readonly #partitionOfStream: ReadonlyMap<string, number>;
  readonly #sequences: number[];
  #planned = 0;

  constructor(broker: BrokerConnection, shape: LoadShape, encoding: LoadEncoding) {
    this.#broker = broker;
    this.#plan = new EventPlan(shape);
    this.#encoder = new LoadEncoder(shape, encoding);
    this.#publisher = new WindowedPublisher(broker);
    const partitions = Array.from({ length: encoding.partitionCount }, (_, partition) => partition);
    this.#partitionOfStream = new Map(partitions.map((partition) => [usageStream(partition), partition]));
    this.#sequences = partitions.map(() => 0);
  }

  /** Events published so far: the plan's first so many. */
  get published(): number {
    return this.#planned;
  }

  /** Publishes the plan's next `count` events; resolves when all are acknowledged. Returns the seconds that it took. */
  async publish(
    count: number,
    options: { readonly rate?: number; readonly onMessage?: (message: PublishedMessage) => void } = {},
  ): Promise<number> {
    const { rate, onMessage } = options;
    if (this.#planned + count > this.#plan.shape.events) throw new RangeError("the plan has fewer events");
    const blockSize =
      rate === undefined ? BLOCK_SIZE : Math.min(BLOCK_SIZE, Math.max(1, Math.round(rate / BLOCKS_A_SECOND)));
    const startedMs = performance.now();
    const publish = async (messages: Iterable<LoadMessage>, dueMs: number): Promise<void> => {
      for (const message of messages) {
        this.#publisher.publish(message);
        const place = this.#placeOf(message);
        onMessage?.({ ...place, events: message.events, dueMs });
        if (this.#publisher.isFull) await this.#publisher.belowLimit();
      }
    };
    let done = 0;
    let dueMs = startedMs;
    while (done < count) {
      const size = Math.min(blockSize, count - done);
      if (rate !== undefined) {
        // An event can't be sent before it happens.
        dueMs = startedMs + ((done + size) / rate) * 1_000;
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await delay(waitMs);
      }
      await publish(this.#encoder.encode(this.#plan.block(this.#planned, size)), dueMs);
      this.#planned += size;
      done += size;
    }
    await publish(this.#encoder.flush(), dueMs);
    await this.#publisher.allAcknowledged();
    return (performance.now() - startedMs) / 1_000;
  }

  async close(): Promise<void> {
    this.#publisher.close();
    await this.#broker.close();
  }

  /** Counts the message in its stream. */
  #placeOf({ stream = "" }: LoadMessage): { readonly partition: number; readonly sequence: number } {
    const partition = this.#partitionOfStream.get(stream);
    if (partition === undefined) throw new RangeError(`no partition has the stream ${stream}`);
    const sequence = this.#sequences[partition]! + 1;
    this.#sequences[partition] = sequence;
    return { partition, sequence };
  }
}
