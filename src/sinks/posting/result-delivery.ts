import type { Clock } from "../../model/clock.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PostingResult } from "../../model/posting.ts";
import type { PostingStore } from "../../model/posting-store.ts";
import { backoffDelayMs } from "../backoff.ts";
import { WakeUp } from "../wake-up.ts";

/** Tells partitions what became of their documents. The worker implements it over the partitions' operator channel. */
export interface ResultSender {
  /** The most results that are sent at once. */
  readonly maxResults: number;
  /**
   * Resolves when the partition has all results durably; rejects where nobody owns the partition, or it can't be known: then it may have
   * some. What was sent may be sent again: (connection, posting, key) tells a repetition, and of a key the greatest `posting` holds.
   * @param results of different documents, in the order of the log
   */
  send(partition: number, results: readonly PostingResult[]): Promise<void>;
}

/** Results go together until that many tries in a row have failed. */
const FAILURES_TOGETHER = 2;

export interface ResultDeliveryOptions {
  readonly sender: ResultSender;
  readonly store: Pick<PostingStore, "resultPartitions" | "results" | "resultsTaken">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: FaultInjector;
  /** Told of each failed try. */
  readonly onFailed: (partition: number, error: unknown) => void;
  /** Called where the store fails: nothing more is sent. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * Sends results to their partitions, in the order of the log, until each is taken: what waits for a partition goes in one request, as a partition
 * writes a control record for each. A partition without an owner holds up no other, nor does a result that is refused. What waits is in the store.
 *
 * | step | crash right after it | what the successor does |
 * | --- | --- | --- |
 * | sent | the partition has it, the cursor has not moved | sends it again; the partition knows it |
 * | cursor moved | | goes on |
 */
export class ResultDelivery {
  readonly #options: ResultDeliveryOptions;
  readonly #wakeUps = new Map<number, WakeUp>();
  readonly #loops = new Map<number, Promise<void>>();
  #isStopping = false;

  constructor(options: ResultDeliveryOptions) {
    this.#options = options;
  }

  /** Says that there may be results. */
  kick(): void {
    if (this.#isStopping) return;
    try {
      for (const partition of this.#options.store.resultPartitions())
        if (!this.#loops.has(partition)) this.#loops.set(partition, this.#run(partition));
    } catch (fault) {
      this.#options.onFault(fault);
    }
  }

  /** Ends what is under way; what is not taken is sent by the next runner. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const wakeUp of this.#wakeUps.values()) wakeUp.signal("stop");
    await Promise.all(this.#loops.values());
  }

  async #run(partition: number): Promise<void> {
    const { store, sender, clock, random, faults, onFailed, onFault } = this.#options;
    const wakeUp = new WakeUp(clock);
    this.#wakeUps.set(partition, wakeUp);
    try {
      for (let failures = 0; !this.#isStopping;) {
        // Read again for each request: a later result of a document replaces the one that waits.
        const waiting = store.results(partition, sender.maxResults);
        if (waiting.length === 0) break;
        // After failures in a row one is sent by itself, each time another one: one that the partition refuses holds up no other.
        const single = failures - FAILURES_TOGETHER;
        const results = single < 0 ? waiting : [waiting[single % waiting.length]!];
        faults.reach("before-posting-result");
        const sent = await attempt(() => sender.send(partition, results));
        if (sent === undefined) {
          faults.reach("after-posting-result-before-cursor");
          store.resultsTaken(partition, results);
          failures = 0;
        } else {
          failures += 1;
          onFailed(partition, sent.error);
          await wakeUp.wait(backoffDelayMs(failures, random), ["stop"]);
        }
      }
    } catch (fault) {
      onFault(fault);
    } finally {
      this.#wakeUps.delete(partition);
      this.#loops.delete(partition);
    }
    // One that came in the same moment is not forgotten.
    this.kick();
  }
}

/** Undefined where it went well. */
async function attempt(work: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}
