import { Packr } from "msgpackr";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../model/store.ts";
import { KeyedRows, type RowCodec } from "./rate/keyed-rows.ts";

const HOUR_MS = 3_600_000;

/** Events and messages that were refused for one reason and arrived within one hour. */
export interface RejectedHour {
  /** Start of the hour of arrival, milliseconds since the epoch. */
  readonly hourMs: number;
  readonly stage: string;
  readonly reason: string;
  count: number;
}

const packr = new Packr({ useRecords: false });
type Row = [hourMs: number, stage: string, reason: string, count: number];

const codec: RowCodec<RejectedHour> = {
  keyOf: ({ hourMs, stage, reason }) => `${hourMs} ${stage} ${reason}`,
  encode({ hourMs, stage, reason, count }) {
    const row: Row = [hourMs, stage, reason, count];
    return packr.pack(row);
  },
  decode(value) {
    const [hourMs, stage, reason, count]: Row = packr.unpack(value);
    return { hourMs, stage, reason, count };
  },
};

/**
 * Counts what was rejected by hour of arrival and reason: dead letters leave the partition, and a close has to say how many
 * there were in its period. An hour has a row for each reason that occurred in it, so a year has some ten thousand at most.
 */
export class Rejections implements CheckpointParticipant {
  readonly #hours = new KeyedRows("rejected-hours", codec);

  restore(store: Pick<PartitionStore, "rows">): void {
    this.#hours.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.#hours.collectChanges(rows);
  }

  count(arrivalMs: number, stage: string, reason: string): void {
    const fresh = { hourMs: Math.floor(arrivalMs / HOUR_MS) * HOUR_MS, stage, reason, count: 0 };
    const number = this.#hours.numberOf(codec.keyOf(fresh)) ?? this.#hours.add(fresh);
    this.#hours.change(number).count += 1;
  }

  entries(): Iterable<Readonly<RejectedHour>> {
    return this.#hours.entries();
  }
}
