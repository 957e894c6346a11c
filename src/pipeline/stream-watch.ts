import type { Clock } from "../model/clock.ts";
import type { PartitionStore } from "../model/store.ts";
import type { PartitionStreams, RegionSource, StreamCondition } from "../model/stream-condition.ts";
import { numberingOffsetOf } from "./accepted-gaps.ts";
import { type RetentionMargin, retentionMargin } from "./retention-margin.ts";
import { storedAbout } from "./stored-about.ts";

/** What the last look at a partition's streams found. */
export interface StreamFigures {
  /** Of the usage stream: of what is not committed. Undefined where no limit removes messages. */
  readonly usage: RetentionMargin | undefined;
  /** Of the control stream: all of its records have to stay, since no state can be rebuilt without them. */
  readonly control: RetentionMargin | undefined;
  readonly sources: readonly RegionSource[];
}

export interface StreamWatchOptions {
  readonly clock: Clock;
  readonly streams: PartitionStreams;
  readonly store: Pick<PartitionStore, "load" | "rows">;
  /** Pause between two looks. */
  readonly intervalMs: number;
  /** Told after each look. */
  readonly onLook: (figures: StreamFigures) => void;
}

/**
 * Looks at a partition's streams now and then, also while the partition does not run: a limit that removes messages does
 * not wait for it. What can't be looked at is looked at again; the figures of the last look stay until then.
 */
export class StreamWatch {
  readonly #options: StreamWatchOptions;
  #figures: StreamFigures | undefined;
  #last: { readonly sequence: number; readonly atMs: number } | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = true;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
  }

  /** Undefined before the first look. */
  get figures(): StreamFigures | undefined {
    return this.#figures;
  }

  /** Begins to look; a second call does nothing. */
  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    try {
      const figures = await this.#look();
      // A look that ends after the stop finds nobody to tell.
      if (this.#stopped()) return;
      this.#figures = figures;
      this.#options.onLook(figures);
    } catch {
      // The connection's own watch tells of a broker that does not answer, the pipeline of a stream that is gone.
    }
    if (this.#stopped()) return;
    this.#cancel = this.#options.clock.schedule(this.#options.intervalMs, () => {
      void this.#run();
    });
  }

  #stopped(): boolean {
    return this.#isStopped;
  }

  async #look(): Promise<StreamFigures> {
    const { streams, store, clock } = this.#options;
    // Before the stream is asked: what is committed meanwhile makes the margin no smaller.
    const committed = store.load()?.position.usageSequence ?? 0;
    const neededSequence = Math.max(1, committed + 1 - numberingOffsetOf(storedAbout(store).gaps));
    const { condition, sources } = await streams.usage();
    const hasToStay = neededSequence <= condition.lastSequence;
    const neededSinceMs =
      condition.maxAgeMs === undefined || !hasToStay
        ? undefined
        : neededSequence <= condition.firstSequence
          ? condition.firstArrivalMs
          : await streams.usageArrivalMs(neededSequence);
    const nowMs = clock.nowMs();
    const usage = retentionMargin({
      condition,
      neededSequence,
      neededSinceMs,
      nowMs,
      arrivalsPerSecond: this.#arrivals(condition),
    });
    return { usage, control: await this.#control(nowMs), sources };
  }

  /** Records come by decisions, not at a rate: no time is told for them, except by age. */
  async #control(nowMs: number): Promise<RetentionMargin | undefined> {
    const condition = await this.#options.streams.control();
    return retentionMargin({
      condition,
      neededSequence: 1,
      neededSinceMs: condition.firstArrivalMs,
      nowMs,
      arrivalsPerSecond: undefined,
    });
  }

  #arrivals({ lastSequence }: StreamCondition): number | undefined {
    const before = this.#last;
    const atMs = this.#options.clock.monotonicMs();
    this.#last = { sequence: lastSequence, atMs };
    if (before === undefined || atMs <= before.atMs) return undefined;
    return Math.max(0, ((lastSequence - before.sequence) * 1000) / (atMs - before.atMs));
  }
}
