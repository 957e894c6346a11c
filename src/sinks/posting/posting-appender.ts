import type { Clock } from "../../model/clock.ts";
import { codeOf, TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PostingLog } from "../../model/posting-log.ts";
import type { PostingStore } from "../../model/posting-store.ts";
import { backoffDelayMs } from "../backoff.ts";
import { chainRecords, type UnchainedRecord } from "./posting-chain.ts";

/** Records of one message: transitions of many documents are made durable by one append. */
const MAX_RECORDS = 200;
/** Characters of one message; a broker takes 1 MiB by default, and a character of a message for people can be four bytes. */
const MAX_CHARACTERS = 200_000;

interface Waiting {
  readonly records: readonly UnchainedRecord[];
  readonly characters: number;
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

export interface PostingAppenderOptions {
  readonly log: PostingLog;
  /** Creation time of the log's stream. */
  readonly createdAt: string;
  readonly store: PostingStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: FaultInjector;
  /** Called once with what ended it: another runner writes, or the store fails. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * Makes records durable in their order: first in the log, then in the store. One append at a time, which carries all that waits. Who
 * waits goes on when its records are in both.
 *
 * | step | crash right after it | what the successor does |
 * | --- | --- | --- |
 * | record chosen, not appended | nothing has happened | decides again |
 * | appended | the store lacks it | reads it from the log |
 * | applied to the store | nobody has acted on it | goes on from the state that it says |
 */
export class PostingAppender {
  readonly #options: PostingAppenderOptions;
  #waiting: Waiting[] = [];
  #running = false;
  #fault: { readonly cause: unknown } | undefined;

  constructor(options: PostingAppenderOptions) {
    this.#options = options;
  }

  /** Records that wait to be appended. */
  get waitingCount(): number {
    return this.#waiting.reduce((count, { records }) => count + records.length, 0);
  }

  /** Resolves when the records are durable and applied; rejects with the fault that ended the appender. */
  append(records: readonly UnchainedRecord[]): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault.cause);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, characters: JSON.stringify(records).length, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      void this.#run();
    });
  }

  /** Ends it: what waits, and what comes, is rejected. */
  end(fault: unknown): void {
    this.#fault ??= { cause: fault };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#fault.cause);
  }

  async #run(): Promise<void> {
    // What others decide in the same turn goes into the same message.
    await Promise.resolve();
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
      try {
        await this.#write(batch.flatMap(({ records }) => records));
        for (const { resolve } of batch) resolve();
      } catch (fault) {
        this.end(fault);
        for (const { reject } of batch) reject(this.#fault?.cause ?? fault);
        this.#options.onFault(fault);
      }
    }
    this.#running = false;
  }

  #nextBatch(): Waiting[] {
    let records = 0;
    let characters = 0;
    const end = this.#waiting.findIndex((waiting, index) => {
      records += waiting.records.length;
      characters += waiting.characters;
      return index > 0 && (records > MAX_RECORDS || characters > MAX_CHARACTERS);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #write(unchained: readonly UnchainedRecord[]): Promise<void> {
    const { store, faults, createdAt } = this.#options;
    const { postingSequence, lastHash: previous } = store.position();
    const { records, lastHash } = chainRecords(unchained, previous);
    const data = Buffer.from(JSON.stringify(records), "utf8");
    faults.reach("before-posting-append");
    const sequence = await this.#append(data, postingSequence);
    faults.reach("after-posting-append-before-store");
    this.#assertGoing();
    store.applyRecords({ sequence, records, lastHash }, createdAt);
  }

  /** Appends until it is known to be in the log, or that another runner has written. */
  async #append(data: Uint8Array, expected: number): Promise<number> {
    const { log } = this.#options;
    for (let failures = 0; ; failures++) {
      this.#assertGoing();
      try {
        return await log.append(data, expected);
      } catch (fault) {
        // It moved without us, unless a try of before, of which nobody knew, was the one that moved it.
        if (codeOf(fault) === "posting-log-moved" && failures === 0) throw fault;
      }
      // Nothing is decided until it is known: the log itself is asked what stands there.
      const found = await this.#readAgain(data, expected, failures + 1);
      if (found !== undefined) return found;
    }
  }

  /** Sequence of our message where it is in the log; undefined where the log still ends at `expected`. */
  async #readAgain(data: Uint8Array, expected: number, failures: number): Promise<number | undefined> {
    const { log, clock, random } = this.#options;
    for (let tries = failures; ; tries++) {
      await new Promise<void>((resolve) => {
        clock.schedule(backoffDelayMs(tries, random), resolve);
      });
      this.#assertGoing();
      try {
        for await (const page of log.readFrom(expected + 1)) {
          const first = page[0];
          if (first === undefined) continue;
          if (first.sequence === expected + 1 && Buffer.compare(first.data, data) === 0)
            return first.sequence;
          throw new TributaryError(
            "posting-log-moved",
            `Another runner has written to ${log.name} behind message ${expected}.`,
          );
        }
        return undefined;
      } catch (fault) {
        if (codeOf(fault) === "posting-log-moved") throw fault;
      }
    }
  }

  #assertGoing(): void {
    if (this.#fault !== undefined) throw this.#fault.cause;
  }
}
