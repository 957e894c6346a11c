import { build, type Histogram } from "hdr-histogram-js";
import type { PublishedMessage } from "./staged-load.ts";

const HIGHEST_MICROSECONDS = 600_000_000;
const SIGNIFICANT_DIGITS = 3;
const MICROSECONDS_PER_MS = 1_000;
/** Percentiles of a plot, each with half as many events beyond it as the one before, or about so. */
export const PLOTTED_PERCENTILES = [
  0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.75, 99.9, 99.95, 99.99,
  99.999, 100,
] as const;

/** Latency by percentile, milliseconds. */
export type LatencyCurve = readonly { readonly percentile: number; readonly ms: number }[];

/** Takes messages when they are due and positions when they are committed; counts each event with its message's latency. */
export class LatencyRecorder {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROSECONDS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
  /** By partition, in the order of sequences. */
  readonly #waiting: PublishedMessage[][];
  #waitingEvents = 0;

  constructor(partitionCount: number) {
    this.#waiting = Array.from({ length: partitionCount }, () => []);
  }

  published(message: PublishedMessage): void {
    this.#waiting[message.partition]!.push(message);
    this.#waitingEvents += message.events;
  }

  /** All messages of a partition up to the sequence are durable at `nowMs`. */
  committed(partition: number, sequence: number, nowMs: number): void {
    const waiting = this.#waiting[partition]!;
    let done = 0;
    while (done < waiting.length && waiting[done]!.sequence <= sequence) {
      const { events, dueMs } = waiting[done]!;
      const microseconds = Math.max(0, Math.round((nowMs - dueMs) * MICROSECONDS_PER_MS));
      this.#histogram.recordValueWithCount(Math.min(microseconds, HIGHEST_MICROSECONDS), events);
      this.#waitingEvents -= events;
      done++;
    }
    if (done > 0) waiting.splice(0, done);
  }

  /** Partitions with messages that are not durable yet. */
  get pendingPartitions(): number[] {
    return this.#waiting.flatMap((waiting, partition) => (waiting.length > 0 ? [partition] : []));
  }

  get waitingEvents(): number {
    return this.#waitingEvents;
  }

  get events(): number {
    return this.#histogram.totalCount;
  }

  percentileMs(percentile: number): number {
    return this.#histogram.getValueAtPercentile(percentile) / MICROSECONDS_PER_MS;
  }

  curve(): LatencyCurve {
    return PLOTTED_PERCENTILES.map((percentile) => ({ percentile, ms: this.percentileMs(percentile) }));
  }
}
