import { TributaryError } from "../../model/errors.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { KeyGeneration } from "./key-generation.ts";
import { RECORD_BYTES, type FirstPlace } from "./key-records.ts";

/** What `probeAndInsert` found. */
export const KeyVerdict = { new: 0, samePayload: 1, otherPayload: 2 } as const;
export type KeyVerdict = (typeof KeyVerdict)[keyof typeof KeyVerdict];

const SPACE_PREFIX = "keys/";
/** Decimal digits of a time in a space's name: enough for every safe integer, so that names sort as times. */
const TIME_DIGITS = 16;

/**
 * A generation is this part of the horizon: keys live up to a quarter longer than they must, and a new key is looked for
 * in five or six generations.
 */
const GENERATIONS_PER_HORIZON = 4;

export interface KeyTableOptions {
  /** How long a key is remembered after its arrival, milliseconds, at least; an integer ≥ 1. */
  readonly horizonMs: number;
}

/**
 * Exact deduplication by 128-bit key. Keys are kept by generations of arrival time; a generation is dropped whole at the
 * first event that arrives at or after its end + horizon. Nothing depends on batches or checkpoints.
 *
 * A generation's space is named by its start and length, so that one that was made under another horizon keeps its
 * bounds. Its rows are the records in insertion order, each row those that were new at a checkpoint.
 */
export class KeyTable implements CheckpointParticipant {
  #horizonMs: number;
  #lengthMs: number;
  /** Newest first. */
  #generations: KeyGeneration[] = [];
  /** The generation of the last insertion. */
  #current: KeyGeneration | undefined;
  /** No generation is to be dropped before this arrival. */
  #nextExpiryMs = Infinity;
  #clearedSpaces: string[] = [];
  /** Takes what `touch` read, so that the compiler can't leave the reads out. */
  readonly #touched = new Uint32Array(1);
  readonly #saved = new WeakMap<KeyGeneration, { records: number; rows: number }>();

  constructor(options: KeyTableOptions) {
    this.#horizonMs = options.horizonMs;
    this.#lengthMs = Math.ceil(options.horizonMs / GENERATIONS_PER_HORIZON);
  }

  /** Remembered keys. */
  get size(): number {
    return this.#generations.reduce((total, generation) => total + generation.records.count, 0);
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.#generations.reduce((total, generation) => total + generation.bytes, 0);
  }

  /** Sets another horizon from the next event on. Keys that were dropped already stay forgotten. */
  setHorizon(horizonMs: number): void {
    this.#horizonMs = horizonMs;
    this.#lengthMs = Math.ceil(horizonMs / GENERATIONS_PER_HORIZON);
    this.#current = undefined;
    this.#scheduleExpiry();
  }

  /**
   * Looks for a key (four words of `keys` from `offset`) and adds it where it is new. Events come in the order of the log.
   * Returns 0 for a new key, 1 for a known one with the same checksum, 2 for a known one with another checksum.
   */
  probeAndInsert(
    keys: Uint32Array,
    offset: number,
    checksumLow: number,
    checksumHigh: number,
    arrivalMs: number,
    sequence: number,
    index: number,
  ): KeyVerdict {
    if (arrivalMs >= this.#nextExpiryMs) this.#expire(arrivalMs);
    for (const generation of this.#generations) {
      const number = generation.find(keys, offset);
      if (number !== -1) {
        const isSame = generation.records.hasChecksum(number, checksumLow, checksumHigh);
        return isSame ? KeyVerdict.samePayload : KeyVerdict.otherPayload;
      }
    }
    const generation = this.#generationAt(arrivalMs);
    // One that was made just now has not been searched; insertMissing goes by the last search.
    if (generation.records.count === 0) generation.find(keys, offset);
    generation.insertMissing(keys, offset, checksumLow, checksumHigh, sequence, index);
    return KeyVerdict.new;
  }

  /**
   * Brings what the next probes need into the processor's caches: call it with a run of up to a few thousand rows of a key
   * column (four words a row) before probing them. It changes nothing but the speed: the memory accesses of one short loop
   * overlap, those of probe after probe wait for each other.
   */
  touch(keys: Uint32Array, firstRow: number, rowCount: number): void {
    for (const generation of this.#generations)
      this.#touched[0]! ^= generation.touch(keys, firstRow, rowCount);
  }

  /** Place of the first event with a key (four words from `offset`), undefined where it is not remembered. */
  firstOf(keys: Uint32Array, offset = 0): FirstPlace | undefined {
    for (const generation of this.#generations) {
      const number = generation.find(keys, offset);
      if (number !== -1) return generation.records.placeOf(number);
    }
    return undefined;
  }

  /**
   * The same with whether its payload has a checksum: what a retraction is compared with. Nothing is added.
   */
  compareFirst(
    keys: Uint32Array,
    checksumLow: number,
    checksumHigh: number,
  ): (FirstPlace & { readonly isSame: boolean }) | undefined {
    for (const generation of this.#generations) {
      const number = generation.find(keys, 0);
      if (number === -1) continue;
      const { records } = generation;
      const isSame = records.hasChecksum(number, checksumLow, checksumHigh);
      return { ...records.placeOf(number), isSame };
    }
    return undefined;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const space of store.spaces(SPACE_PREFIX)) {
      const generation = generationNamed(space);
      let rows = 0;
      for (const { key, value } of store.rows(space)) {
        if (value.length % RECORD_BYTES !== 0) {
          throw new TributaryError("state-corrupt", "A row of keys is cut off.", { details: { space, key } });
        }
        generation.load(value);
        rows = key + 1;
      }
      generation.buildIndex();
      this.#saved.set(generation, { records: generation.records.count, rows });
      this.#generations.push(generation);
    }
    this.#sort();
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[]): void {
    for (const space of this.#clearedSpaces) clearedSpaces.push(space);
    this.#clearedSpaces = [];
    for (const generation of this.#generations.toReversed()) {
      const space = spaceOf(generation);
      const saved = this.#saved.get(generation) ?? { records: 0, rows: 0 };
      let key = saved.rows;
      for (const value of generation.records.bytesSince(saved.records)) {
        rows.push({ space, key, value });
        key += 1;
      }
      this.#saved.set(generation, { records: generation.records.count, rows: key });
    }
  }

  #generationAt(arrivalMs: number): KeyGeneration {
    const current = this.#current;
    if (current !== undefined && arrivalMs >= current.startMs && arrivalMs < current.endMs) return current;
    const startMs = Math.floor(arrivalMs / this.#lengthMs) * this.#lengthMs;
    const endMs = startMs + this.#lengthMs;
    let generation = this.#generations.find((each) => each.startMs === startMs && each.endMs === endMs);
    if (generation === undefined) {
      generation = new KeyGeneration(startMs, endMs);
      this.#generations.push(generation);
      this.#sort();
    }
    this.#current = generation;
    return generation;
  }

  #expire(arrivalMs: number): void {
    const isExpired = (generation: KeyGeneration): boolean => generation.endMs + this.#horizonMs <= arrivalMs;
    for (const generation of this.#generations) {
      if (isExpired(generation)) this.#clearedSpaces.push(spaceOf(generation));
    }
    this.#generations = this.#generations.filter((generation) => !isExpired(generation));
    this.#current = undefined;
    this.#scheduleExpiry();
  }

  #sort(): void {
    this.#generations.sort((a, b) => b.startMs - a.startMs || b.endMs - a.endMs);
    this.#scheduleExpiry();
  }

  #scheduleExpiry(): void {
    const ends = this.#generations.map((generation) => generation.endMs);
    this.#nextExpiryMs = Math.min(...ends) + this.#horizonMs;
  }
}

function spaceOf(generation: KeyGeneration): string {
  const digits = (timeMs: number): string => timeMs.toString().padStart(TIME_DIGITS, "0");
  return `${SPACE_PREFIX}${digits(generation.startMs)}-${digits(generation.endMs - generation.startMs)}`;
}

function generationNamed(space: string): KeyGeneration {
  const match = /^keys\/(\d{16})-(\d{16})$/.exec(space);
  if (match === null) {
    throw new TributaryError("state-corrupt", "A space of keys has another name than they have.", {
      details: { space },
    });
  }
  const startMs = Number(match[1]);
  return new KeyGeneration(startMs, startMs + Number(match[2]));
}
