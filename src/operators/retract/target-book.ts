import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { FirstPlace } from "../stage.ts";
import { keyBytes, keyText, keyWords } from "./key-text.ts";

/** What is known of an event beyond that its key is remembered. Codes are stored: never renumber one. */
export const TargetState = {
  /** It waits for reference data. */
  parked: 1,
  /** It was rejected although its id is used. */
  refused: 2,
  /** It was parked and is accepted since. */
  unparked: 3,
  /** A retraction has taken it back. */
  retracted: 4,
} as const;
export type TargetState = (typeof TargetState)[keyof typeof TargetState];

export interface Target {
  readonly state: TargetState;
  /** Epoch of the meters in which it was accepted; of events that were never parked it follows from their place. */
  readonly epoch: number | undefined;
  /** Where the retraction stands that took it back. */
  readonly by: FirstPlace | undefined;
  /** Arrival, milliseconds: of the event or of what happened to it, whichever is known. */
  readonly atMs: number;
  /** How long it is kept from then on at least. */
  readonly keptMs: number;
}

type Row = [
  key: Uint8Array,
  state: TargetState,
  epoch: number | null,
  sequence: number | null,
  index: number | null,
  atMs: number,
  keptMs: number,
];
type Counters = [nextNumber: number, nextPurgeMs: number];

const SPACE = "retraction-targets";
const COUNTERS_SPACE = "retraction-counters";
const packr = new Packr({ useRecords: false });

/**
 * A key is remembered for its horizon and the length of its generation, a quarter of the horizon, from its arrival on.
 * Twice the horizon is longer, also where another catalog has shortened the horizon since.
 */
const HORIZONS_KEPT = 2;
/** Entries are looked through for those that can go once in this part of the horizon: it costs little, and few are left. */
const PURGES_PER_HORIZON = 4;

/**
 * Events that are not simply accepted, by key: parked ones, which count nowhere yet, and those that were taken back, which
 * must not be taken back again. An entry is kept for longer than its key is.
 */
export class TargetBook implements CheckpointParticipant {
  readonly #targets = new Map<string, { readonly number: number; target: Target }>();
  readonly #keys = new Map<number, Uint8Array>();
  readonly #changed = new Map<number, string | undefined>();
  #horizonMs = 0;
  #nextNumber = 0;
  #nextPurgeMs = Number.NEGATIVE_INFINITY;

  setHorizon(horizonMs: number): void {
    this.#horizonMs = horizonMs;
  }

  of(key: string): Target | undefined {
    return this.#targets.get(key)?.target;
  }

  /**
   * Sets what is known of an event.
   * @param arrivalMs of the event, or of what happened to it
   */
  set(
    key: Uint32Array,
    offset: number,
    arrivalMs: number,
    about: Pick<Target, "state"> & Partial<Pick<Target, "epoch" | "by">>,
  ): void {
    this.#purge(arrivalMs);
    const text = keyText(key, offset);
    const known = this.#targets.get(text);
    const target: Target = {
      state: about.state,
      epoch: about.epoch ?? known?.target.epoch,
      by: about.by,
      atMs: Math.max(arrivalMs, known?.target.atMs ?? 0),
      keptMs: HORIZONS_KEPT * this.#horizonMs,
    };
    if (known === undefined) {
      const number = this.#nextNumber++;
      this.#targets.set(text, { number, target });
      this.#keys.set(number, keyBytes(key, offset));
      this.#changed.set(number, text);
    } else {
      known.target = target;
      this.#changed.set(known.number, text);
    }
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { value } of store.rows(COUNTERS_SPACE)) {
      const counters: Counters = packr.unpack(value);
      [this.#nextNumber, this.#nextPurgeMs] = counters;
    }
    for (const { key: number, value } of store.rows(SPACE)) {
      const row: Row = packr.unpack(value);
      const [key, state, epoch, sequence, index, atMs, keptMs] = row;
      const by = sequence === null || index === null ? undefined : { sequence, index };
      this.#keys.set(number, new Uint8Array(key));
      const target = { state, epoch: epoch ?? undefined, by, atMs, keptMs };
      this.#targets.set(keyText(keyWords(key)), { number, target });
    }
  }

  collectChanges(rows: StateRow[]): void {
    if (this.#changed.size === 0) return;
    for (const [number, text] of [...this.#changed].sort(([a], [b]) => a - b)) {
      const key = this.#keys.get(number);
      const entry = text === undefined ? undefined : this.#targets.get(text);
      if (key === undefined || entry?.number !== number) {
        rows.push({ space: SPACE, key: number, value: null });
        continue;
      }
      const { state, epoch, by, atMs, keptMs } = entry.target;
      const row: Row = [key, state, epoch ?? null, by?.sequence ?? null, by?.index ?? null, atMs, keptMs];
      rows.push({ space: SPACE, key: number, value: packr.pack(row) });
    }
    this.#changed.clear();
    const counters: Counters = [this.#nextNumber, this.#nextPurgeMs];
    rows.push({ space: COUNTERS_SPACE, key: 0, value: packr.pack(counters) });
  }

  /** Drops entries whose keys are forgotten for sure. What waits for reference data is kept. */
  #purge(arrivalMs: number): void {
    if (arrivalMs < this.#nextPurgeMs) return;
    this.#nextPurgeMs = arrivalMs + this.#horizonMs / PURGES_PER_HORIZON;
    for (const [text, { number, target }] of this.#targets) {
      const keptMs = Math.max(target.keptMs, HORIZONS_KEPT * this.#horizonMs);
      if (target.state === TargetState.parked || target.atMs + keptMs > arrivalMs) continue;
      this.#targets.delete(text);
      this.#keys.delete(number);
      this.#changed.set(number, undefined);
    }
  }
}
