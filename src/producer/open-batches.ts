import { COLUMNAR_TYPE, MANIFEST_TYPE } from "../model/content-types.ts";
import { TributaryError } from "../model/errors.ts";
import type { ProducerManifest, SourceHour } from "../model/numbered-batch.ts";
import { partitionOf } from "../model/partition.ts";
import { encodeNumberedBatch } from "../ingest/wire/columnar-encoder.ts";
import { encodeManifest } from "../ingest/wire/manifest-body.ts";
import { MAX_MANIFEST_COUNTS } from "../ingest/wire/limits.ts";
import type { CommittedMessage, ProducerState } from "./commit.ts";
import type { UsageEvent } from "./events.ts";

const HOUR_MS = 3_600_000;
/** Accounts whose partition is kept; beyond it all are forgotten and found anew. */
const MAX_KNOWN_ACCOUNTS = 1_000_000;

export interface OpenBatchesOptions {
  readonly producer: string;
  readonly epoch: number;
  readonly partitionCount: number;
  readonly batchEvents: number;
  readonly maxMessageBytes: number;
  readonly manifests: boolean;
}

/** What a manifest says beside its counts; none: only batches are closed. */
export type Announcement = Pick<ProducerManifest, "completeUpToMs" | "isLast">;

/** Groups events by partition and makes numbered messages of them. */
export class OpenBatches {
  readonly #options: OpenBatchesOptions;
  readonly #rows: UsageEvent[][];
  readonly #next: number[];
  /** Events that no manifest has announced, by partition. */
  readonly #counts: Map<string, { source: string; hourMs: number; events: number }>[];
  readonly #partitions = new Map<string, number>();
  /** Whether each partition's numbering has an opening manifest, from which on events are counted. */
  #isAnnouncing: boolean;
  #size = 0;

  constructor(options: OpenBatchesOptions, state: ProducerState | undefined) {
    this.#options = options;
    const partitions = Array.from({ length: options.partitionCount }, (_, partition) => partition);
    this.#rows = partitions.map(() => []);
    this.#next = partitions.map((partition) => state?.next[partition] ?? 1);
    this.#isAnnouncing = options.manifests && state?.manifests === true;
    this.#counts = partitions.map(() => new Map());
    if (this.#isAnnouncing)
      for (const [partition, source, hourMs, events] of state?.counts ?? [])
        this.#count(partition, source, hourMs, events);
  }

  /** Events that wait to be closed. */
  get size(): number {
    return this.#size;
  }

  add(event: UsageEvent): void {
    this.#rows[this.#partitionOf(event.account)]!.push(event);
    this.#size += 1;
  }

  /**
   * Closes all batches; with an announcement, a manifest follows in each partition. Throws RangeError for events that no
   * message can hold.
   */
  close(announcement: Announcement | undefined): CommittedMessage[] {
    const messages: CommittedMessage[] = [];
    const { manifests } = this.#options;
    this.#rows.forEach((rows, partition) => {
      if (manifests && !this.#isAnnouncing)
        messages.push(this.#manifest(partition, { completeUpToMs: undefined, counts: [], isLast: false }));
      // Ids are of all events of a batch or of none.
      for (const hasId of [true, false]) {
        const alike = rows.filter(({ id }) => (id !== undefined) === hasId);
        for (let from = 0; from < alike.length; from += this.#options.batchEvents)
          this.#addBatches(messages, partition, alike.slice(from, from + this.#options.batchEvents));
      }
      if (manifests)
        for (const { source, timeMs } of rows)
          this.#count(partition, source, Math.floor(timeMs / HOUR_MS) * HOUR_MS, 1);
      if (announcement !== undefined) this.#addManifests(messages, partition, announcement);
      this.#rows[partition] = [];
    });
    this.#isAnnouncing = manifests;
    this.#size = 0;
    return messages;
  }

  /** What has to be known to go on behind the last `close`. */
  state(): Pick<ProducerState, "next" | "manifests" | "counts"> {
    const counts = this.#counts.flatMap((hours, partition) =>
      [...hours.values()].map(({ source, hourMs, events }): [number, string, number, number] => [
        partition,
        source,
        hourMs,
        events,
      ]),
    );
    return { next: [...this.#next], manifests: this.#isAnnouncing, counts };
  }

  #partitionOf(account: string): number {
    let partition = this.#partitions.get(account);
    if (partition === undefined) {
      if (this.#partitions.size >= MAX_KNOWN_ACCOUNTS) this.#partitions.clear();
      partition = partitionOf(account, this.#options.partitionCount);
      this.#partitions.set(account, partition);
    }
    return partition;
  }

  /** One batch, or halves of it where it is too large for a message. */
  #addBatches(messages: CommittedMessage[], partition: number, rows: readonly UsageEvent[]): void {
    const { producer, epoch, maxMessageBytes } = this.#options;
    const sequence = this.#next[partition]!;
    const data = encodeNumberedBatch({ producer, epoch, sequence }, rows);
    if (data.length > maxMessageBytes) {
      const half = rows.length >> 1;
      if (half === 0)
        throw new TributaryError("usage-invalid", `An event of ${data.length} bytes fits no message.`);
      this.#addBatches(messages, partition, rows.slice(0, half));
      this.#addBatches(messages, partition, rows.slice(half));
      return;
    }
    this.#next[partition] = sequence + 1;
    messages.push({ partition, sequence, contentType: COLUMNAR_TYPE, data, isBarrier: false });
  }

  #addManifests(messages: CommittedMessage[], partition: number, announcement: Announcement): void {
    const counts = [...this.#counts[partition]!.values()];
    this.#counts[partition]!.clear();
    for (let from = 0; from + MAX_MANIFEST_COUNTS < counts.length; from += MAX_MANIFEST_COUNTS) {
      const some = counts.splice(0, MAX_MANIFEST_COUNTS);
      messages.push(this.#manifest(partition, { completeUpToMs: undefined, counts: some, isLast: false }));
    }
    messages.push(this.#manifest(partition, { ...announcement, counts }));
  }

  #manifest(partition: number, manifest: ProducerManifest): CommittedMessage {
    const { producer, epoch } = this.#options;
    const sequence = this.#next[partition]!;
    this.#next[partition] = sequence + 1;
    const data = encodeManifest({ producer, epoch, sequence }, manifest);
    return { partition, sequence, contentType: MANIFEST_TYPE, data, isBarrier: true };
  }

  #count(partition: number, source: string, hourMs: number, events: number): void {
    const counts = this.#counts[partition]!;
    const key = `${hourMs} ${source}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { source, hourMs, events } satisfies SourceHour);
    else known.events += events;
  }
}
