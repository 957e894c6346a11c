import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { FirstPlace, WaitingRetraction } from "../stage.ts";
import { keyText, keyWords } from "./key-text.ts";

type Row = [
  key: Uint8Array,
  checksumLow: number,
  checksumHigh: number,
  ownKey: Uint8Array,
  sequence: number,
  index: number,
  region: string,
  arrivalMs: number,
  contentType: string,
  timeMs: number,
  text: string,
];

export const WAITING_RETRACTIONS_SPACE = "retractions-waiting";
const COUNTER_SPACE = "retractions-waiting-counter";
const packr = new Packr({ useRecords: false });

/** Place in the usage log of a stored retraction that waits. */
export function placeOfWaiting(value: Uint8Array): FirstPlace {
  const row: Row = packr.unpack(value);
  const [, , , , sequence, index] = row;
  return { sequence, index };
}

/** Retractions whose event has not been accepted yet, by the event's key, each list in the order of the log. */
export class WaitingRetractions implements CheckpointParticipant {
  readonly #byTarget = new Map<string, WaitingRetraction[]>();
  readonly #numbers = new Map<WaitingRetraction, number>();
  readonly #added = new Set<WaitingRetraction>();
  readonly #goneNumbers = new Set<number>();
  #nextNumber = 0;
  #savedNumber = 0;

  get size(): number {
    return this.#numbers.size;
  }

  /** All of them, in the order of the log. */
  list(): WaitingRetraction[] {
    return [...this.#numbers.keys()];
  }

  add(retraction: WaitingRetraction): void {
    this.#insert(retraction, this.#nextNumber++);
    this.#added.add(retraction);
  }

  /** Takes those that wait for an event; empty for most events. */
  take(target: string): readonly WaitingRetraction[] {
    const found = this.#byTarget.get(target) ?? [];
    for (const retraction of found) this.#remove(retraction);
    return found;
  }

  /** Takes one of them. */
  takeOne(retraction: WaitingRetraction): void {
    this.#remove(retraction);
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    for (const { value } of store.rows(COUNTER_SPACE)) {
      const nextNumber: number = packr.unpack(value);
      this.#nextNumber = nextNumber;
      this.#savedNumber = nextNumber;
    }
    for (const { key: number, value } of store.rows(WAITING_RETRACTIONS_SPACE)) {
      const row: Row = packr.unpack(value);
      const [key, checksumLow, checksumHigh, ownKey, sequence, index, region, arrivalMs, ...rest] = row;
      const [contentType, timeMs, text] = rest;
      this.#insert(
        {
          key: keyWords(key),
          checksumLow,
          checksumHigh,
          ownKey: new Uint8Array(ownKey),
          sequence,
          index,
          region,
          arrivalMs,
          contentType,
          timeMs,
          text,
        },
        number,
      );
    }
  }

  collectChanges(rows: StateRow[]): void {
    for (const number of [...this.#goneNumbers].sort((a, b) => a - b))
      rows.push({ space: WAITING_RETRACTIONS_SPACE, key: number, value: null });
    this.#goneNumbers.clear();
    if (this.#nextNumber !== this.#savedNumber)
      rows.push({ space: COUNTER_SPACE, key: 0, value: packr.pack(this.#nextNumber) });
    this.#savedNumber = this.#nextNumber;
    for (const retraction of this.#added) {
      const { key, checksumLow, checksumHigh, ownKey, sequence, index, region, arrivalMs } = retraction;
      const bytes = new Uint8Array(key.slice().buffer);
      const { contentType, timeMs, text } = retraction;
      const row: Row = [
        bytes,
        checksumLow,
        checksumHigh,
        ownKey,
        sequence,
        index,
        region,
        arrivalMs,
        contentType,
        timeMs,
        text,
      ];
      rows.push({
        space: WAITING_RETRACTIONS_SPACE,
        key: this.#numbers.get(retraction) ?? -1,
        value: packr.pack(row),
      });
    }
    this.#added.clear();
  }

  #insert(retraction: WaitingRetraction, number: number): void {
    this.#numbers.set(retraction, number);
    const target = keyText(retraction.key);
    const known = this.#byTarget.get(target);
    if (known === undefined) this.#byTarget.set(target, [retraction]);
    else known.push(retraction);
  }

  #remove(retraction: WaitingRetraction): void {
    const number = this.#numbers.get(retraction);
    if (number === undefined) return;
    this.#numbers.delete(retraction);
    if (!this.#added.delete(retraction)) this.#goneNumbers.add(number);
    const target = keyText(retraction.key);
    const left = (this.#byTarget.get(target) ?? []).filter((each) => each !== retraction);
    if (left.length === 0) this.#byTarget.delete(target);
    else this.#byTarget.set(target, left);
  }
}
