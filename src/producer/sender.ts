import { setTimeout as delay } from "node:timers/promises";
import { codeOf, messageOf, TributaryError } from "../model/errors.ts";
import type { UsagePublisher } from "../model/log.ts";
import { usageSubject } from "../ingest/jetstream/names.ts";
import type { CommittedMessage } from "./commit.ts";

/** Wait before a message is tried again; doubled up to the last. */
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 5_000;

export interface SenderOptions {
  readonly publisher: UsagePublisher;
  readonly producer: string;
  readonly epoch: number;
  readonly region: string;
  /** Messages that may be without their acknowledgement. */
  readonly window: number;
  /** A message was not stored and will be tried again. */
  readonly onRetry: (fault: Error) => void;
}

interface Lane {
  readonly waiting: QueuedMessage[];
  underWay: number;
  hasBarrierUnderWay: boolean;
}

interface QueuedMessage extends CommittedMessage {
  readonly acknowledged: () => void;
}

/**
 * Publishes messages until each is acknowledged, a bounded number at a time, the same bytes under the same number however
 * often. Those of a partition are begun in order but may be stored in another one, except about a barrier.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #lanes = new Map<number, Lane>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves when all messages are acknowledged; never, where the sender is closed before. */
  send(messages: readonly CommittedMessage[]): Promise<void> {
    return new Promise((resolve) => {
      let left = messages.length;
      if (left === 0) resolve();
      const acknowledged = (): void => {
        left -= 1;
        if (left === 0) resolve();
      };
      for (const message of messages)
        this.#laneOf(message.partition).waiting.push({ ...message, acknowledged });
      this.#begin();
    });
  }

  /** Begins nothing more; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  #laneOf(partition: number): Lane {
    let lane = this.#lanes.get(partition);
    if (lane === undefined) {
      lane = { waiting: [], underWay: 0, hasBarrierUnderWay: false };
      this.#lanes.set(partition, lane);
    }
    return lane;
  }

  /** Begins what may be begun: a message of each partition in turn, so that none waits for another's many. */
  #begin(): void {
    for (let hasBegun = true; hasBegun;) {
      hasBegun = false;
      for (const lane of this.#lanes.values()) {
        if (this.#running.size >= this.#options.window || this.#stop.signal.aborted) return;
        const [next] = lane.waiting;
        if (next === undefined || lane.hasBarrierUnderWay || (next.isBarrier && lane.underWay > 0)) continue;
        lane.waiting.shift();
        this.#start(lane, next);
        hasBegun = true;
      }
    }
  }

  #start(lane: Lane, message: QueuedMessage): void {
    lane.underWay += 1;
    lane.hasBarrierUnderWay = message.isBarrier;
    const running = this.#run(lane, message, () => {
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #run(lane: Lane, message: QueuedMessage, ended: () => void): Promise<void> {
    const isStored = await this.#publish(message);
    ended();
    lane.underWay -= 1;
    if (message.isBarrier) lane.hasBarrierUnderWay = false;
    if (isStored) message.acknowledged();
    this.#begin();
  }

  /** False where the sender was closed before the message was acknowledged. */
  async #publish({ partition, sequence, contentType, data }: QueuedMessage): Promise<boolean> {
    const { publisher, producer, epoch, region, onRetry } = this.#options;
    const { signal } = this.#stop;
    const subject = usageSubject(partition, region);
    const messageId = `${encodeURIComponent(producer)}/${epoch}/${partition}/${sequence}`;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)) {
      try {
        await publisher.publish(subject, contentType, data, messageId);
        return true;
      } catch (fault) {
        onRetry(fault instanceof Error ? fault : new TributaryError(codeOf(fault), messageOf(fault)));
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
