import type { Clock } from "../../model/clock.ts";
import { TributaryError } from "../../model/errors.ts";
import type { LogMessage, LogReader } from "../../model/log.ts";
import type { CommandLog } from "../../model/posting-log.ts";
import type { CommandMessage, PostingStore } from "../../model/posting-store.ts";
import type { PostingCommand } from "../../model/posting.ts";
import type { ErpSink } from "../erp/erp-sink.ts";
import { readCommands } from "./posting-chain.ts";
import { assertSameStream } from "./posting-replay.ts";

/** Commands taken in by one transaction: a few milliseconds of the event loop. */
const MAX_SLICE = 50;

export interface CommandIntakeOptions {
  readonly connection: string;
  readonly log: CommandLog;
  readonly store: PostingStore;
  readonly sink: Pick<ErpSink, "plan">;
  readonly clock: Clock;
  /** Told when commands were taken in. */
  readonly onCommands: () => void;
}

interface Waiting {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

/** Reads COMMANDS into the store, a slice at a time: what waits is on disk, and in memory only what one pull brings. */
export class CommandIntake {
  readonly #options: CommandIntakeOptions;
  readonly #reader: LogReader;
  readonly #createdAt: string;
  /** Rejects with the fault that ended it; resolves after `stop`. */
  readonly ended: Promise<void>;
  #waiting: Waiting[] = [];
  #end: { readonly fault: unknown } | undefined;

  private constructor(options: CommandIntakeOptions, reader: LogReader, createdAt: string) {
    this.#options = options;
    this.#reader = reader;
    this.#createdAt = createdAt;
    reader.start((messages) => this.#take(messages));
    this.ended = this.#watch();
    // Who awaits it is told all the same.
    this.ended.catch(() => undefined);
  }

  /** Begins to read behind what the store has; `last` is the last command stored at the time. */
  static async open(
    options: CommandIntakeOptions,
  ): Promise<{ readonly intake: CommandIntake; readonly last: number }> {
    const { log, store } = options;
    const identity = await log.identity();
    const { commandSequence: sequence, commandsCreatedAt: createdAt } = store.position();
    assertSameStream(log.name, identity, { createdAt, sequence });
    const reader = await log.openReader(sequence + 1);
    return { intake: new CommandIntake(options, reader, identity.createdAt), last: identity.lastSequence };
  }

  /** Resolves when the message of that sequence, and all before it, are in the store. */
  reached(sequence: number): Promise<void> {
    if (this.#options.store.position().commandSequence >= sequence) return Promise.resolve();
    if (this.#end !== undefined) return Promise.reject(this.#end.fault);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sequence, resolve, reject });
    });
  }

  async stop(): Promise<void> {
    await this.#reader.stop();
    await this.ended.catch(() => undefined);
  }

  async #take(messages: readonly LogMessage[]): Promise<void> {
    const { store, clock, onCommands } = this.#options;
    let slice: CommandMessage[] = [];
    let commands = 0;
    const flush = (): void => {
      store.addCommands(slice, this.#createdAt);
      slice = [];
      commands = 0;
      onCommands();
      this.#tellReached();
    };
    for (const message of messages) {
      const read = this.#read(message);
      slice.push(read);
      commands += read.commands.length;
      if (commands < MAX_SLICE) continue;
      flush();
      await clock.yieldTurn();
    }
    if (slice.length > 0) flush();
    this.#reader.acknowledge(store.position().commandSequence);
  }

  async #watch(): Promise<void> {
    try {
      await this.#reader.ended;
      this.#finish(new TributaryError("internal-fault", "Commands are not read any more."));
    } catch (fault) {
      this.#finish(fault);
      throw fault;
    }
  }

  #read(message: LogMessage): CommandMessage {
    const { connection } = this.#options;
    return {
      sequence: message.sequence,
      arrivalMs: message.arrivalMs,
      commands: readCommands(message, connection).map((command) => ({
        command,
        externalId: this.#externalId(command),
      })),
    };
  }

  /** Null for what can't be said in this ERP: it is never sent, and so never found there. */
  #externalId(command: PostingCommand): string | null {
    try {
      return this.#options.sink.plan(command).externalId;
    } catch {
      return null;
    }
  }

  #tellReached(): void {
    const { commandSequence } = this.#options.store.position();
    const reached = this.#waiting.filter(({ sequence }) => sequence <= commandSequence);
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > commandSequence);
    for (const { resolve } of reached) resolve();
  }

  #finish(fault: unknown): void {
    this.#end = { fault };
    for (const { reject } of this.#waiting.splice(0)) reject(fault);
  }
}
