import { Packr } from "msgpackr";
import { TributaryError } from "../model/errors.ts";
import { runWhole, SliceBudget, type SlicedWork } from "../model/sliced-work.ts";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../model/store.ts";
import { addTexts, packTexts } from "./text-block.ts";
import { TextIndex } from "./text-index.ts";

/** One (account, meter, group) of a partition. */
export interface Series {
  readonly id: number;
  readonly account: string;
  readonly meter: string;
  /** Values of the meter's group-by dimensions, in the order of the meter's definition; "" where an event has none. */
  readonly groupValues: readonly string[];
}

/** A row of states up to schema version 2, which had one for each series. */
type FormerRow = [account: string, meter: string, groupValues: string[]];

export const SERIES_SPACE = "series-blocks";
/** Of states up to schema version 2. */
export const FORMER_SERIES_SPACE = "series";
/** Series of a row: some kilobytes, so that a million are read in thousands of rows and a new one rewrites one of them. */
const BLOCK_SERIES = 256;
/** Units of `SliceBudget` that reading a row costs. */
const RESTORE_UNITS = 150;
const FORMER_RESTORE_UNITS = 10;
const SEPARATOR = "\u0000";
const packr = new Packr({ useRecords: false });

/**
 * Gives each series a small integer in the order of first use, which is the order of the log: replay gives the same
 * numbers. Windows fire in the order of these numbers.
 *
 * Rows are blocks of so many series by their numbers, whatever the checkpoints were: the texts that series are looked up by, which are
 * copied into the index as they are. A series becomes an object when it is asked for.
 */
export class SeriesTable implements CheckpointParticipant {
  readonly #keys = new TextIndex();
  /** By number; undefined for those that nobody has asked for since the restore. */
  readonly #series: (Series | undefined)[] = [];
  #savedCount = 0;
  /** Whether the state has rows of the former version, which the next checkpoint replaces. */
  #hasFormerRows = false;

  get count(): number {
    return this.#keys.count;
  }

  /** The series' number; made where it is new. */
  idOf(account: string, meter: string, groupValues: readonly string[]): number {
    const key = keyOf(account, meter, groupValues);
    const known = this.#keys.numberOf(key);
    if (known !== undefined) return known;
    const id = this.#keys.add(key);
    this.#series.push({ id, account, meter, groupValues: [...groupValues] });
    return id;
  }

  get(id: number): Series {
    const series = this.#series[id];
    if (series !== undefined) return series;
    if (!(id < this.#keys.count)) throw new RangeError(`no series ${id}`);
    return (this.#series[id] = seriesOf(id, this.#keys.textOf(id)));
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows">, budget: SliceBudget): SlicedWork {
    for (const { key, value } of store.rows(SERIES_SPACE)) {
      if (budget.spend(RESTORE_UNITS)) yield;
      // All blocks but the last are full, so that a row that is missing shows.
      if (this.#keys.count !== key * BLOCK_SERIES || !addTexts(this.#keys, value)) {
        throw new TributaryError("state-corrupt", "A row of series can't be read.", {
          details: { space: SERIES_SPACE, key },
        });
      }
    }
    this.#savedCount = this.#keys.count;
    this.#series.length = this.#keys.count;
    if (this.#keys.count === 0) yield* this.#restoreFormer(store, budget);
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(clearedSpaces: string[]): Iterable<StateRow> {
    if (this.#hasFormerRows) clearedSpaces.push(FORMER_SERIES_SPACE);
    this.#hasFormerRows = false;
    const from = this.#savedCount;
    this.#savedCount = this.#keys.count;
    return this.#rows(from, this.#savedCount);
  }

  /** A series never changes: its row can be made at any time. */
  *#rows(from: number, to: number): Generator<StateRow> {
    if (from === to) return;
    // The block that the last checkpoint left unfilled is written again.
    for (let key = Math.floor(from / BLOCK_SERIES); key * BLOCK_SERIES < to; key++) {
      const first = key * BLOCK_SERIES;
      yield {
        space: SERIES_SPACE,
        key,
        value: packTexts(this.#keys, first, Math.min(to, first + BLOCK_SERIES)),
      };
    }
  }

  *#restoreFormer(store: Pick<PartitionStore, "rows">, budget: SliceBudget): SlicedWork {
    for (const { key, value } of store.rows(FORMER_SERIES_SPACE)) {
      if (budget.spend(FORMER_RESTORE_UNITS)) yield;
      const row: FormerRow = packr.unpack(value);
      const [account, meter, groupValues] = row;
      if (this.idOf(account, meter, groupValues) !== key)
        throw new RangeError(`series ${key} is out of order`);
      this.#hasFormerRows = true;
    }
  }
}

/** A length before each part, so that no part can imitate the border between two. */
function keyOf(account: string, meter: string, groupValues: readonly string[]): string {
  let key = account.length + SEPARATOR + account + meter;
  for (const value of groupValues) key += SEPARATOR + value.length + SEPARATOR + value;
  return key;
}

/** What `keyOf` was made of. A meter's key has no control characters. */
function seriesOf(id: number, key: string): Series {
  const partAt = (start: number): { readonly from: number; readonly to: number } => {
    const from = key.indexOf(SEPARATOR, start) + 1;
    return { from, to: from + Number(key.slice(start, from - 1)) };
  };
  const account = partAt(0);
  const end = key.indexOf(SEPARATOR, account.to);
  const meterEnd = end === -1 ? key.length : end;
  const groupValues: string[] = [];
  for (let at = meterEnd; at < key.length;) {
    const value = partAt(at + 1);
    groupValues.push(key.slice(value.from, value.to));
    at = value.to;
  }
  return {
    id,
    account: key.slice(account.from, account.to),
    meter: key.slice(account.to, meterEnd),
    groupValues,
  };
}
