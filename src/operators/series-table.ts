import { runWhole, SliceBudget, type SlicedWork } from "../model/sliced-work.ts";
import { Packr } from "msgpackr";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../model/store.ts";
import { TextIndex } from "./text-index.ts";

/** One (account, meter, group) of a partition. */
export interface Series {
  readonly id: number;
  readonly account: string;
  readonly meter: string;
  /** Values of the meter's group-by dimensions, in the order of the meter's definition; "" where an event has none. */
  readonly groupValues: readonly string[];
}

type SeriesRow = [account: string, meter: string, groupValues: string[]];

/** Units of `SliceBudget` that reading a row costs. */
const RESTORE_UNITS = 10;
export const SERIES_SPACE = "series";
const SEPARATOR = "\u0000";
const packr = new Packr({ useRecords: false });

/**
 * Gives each series a small integer in the order of first use, which is the order of the log: replay gives the same
 * numbers. Windows fire in the order of these numbers.
 */
export class SeriesTable implements CheckpointParticipant {
  readonly #byKey = new TextIndex();
  readonly #series: Series[] = [];
  #savedCount = 0;

  get count(): number {
    return this.#series.length;
  }

  /** The series' number; made where it is new. */
  idOf(account: string, meter: string, groupValues: readonly string[]): number {
    const key = keyOf(account, meter, groupValues);
    const known = this.#byKey.numberOf(key);
    if (known !== undefined) return known;
    const id = this.#byKey.add(key);
    this.#series.push({ id, account, meter, groupValues: [...groupValues] });
    return id;
  }

  get(id: number): Series {
    const series = this.#series[id];
    if (series === undefined) throw new RangeError(`no series ${id}`);
    return series;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows" | "spaces">, budget: SliceBudget): SlicedWork {
    for (const { key, value } of store.rows(SERIES_SPACE)) {
      if (budget.spend(RESTORE_UNITS)) yield;
      const row: SeriesRow = packr.unpack(value);
      const [account, meter, groupValues] = row;
      if (this.idOf(account, meter, groupValues) !== key)
        throw new RangeError(`series ${key} is out of order`);
    }
    this.#savedCount = this.#series.length;
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    const from = this.#savedCount;
    this.#savedCount = this.#series.length;
    return this.#rows(from, this.#savedCount);
  }

  /** A series never changes: its row can be made at any time. */
  *#rows(from: number, to: number): Generator<StateRow> {
    for (let number = from; number < to; number++) {
      const { id, account, meter, groupValues } = this.get(number);
      yield { space: SERIES_SPACE, key: id, value: packr.pack([account, meter, groupValues]) };
    }
  }
}

/** Account and meter of a stored series. */
export function seriesOfRow(value: Uint8Array): Pick<Series, "account" | "meter"> {
  const row: SeriesRow = packr.unpack(value);
  const [account, meter] = row;
  return { account, meter };
}

/** A length before each part, so that no part can imitate the border between two. */
function keyOf(account: string, meter: string, groupValues: readonly string[]): string {
  let key = account.length + SEPARATOR + account + meter;
  for (const value of groupValues) key += SEPARATOR + value.length + SEPARATOR + value;
  return key;
}
