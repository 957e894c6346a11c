import { KEY_WORDS, type KeySegments } from "../../model/key-segments.ts";
import { KEY_SPACES, SEGMENT_SPACES } from "../../model/segment-identity.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { HotKeys } from "./hot-keys.ts";
import { KeyGeneration } from "./key-generation.ts";
import { hasChecksum, hasChecksumOf, MessagePlace, placeIn, type FirstPlace } from "./key-records.ts";
import { RecordChunks } from "./record-chunks.ts";
import { SealedKeys } from "./sealed-keys.ts";
import { SEALING_LIMITS, type SealingLimits } from "./sealing-policy.ts";

/** What `probeAndInsert` found. */
export const KeyVerdict = { new: 0, samePayload: 1, otherPayload: 2 } as const;
export type KeyVerdict = (typeof KeyVerdict)[keyof typeof KeyVerdict];

/**
 * A generation is this part of the horizon: keys live up to a quarter longer than they must, and a new key is looked for
 * in five or six generations.
 */
const GENERATIONS_PER_HORIZON = 4;

export interface KeyTableOptions {
  /** How long a key is remembered after its arrival, milliseconds, at least; an integer ≥ 1. */
  readonly horizonMs: number;
  /** Where keys are sealed; without it all of them stay in memory. */
  readonly segments?: KeySegments | undefined;
  /** Only tests give others. */
  readonly sealing?: SealingLimits | undefined;
}

/**
 * Exact deduplication by 128-bit key. Keys are kept by generations of arrival time; a generation is dropped whole at the
 * first event that arrives at or after its end + horizon. Nothing depends on batches, checkpoints, or on which keys are
 * sealed: that is decided when a checkpoint is collected, and changes only where a key is found.
 *
 * A generation's spaces are named by its start and length, so that one that was made under another horizon keeps its
 * bounds.
 */
export class KeyTable implements CheckpointParticipant {
  readonly #segments: KeySegments | undefined;
  readonly #limits: SealingLimits;
  #horizonMs: number;
  #lengthMs: number;
  /** Newest first. */
  #generations: KeyGeneration[] = [];
  /** The parts of all generations that are in memory, and what is sealed of them. */
  #inMemory: readonly HotKeys[] = [];
  readonly #sealed = new SealedKeys();
  readonly #memory = new RecordChunks();
  /** The generation of the message under way, once a key of it was inserted. */
  #current: KeyGeneration | undefined;
  /** When the message under way arrived, and where it stands in the log. */
  #arrivalMs = 0;
  readonly #place = new MessagePlace();
  /** No generation is to be dropped before this arrival. */
  #nextExpiryMs = Infinity;
  /** Dropped since the last checkpoint. */
  #expired: KeyGeneration[] = [];
  /** Takes what `prepare` read, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);

  constructor(options: KeyTableOptions) {
    this.#horizonMs = options.horizonMs;
    this.#lengthMs = Math.ceil(options.horizonMs / GENERATIONS_PER_HORIZON);
    this.#segments = options.segments;
    this.#limits = options.sealing ?? SEALING_LIMITS;
  }

  /** Remembered keys. */
  get size(): number {
    return this.#generations.reduce((total, generation) => total + generation.size, 0);
  }

  /** Those of them that are in segment files. */
  get sealedSize(): number {
    return this.#generations.reduce((total, generation) => total + generation.sealedSize, 0);
  }

  /** Bytes allocated: records and index of the keys in memory, filters and block indexes of the others. */
  get bytes(): number {
    return this.#generations.reduce((total, generation) => total + generation.bytes, this.#memory.bytes);
  }

  /** The part of `bytes` that the sealed keys cost. */
  get sealedBytes(): number {
    return this.#generations.reduce((total, generation) => total + generation.sealedBytes, 0);
  }

  /** Segment files that a probe may have to look into. */
  get segmentCount(): number {
    return this.#generations.reduce((total, { segments }) => total + segments.length, 0);
  }

  /** Sets another horizon from the next event on. Keys that were dropped already stay forgotten. */
  setHorizon(horizonMs: number): void {
    this.#horizonMs = horizonMs;
    this.#lengthMs = Math.ceil(horizonMs / GENERATIONS_PER_HORIZON);
    this.#current = undefined;
    this.#scheduleExpiry();
  }

  /**
   * Begins the events of a message: they arrived at `arrivalMs`, at `sequence` of the log. Messages come in the order of the
   * log. Throws `internal-fault` for a sequence that no record can hold.
   */
  beginMessage(arrivalMs: number, sequence: number): void {
    if (arrivalMs >= this.#nextExpiryMs) this.#expire(arrivalMs);
    this.#arrivalMs = arrivalMs;
    this.#place.setSequence(sequence);
    const current = this.#current;
    if (current !== undefined && !(arrivalMs >= current.startMs && arrivalMs < current.endMs))
      this.#current = undefined;
  }

  /**
   * Looks for the key of a row of the message and adds it where it is new. Four words of `keys` and two of `checksums` are a
   * row; `index` is the event's place in its message. Returns 0 for a new key, 1 for a known one with the same checksum, 2
   * for a known one with another checksum. Throws `state-corrupt` where the file that may hold it is damaged.
   *
   * All arguments are small integers or arrays: the compiler would allocate every other number that it passes to a function.
   */
  probeAndInsert(keys: Uint32Array, checksums: Uint32Array, row: number, index: number): KeyVerdict {
    const offset = row * KEY_WORDS;
    const parts = this.#inMemory;
    for (let i = 0; i < parts.length; i++) {
      const { records } = parts[i]!;
      const number = parts[i]!.find(keys, offset);
      if (number !== -1) return verdictOf(records.hasChecksumOf(number, checksums, row));
    }
    const sealed = this.#sealed.find(keys, offset);
    if (sealed !== -1) return verdictOf(hasChecksumOf(this.#sealed.words, sealed, checksums, row));
    const { hot } = this.#current ?? this.#generationAt(this.#arrivalMs);
    const isFirst = hot.records.count === 0;
    // An empty one has not been searched; insertMissing goes by the last search.
    if (isFirst) hot.find(keys, offset);
    hot.insertMissing(keys, checksums, row, this.#place, index);
    if (isFirst) this.#noteParts();
    return KeyVerdict.new;
  }

  /**
   * Prepares the next probes: call it with a run of up to a few thousand rows of a key column (four words a row) before
   * probing them, and leave the column as it is until then. What is in memory is brought into the processor's caches: the
   * memory accesses of one short loop overlap, those of probe after probe wait for each other. What may be in files is read,
   * in their order. It changes nothing but the speed.
   */
  prepare(keys: Uint32Array, firstRow: number, rowCount: number): void {
    for (const part of this.#inMemory) this.#touched[0]! ^= part.touch(keys, firstRow, rowCount);
    this.#sealed.prepare(keys, firstRow, rowCount);
  }

  /** Place of the first event with a key (four words from `offset`), undefined where it is not remembered. */
  firstOf(keys: Uint32Array, offset = 0): FirstPlace | undefined {
    for (const part of this.#inMemory) {
      const number = part.find(keys, offset);
      if (number !== -1) return part.records.placeOf(number);
    }
    // Not what was prepared: who asks for one key may have written another one into the same words.
    const key = keys.slice(offset, offset + KEY_WORDS);
    const sealed = this.#sealed.find(key, 0);
    return sealed === -1 ? undefined : placeIn(this.#sealed.words, sealed);
  }

  /**
   * The same, with whether its payload has a checksum: what a retraction is compared with. Nothing is added.
   * @param keys four words, of a column of their own: they have not been prepared
   */
  compareFirst(
    keys: Uint32Array,
    checksumLow: number,
    checksumHigh: number,
  ): (FirstPlace & { readonly isSame: boolean }) | undefined {
    for (const part of this.#inMemory) {
      const number = part.find(keys, 0);
      if (number === -1) continue;
      const { records } = part;
      return { ...records.placeOf(number), isSame: records.hasChecksum(number, checksumLow, checksumHigh) };
    }
    const sealed = this.#sealed.find(keys, 0);
    if (sealed === -1) return undefined;
    const { words } = this.#sealed;
    return { ...placeIn(words, sealed), isSame: hasChecksum(words, sealed, checksumLow, checksumHigh) };
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    const names = [...store.spaces(KEY_SPACES), ...store.spaces(SEGMENT_SPACES)];
    const generations = new Map<string, KeyGeneration>();
    for (const space of names) {
      const name = space.slice(space.indexOf("/"));
      if (!generations.has(name)) generations.set(name, KeyGeneration.named(space, this.#memory));
    }
    this.#generations = [...generations.values()];
    for (const generation of this.#generations)
      yield* generation.restoreInSlices(store, this.#segments, budget);
    this.#sort();
    const named = this.#generations.flatMap(({ segments }) => segments.map(({ number }) => number));
    this.#segments?.writer?.keepOnly(new Set(named));
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[]): void {
    const writer = this.#segments?.writer;
    for (const generation of this.#expired) generation.drop(clearedSpaces, writer);
    this.#expired = [];
    for (const generation of this.#generations.toReversed()) generation.collect(rows, writer);
    if (writer === undefined) return;
    for (const generation of this.#generations)
      generation.beginSealing(writer, this.#limits, generation !== this.#generations[0]);
    this.#noteParts();
  }

  #generationAt(arrivalMs: number): KeyGeneration {
    const startMs = Math.floor(arrivalMs / this.#lengthMs) * this.#lengthMs;
    const endMs = startMs + this.#lengthMs;
    let generation = this.#generations.find((each) => each.startMs === startMs && each.endMs === endMs);
    if (generation === undefined) {
      generation = new KeyGeneration(startMs, endMs, this.#memory);
      this.#generations.push(generation);
      this.#sort();
    }
    this.#current = generation;
    return generation;
  }

  #expire(arrivalMs: number): void {
    const isExpired = (generation: KeyGeneration): boolean => generation.endMs + this.#horizonMs <= arrivalMs;
    this.#expired.push(...this.#generations.filter(isExpired));
    this.#generations = this.#generations.filter((generation) => !isExpired(generation));
    this.#current = undefined;
    this.#scheduleExpiry();
    this.#noteParts();
  }

  #sort(): void {
    this.#generations.sort((a, b) => b.startMs - a.startMs || b.endMs - a.endMs);
    this.#scheduleExpiry();
    this.#noteParts();
  }

  /** To be called where a generation, a part of one or a segment came or went. */
  #noteParts(): void {
    this.#inMemory = this.#generations.flatMap(({ inMemory }) => inMemory);
    this.#sealed.use(this.#generations.flatMap(({ segments }) => segments));
  }

  #scheduleExpiry(): void {
    const ends = this.#generations.map((generation) => generation.endMs);
    this.#nextExpiryMs = Math.min(...ends) + this.#horizonMs;
  }
}

function verdictOf(hasSameChecksum: boolean): KeyVerdict {
  return hasSameChecksum ? KeyVerdict.samePayload : KeyVerdict.otherPayload;
}
