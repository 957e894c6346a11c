import { z } from "zod";
import { TributaryError } from "../../model/errors.ts";
import type { NumberedMessage, ProducerManifest, SourceHour } from "../../model/numbered-batch.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";

export const MANIFESTS_SPACE = "manifests";
/**
 * Sources and hours of an epoch whose counts differ: those that no manifest has named yet, mostly. Beyond it the oldest
 * are added up.
 */
export const MAX_DIFFERENCES = 16_384;

const integer = z.int();
const rowSchema = z.strictObject({
  producer: z.string(),
  epoch: integer,
  announced: integer,
  read: integer,
  folded: z.tuple([integer, integer]),
  /** null: it has announced that it will say so. */
  regions: z.array(z.tuple([z.string(), integer.nullable()])),
  differences: z.array(z.tuple([integer, z.string(), integer])),
});

/** Hour and source of a difference, and announced − read. */
interface Difference {
  readonly hourMs: number;
  readonly source: string;
  events: number;
}

interface Ledger {
  readonly key: number;
  readonly producer: string;
  readonly epoch: number;
  announced: number;
  read: number;
  /** Differences that were too many to keep apart: missing and unannounced events. */
  foldedMissing: number;
  foldedUnannounced: number;
  /** Up to where each region is complete (milliseconds); −Infinity before it was first said. */
  readonly regions: Map<string, number>;
  /** In the order in which they arose; those that are 0 are left out. */
  readonly differences: Map<string, Difference>;
}

/** What a producer's manifests say of an epoch, and what was read of it. */
export interface ManifestFigures {
  readonly producer: string;
  readonly epoch: number;
  readonly announced: number;
  readonly read: number;
  /** Events that were announced and did not come. */
  readonly missing: number;
  /** Events that came and are not announced yet. */
  readonly unannounced: number;
  /** Sources and hours of what is missing, the first ones. */
  readonly missingHours: readonly SourceHour[];
}

const MAX_MISSING_HOURS = 20;

/**
 * Compares what producers say they have sent with what was read, by source and hour. An epoch takes part from its first
 * manifest on. What agrees is forgotten, so that only hours under way, and what is lost, take room.
 */
export class ManifestLedger implements CheckpointParticipant {
  /** By producer: its latest epoch last. */
  readonly #producers = new Map<string, Ledger[]>();
  readonly #changed = new Set<Ledger>();
  readonly #removed = new Set<number>();
  #nextKey = 0;

  /** A batch whose number is new. */
  read(numbered: NumberedMessage): void {
    const ledger = this.#ledgerOf(numbered);
    if (ledger === undefined) return;
    for (const { source, hourMs, events } of numbered.sourceHours()) {
      ledger.read += events;
      addDifference(ledger, source, hourMs, -events);
    }
    this.#changed.add(ledger);
  }

  /**
   * A manifest whose number is new. Returns up to where its region is complete by all its producers' manifests
   * (milliseconds), −Infinity where one of them has not said so yet.
   */
  announce(numbered: NumberedMessage, manifest: ProducerManifest): number {
    const ledger = this.#ledgerOf(numbered) ?? this.#begin(numbered);
    for (const { source, hourMs, events } of manifest.counts) {
      ledger.announced += events;
      addDifference(ledger, source, hourMs, events);
    }
    const { region } = numbered;
    const before = ledger.regions.get(region) ?? Number.NEGATIVE_INFINITY;
    ledger.regions.set(region, Math.max(before, manifest.completeUpToMs ?? before));
    const completeMs = this.#completeMs(region);
    if (manifest.isLast) ledger.regions.delete(region);
    this.#changed.add(ledger);
    return completeMs;
  }

  *figures(): Generator<ManifestFigures> {
    for (const ledgers of this.#producers.values()) for (const ledger of ledgers) yield figuresOf(ledger);
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { key, value } of store.rows(MANIFESTS_SPACE)) {
      const ledger = readLedger(key, value);
      const ledgers = this.#producers.get(ledger.producer);
      if (ledgers === undefined) this.#producers.set(ledger.producer, [ledger]);
      else ledgers.push(ledger);
      this.#nextKey = key + 1;
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const key of this.#removed) rows.push({ space: MANIFESTS_SPACE, key, value: null });
    this.#removed.clear();
    for (const ledger of this.#changed)
      rows.push({ space: MANIFESTS_SPACE, key: ledger.key, value: writeLedger(ledger) });
    this.#changed.clear();
  }

  #ledgerOf({ producer, epoch }: NumberedMessage): Ledger | undefined {
    const current = this.#producers.get(producer)?.at(-1);
    return current?.epoch === epoch ? current : undefined;
  }

  #begin({ producer, epoch }: NumberedMessage): Ledger {
    const begun: Ledger = {
      key: this.#nextKey++,
      producer,
      epoch,
      announced: 0,
      read: 0,
      foldedMissing: 0,
      foldedUnannounced: 0,
      regions: new Map(),
      differences: new Map(),
    };
    const ledgers = this.#producers.get(producer) ?? [];
    const former = ledgers.at(-1);
    if (former !== undefined) {
      // What it has announced and not brought stays on record; the rest of it is of no use any more.
      former.regions.clear();
      const isSettled = figuresOf(former).missing === 0;
      if (isSettled) {
        ledgers.pop();
        this.#changed.delete(former);
        this.#removed.add(former.key);
      } else this.#changed.add(former);
    }
    ledgers.push(begun);
    this.#producers.set(producer, ledgers);
    return begun;
  }

  /** The least that the producers of a region say. */
  #completeMs(region: string): number {
    let completeMs = Number.POSITIVE_INFINITY;
    for (const ledgers of this.#producers.values())
      completeMs = Math.min(completeMs, ledgers.at(-1)?.regions.get(region) ?? Number.POSITIVE_INFINITY);
    return completeMs;
  }
}

function addDifference(ledger: Ledger, source: string, hourMs: number, events: number): void {
  const { differences } = ledger;
  const key = `${hourMs} ${source}`;
  const known = differences.get(key);
  if (known !== undefined) {
    known.events += events;
    if (known.events === 0) differences.delete(key);
    return;
  }
  differences.set(key, { hourMs, source, events });
  if (differences.size <= MAX_DIFFERENCES) return;
  for (const [oldest, difference] of differences) {
    if (difference.events > 0) ledger.foldedMissing += difference.events;
    else ledger.foldedUnannounced -= difference.events;
    differences.delete(oldest);
    return;
  }
}

function figuresOf(ledger: Ledger): ManifestFigures {
  const { producer, epoch, announced, read } = ledger;
  let missing = ledger.foldedMissing;
  let unannounced = ledger.foldedUnannounced;
  const missingHours: SourceHour[] = [];
  for (const { source, hourMs, events } of ledger.differences.values()) {
    if (events < 0) unannounced -= events;
    else {
      missing += events;
      if (missingHours.length < MAX_MISSING_HOURS) missingHours.push({ source, hourMs, events });
    }
  }
  return { producer, epoch, announced, read, missing, unannounced, missingHours };
}

/**
 * A stored row without its counts: who says what of which region. It holds a region's watermark as before, and compares no
 * events.
 */
export function withoutCounts(key: number, value: Uint8Array): Uint8Array {
  const ledger = readLedger(key, value);
  const none = { announced: 0, read: 0, foldedMissing: 0, foldedUnannounced: 0 };
  return writeLedger({ ...ledger, ...none, differences: new Map() });
}

function writeLedger(ledger: Ledger): Uint8Array {
  const { producer, epoch, announced, read, foldedMissing, foldedUnannounced, regions, differences } = ledger;
  const row: z.infer<typeof rowSchema> = {
    producer,
    epoch,
    announced,
    read,
    folded: [foldedMissing, foldedUnannounced],
    regions: [...regions].map(([region, timeMs]) => [region, Number.isFinite(timeMs) ? timeMs : null]),
    differences: [...differences.values()].map(({ hourMs, source, events }) => [hourMs, source, events]),
  };
  return new TextEncoder().encode(JSON.stringify(row));
}

function readLedger(key: number, value: Uint8Array): Ledger {
  try {
    const row = rowSchema.parse(JSON.parse(new TextDecoder().decode(value)));
    return {
      key,
      producer: row.producer,
      epoch: row.epoch,
      announced: row.announced,
      read: row.read,
      foldedMissing: row.folded[0],
      foldedUnannounced: row.folded[1],
      regions: new Map(row.regions.map(([region, timeMs]) => [region, timeMs ?? Number.NEGATIVE_INFINITY])),
      differences: new Map(
        row.differences.map(([hourMs, source, events]) => [
          `${hourMs} ${source}`,
          { hourMs, source, events },
        ]),
      ),
    };
  } catch (cause) {
    throw new TributaryError("state-corrupt", "A row of a producer's manifests can't be read.", { cause });
  }
}
