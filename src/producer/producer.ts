import { connectBroker, type BrokerConnection, type BrokerOptions } from "../ingest/jetstream/connection.ts";
import { openUsagePublisher } from "../ingest/jetstream/usage-publisher.ts";
import { MAX_EVENTS_PER_MESSAGE } from "../ingest/wire/limits.ts";
import { isProducerName } from "../ingest/wire/producer-name.ts";
import { messageOf, TributaryError } from "../model/errors.ts";
import { DEFAULT_PARTITION_COUNT, MAX_PARTITION_COUNT } from "../model/partition.ts";
import type { Commit, ProducerState } from "./commit.ts";
import { checkEvent, type UsageEvent } from "./events.ts";
import { OpenBatches, type Announcement } from "./open-batches.ts";
import { Sender } from "./sender.ts";
import { Spool } from "./spool.ts";

/** Events a batch: its fixed parts are then small change. */
const DEFAULT_BATCH_EVENTS = 4_096;
/** Events that are committed together at the latest, for each partition. */
const COMMIT_EVENTS_PER_PARTITION = 1_024;
const DEFAULT_LINGER_MS = 100;
/** Publications without their acknowledgement: fewer than a worker keeps contents and gaps of. */
const DEFAULT_WINDOW = 128;
const MAX_WINDOW = 256;
/** Bytes that are committed and not acknowledged; `send` waits at it. They are in memory and in the folder. */
const DEFAULT_UNSENT_BYTES = 64 * 1024 * 1024;
/** A NATS server's own limit is 1 MiB by default, headers included. */
const DEFAULT_MESSAGE_BYTES = 900 * 1024;
const REGION = /^[^.\s*>]+$/;

export interface ProducerOptions {
  /** Name of the producer: unique, and the same after a restart; 1 to 128 bytes of UTF-8. */
  readonly producer: string;
  /** One subject token: what the watermark goes by. Without manifests a folder may be opened in another region: a failover. */
  readonly region: string;
  /** Its own folder, on a disk that outlives the process. */
  readonly folder: string;
  /** How to reach the broker, or a connection, which stays the caller's. */
  readonly broker: BrokerOptions | BrokerConnection;
  /** The partition count of the streams; 16 by default. */
  readonly partitionCount?: number;
  /** Whether manifests are sent: `announce` needs it. */
  readonly manifests?: boolean;
  /** Events wait so long to be committed together, milliseconds. */
  readonly lingerMs?: number;
  readonly batchEvents?: number;
  readonly window?: number;
  readonly maxUnsentBytes?: number;
  readonly maxMessageBytes?: number;
  /** Epoch of a new folder; the clock's milliseconds by default. An integer greater than those that the name had before. */
  readonly epoch?: number;
  /** Called where a message was not stored and will be tried again. */
  readonly onRetry?: (fault: Error) => void;
}

/**
 * Sends usage so that each event counts once, also where this process or the broker dies in between.
 *
 * Events are committed together: batches with their numbers, and the caller's position, in one file that is flushed. Only
 * then are they published, and until they are acknowledged, by this process or the next one on the folder, always the
 * same bytes under the same number. So a caller that goes on behind `position` after a restart loses and doubles nothing.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #spool: Spool;
  readonly #batches: OpenBatches;
  readonly #sender: Sender;
  readonly #ownConnection: BrokerConnection | undefined;
  readonly #identity: Pick<ProducerState, "producer" | "region" | "partitionCount" | "epoch">;
  readonly #commitEvents: number;
  #committed: number;
  #position: string | null;
  /** Position behind the events that wait in `#batches`. */
  #openPosition: string | null;
  #unsentBytes = 0;
  #unsentMessages = 0;
  #linger: NodeJS.Timeout | undefined;
  /** What goes one after another: sends and commits. */
  #turn: Promise<void> = Promise.resolve();
  #isClosing = false;
  #fault: Error | undefined;
  #wake: (() => void)[] = [];

  private constructor(parts: {
    readonly options: ProducerOptions;
    readonly spool: Spool;
    readonly newest: Commit | undefined;
    readonly identity: Pick<ProducerState, "producer" | "region" | "partitionCount" | "epoch">;
    readonly connection: BrokerConnection;
    readonly ownConnection: BrokerConnection | undefined;
  }) {
    const { options, spool, newest, identity, connection } = parts;
    const { producer, region, partitionCount, epoch } = identity;
    this.#options = options;
    this.#spool = spool;
    this.#identity = identity;
    this.#ownConnection = parts.ownConnection;
    this.#batches = new OpenBatches(
      {
        producer,
        epoch,
        partitionCount,
        batchEvents: options.batchEvents ?? DEFAULT_BATCH_EVENTS,
        maxMessageBytes: options.maxMessageBytes ?? DEFAULT_MESSAGE_BYTES,
        manifests: options.manifests ?? false,
      },
      newest?.state,
    );
    this.#sender = new Sender({
      // One attempt each: the sender tries again for as long as it takes.
      publisher: openUsagePublisher(connection, { publishDeadlineMs: 1 }),
      producer,
      epoch,
      region,
      window: options.window ?? DEFAULT_WINDOW,
      onRetry: options.onRetry ?? (() => undefined),
    });
    this.#commitEvents = COMMIT_EVENTS_PER_PARTITION * partitionCount;
    this.#committed = newest?.number ?? 0;
    this.#position = newest?.state.position ?? null;
    this.#openPosition = this.#position;
  }

  /**
   * Opens the producer of a folder and sends what the former process left there. Throws `usage-invalid`, `state-locked`
   * (another process has the folder), `state-mismatch` (it is another producer's), `state-corrupt`, `broker-unreachable`.
   */
  static async open(options: ProducerOptions): Promise<Producer> {
    checkOptions(options);
    const { producer, region, partitionCount = DEFAULT_PARTITION_COUNT } = options;
    const { spool, newest, unsent } = await Spool.open(options.folder);
    let ownConnection: BrokerConnection | undefined;
    try {
      const epoch = newest?.state.epoch ?? options.epoch ?? Date.now();
      const identity = { producer, region, partitionCount, epoch };
      if (newest !== undefined) refuseOther(newest.state, identity, options.folder);
      if (!("jetstream" in options.broker)) ownConnection = await connectBroker(options.broker);
      const connection = "jetstream" in options.broker ? options.broker : ownConnection!;
      const opened = new Producer({ options, spool, newest, identity, connection, ownConnection });
      for (const commit of unsent) opened.#send(commit);
      return opened;
    } catch (error) {
      await spool.close();
      await ownConnection?.close();
      throw error;
    }
  }

  get epoch(): number {
    return this.#identity.epoch;
  }

  /**
   * The position that the last commit has: all events up to it are in the folder or acknowledged. Where a caller goes on
   * after a restart; null where nothing was committed, or no position was given.
   */
  get position(): string | null {
    return this.#position;
  }

  /** Messages and bytes that are committed and not acknowledged. */
  get unsent(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#unsentMessages, bytes: this.#unsentBytes };
  }

  /**
   * Takes events, all or none; `position` is where the caller stands behind them. Resolves when there is room, not when they
   * are stored: see `commit` and `flush`. Calls are taken in turn; either all come with a position or none does. Throws `usage-invalid` for an event that can't be sent,
   * and what ended the producer.
   */
  async send(events: readonly UsageEvent[], position?: string): Promise<void> {
    this.#assertOpen();
    for (const event of events) checkEvent(event);
    if (position === undefined && this.#openPosition !== null)
      throw new TributaryError("usage-invalid", "Where events come with a position, all of them do.");
    await this.#inTurn(async () => {
      await this.#room();
      for (const event of events) this.#batches.add(event);
      this.#openPosition = position ?? this.#openPosition;
      if (this.#batches.size >= this.#commitEvents) await this.#commit(undefined);
      else this.#startLinger();
    });
  }

  /** Resolves when all events taken so far are in the folder: the next process sends what this one does not. */
  async commit(): Promise<void> {
    this.#assertOpen();
    await this.#inTurn(() => this.#commit(undefined));
  }

  /** Resolves when the broker has acknowledged all events taken so far. */
  async flush(): Promise<void> {
    await this.commit();
    await this.#allAcknowledged();
  }

  /**
   * Says that no event before a time (milliseconds) is to come from this producer, and how many it has sent since it said so
   * last; `isLast`: that it sends nothing more in its region. Resolves when that is in the folder.
   */
  async announce(completeUpToMs: number, options: { readonly isLast?: boolean } = {}): Promise<void> {
    this.#assertOpen();
    if (this.#options.manifests !== true)
      throw new TributaryError("usage-invalid", "A producer announces only with the option `manifests`.");
    if (!Number.isInteger(completeUpToMs) || Number.isNaN(new Date(completeUpToMs).getTime()))
      throw new TributaryError("usage-invalid", "The time up to which events are complete is no time.");
    await this.#inTurn(() => this.#commit({ completeUpToMs, isLast: options.isLast ?? false }));
  }

  /**
   * Flushes and ends. With `flush: false` it only commits: what is not acknowledged stays in the folder for the next
   * process.
   */
  async close(options: { readonly flush?: boolean } = {}): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    // A `send` that waits for room ends with a fault: its events are not taken.
    this.#notify();
    try {
      if (this.#fault === undefined) {
        await this.#inTurn(() => this.#commit(undefined));
        if (options.flush ?? true) await this.#allAcknowledged();
      }
    } finally {
      clearTimeout(this.#linger);
      await this.#turn;
      await this.#sender.close();
      await this.#spool.close();
      await this.#ownConnection?.close();
    }
  }

  /** Makes what is open one commit, durable before any of it is published. */
  async #commit(announcement: Announcement | undefined): Promise<void> {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#batches.size === 0 && announcement === undefined && this.#openPosition === this.#position)
      return;
    try {
      const messages = this.#batches.close(announcement);
      const position = this.#openPosition;
      const state = { ...this.#identity, position, ...this.#batches.state() };
      const commit = { number: this.#committed + 1, state, messages };
      await this.#spool.append(commit);
      this.#committed = commit.number;
      this.#position = position;
      this.#send(commit);
    } catch (fault) {
      // Numbers are given and not committed: only a new start knows where the folder stands.
      this.#fail(fault);
      throw fault;
    }
  }

  #send(commit: Commit): void {
    const bytes = commit.messages.reduce((total, { data }) => total + data.length, 0);
    this.#unsentBytes += bytes;
    this.#unsentMessages += commit.messages.length;
    void this.#sendAll(commit, bytes);
  }

  async #sendAll({ number, messages }: Commit, bytes: number): Promise<void> {
    try {
      await this.#sender.send(messages);
      await this.#spool.acknowledge(number);
    } catch (fault) {
      this.#fail(fault);
    }
    this.#unsentBytes -= bytes;
    this.#unsentMessages -= messages.length;
    this.#notify();
  }

  async #allAcknowledged(): Promise<void> {
    while (this.#unsentMessages > 0 && this.#fault === undefined) await this.#change();
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #room(): Promise<void> {
    const most = this.#options.maxUnsentBytes ?? DEFAULT_UNSENT_BYTES;
    while (this.#unsentBytes >= most) {
      this.#assertOpen();
      await this.#change();
    }
    this.#assertOpen();
  }

  #startLinger(): void {
    if (this.#linger !== undefined) return;
    this.#linger = setTimeout(() => {
      // What goes wrong is what the next call throws.
      this.#inTurn(() => this.#commit(undefined)).catch(() => undefined);
    }, this.#options.lingerMs ?? DEFAULT_LINGER_MS);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Resolves at the next acknowledgement, fault or close. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
    });
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #fail(fault: unknown): void {
    this.#fault ??= fault instanceof Error ? fault : new TributaryError("internal-fault", messageOf(fault));
    this.#notify();
  }

  #assertOpen(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#isClosing) throw new TributaryError("usage-invalid", "The producer is closed.");
  }
}

function checkOptions(options: ProducerOptions): void {
  const invalid = (name: string): never => {
    throw new TributaryError("usage-invalid", `The producer's ${name} can't be that.`);
  };
  const within = (name: keyof ProducerOptions, least: number, most: number): void => {
    const value = options[name];
    if (value === undefined) return;
    if (!Number.isInteger(value) || Number(value) < least || Number(value) > most) invalid(name);
  };
  if (!isProducerName(options.producer)) invalid("producer");
  if (!REGION.test(options.region)) invalid("region");
  within("partitionCount", 1, MAX_PARTITION_COUNT);
  within("batchEvents", 1, MAX_EVENTS_PER_MESSAGE);
  within("window", 1, MAX_WINDOW);
  within("lingerMs", 0, 2 ** 31 - 1);
  within("maxUnsentBytes", 1, Number.MAX_SAFE_INTEGER);
  within("maxMessageBytes", 1, 2 ** 31 - 1);
  within("epoch", 1, Number.MAX_SAFE_INTEGER);
}

/**
 * A folder goes on as the same producer. It may go on in another region, whose broker takes in what this one's did not
 * acknowledge: numbers are the producer's, wherever they come in. Not with manifests: the region left behind would wait for its word.
 */
function refuseOther(
  stored: ProducerState,
  wanted: Pick<ProducerState, "producer" | "region" | "partitionCount">,
  folder: string,
): void {
  const fixed = ["producer", "partitionCount", ...(stored.manifests ? (["region"] as const) : [])] as const;
  for (const name of fixed)
    if (stored[name] !== wanted[name])
      throw new TributaryError(
        "state-mismatch",
        `${folder} is of a producer with ${name} ${stored[name]}, not ${wanted[name]}.`,
      );
}
