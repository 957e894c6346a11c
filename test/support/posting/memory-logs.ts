import { TributaryError } from "../../../src/model/errors.ts";
import type { LogMessage, LogReader } from "../../../src/model/log.ts";
import type { CommandLog, PostingLog } from "../../../src/model/posting-log.ts";
import type { PostingCommand } from "../../../src/model/posting.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimProcess } from "./sim-process.ts";

const CREATED_AT = "2026-03-01T00:00:00.000000001Z";

/** A stream of the broker in memory. */
export class MemoryStream {
  readonly name: string;
  readonly messages: LogMessage[] = [];
  readonly #clock: SimClock;
  readonly #createdAt: string;
  #listeners = new Set<() => void>();

  constructor(name: string, clock: SimClock, createdAt = CREATED_AT) {
    this.name = name;
    this.#clock = clock;
    this.#createdAt = createdAt;
  }

  store(data: Uint8Array, { subject = this.name, contentType = "application/json" } = {}): number {
    const sequence = this.messages.length + 1;
    this.messages.push({
      sequence,
      subject,
      contentType,
      // A broker tells whole milliseconds.
      arrivalMs: Math.floor(this.#clock.nowMs()),
      data,
    });
    for (const listener of this.#listeners) listener();
    return sequence;
  }

  identity() {
    return { createdAt: this.#createdAt, firstSequence: 1, lastSequence: this.messages.length };
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function queueCommands(stream: MemoryStream, commands: readonly PostingCommand[]): void {
  stream.store(Buffer.from(JSON.stringify(commands)));
}

/** COMMANDS as a process reads it. */
export function commandLog(stream: MemoryStream, process: SimProcess, clock: SimClock): CommandLog {
  return {
    name: stream.name,
    identity: () => process.call(() => Promise.resolve(stream.identity())),
    openReader: (firstSequence) =>
      process.call(() => Promise.resolve(new MemoryReader(stream, process, clock, firstSequence))),
  };
}

const RUN = 20;

/** Reads a stream as a process; ends with a fault where `nextFault` gives one. */
export class MemoryReader implements LogReader {
  readonly ended: Promise<void>;
  caughtUp = false;
  pendingCount = 0;
  readonly #stream: MemoryStream;
  readonly #process: SimProcess;
  readonly #clock: SimClock;
  readonly #nextFault: () => Error | undefined;
  #next: number;
  #isStopped = false;
  #isDelivering = false;
  #end!: (fault?: unknown) => void;
  #unlisten: (() => void) | undefined;

  constructor(
    stream: MemoryStream,
    process: SimProcess,
    clock: SimClock,
    firstSequence: number,
    nextFault: () => Error | undefined = () => undefined,
  ) {
    this.#nextFault = nextFault;
    this.#stream = stream;
    this.#process = process;
    this.#clock = clock;
    this.#next = firstSequence;
    this.ended = new Promise((resolve, reject) => {
      this.#end = (fault) => {
        if (fault === undefined) resolve();
        else reject(fault instanceof Error ? fault : new Error("the reader failed"));
      };
    });
  }

  start(deliver: (messages: readonly LogMessage[]) => Promise<void>): void {
    const pump = async (): Promise<void> => {
      if (this.#isDelivering) return;
      this.#isDelivering = true;
      try {
        for (;;) {
          const run = this.#stream.messages.slice(this.#next - 1, this.#next - 1 + RUN);
          if (run.length === 0 || this.#isStopped) break;
          await this.#process.call(() => this.#clock.delay(1));
          if (this.#isStopped) break;
          this.caughtUp = false;
          const fault = this.#nextFault();
          if (fault !== undefined) throw fault;
          await deliver(run);
          this.#next += run.length;
          this.caughtUp = this.#next > this.#stream.messages.length;
        }
        this.caughtUp = true;
      } catch (fault) {
        this.#end(fault);
      } finally {
        this.#isDelivering = false;
        if (this.#isStopped) this.#end();
      }
    };
    this.#unlisten = this.#stream.listen(() => void pump());
    void pump();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unlisten?.();
    if (!this.#isDelivering) this.#end();
    await this.ended.catch(() => undefined);
  }

  acknowledge(): void {}
}

/** How an append goes wrong. */
export type AppendFault = "lost-before" | "lost-after" | undefined;

export interface PostingLogOptions {
  readonly stream: MemoryStream;
  readonly process: SimProcess;
  readonly clock: SimClock;
  readonly latencyMs: number;
  readonly nextFault: () => AppendFault;
}

/** POSTINGS as a process writes it: refused where the last sequence is another one. */
export function postingLog(options: PostingLogOptions): PostingLog {
  const { stream, process, clock, latencyMs, nextFault } = options;
  const unknown = (): TributaryError => new TributaryError("posting-append-unknown", "no acknowledgement");
  return {
    name: stream.name,
    identity: () => process.call(() => Promise.resolve(stream.identity())),
    async *readFrom(firstSequence) {
      const last = stream.messages.length;
      for (let next = firstSequence; next <= last; next += RUN) {
        const page = await process.call(() =>
          Promise.resolve(stream.messages.slice(next - 1, Math.min(last, next - 1 + RUN))),
        );
        yield page;
      }
    },
    append: (data, expectedLastSequence) =>
      process.call(async () => {
        const fault = nextFault();
        await clock.delay(latencyMs / 2);
        if (fault === "lost-before") throw unknown();
        if (stream.messages.length !== expectedLastSequence)
          throw new TributaryError("posting-log-moved", "another runner has written");
        const sequence = stream.store(data.slice());
        await clock.delay(latencyMs / 2);
        if (fault === "lost-after") throw unknown();
        return sequence;
      }),
  };
}
