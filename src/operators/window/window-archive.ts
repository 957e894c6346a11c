import { Packr } from "msgpackr";
import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import {
  collectFrozen,
  type CheckpointParticipant,
  type PartitionStore,
  type StateRow,
} from "../../model/store.ts";

/** A cell's figures when its state was let go: no event can change it any more. */
export interface ArchivedCell {
  readonly series: number;
  readonly startMs: number;
  /** At the meter's scale (level × milliseconds for time_weighted). */
  readonly value: bigint;
  readonly events: number;
}

type ArchiveRow = [series: number, startMs: number, value: string, events: number];

export const ARCHIVE_SPACE = "archive";
/** Units of `SliceBudget` that reading a row costs. */
const RESTORE_UNITS = 10;
const packr = new Packr({ useRecords: false });

/**
 * Cells that have left memory, written once and read only by reports: reconciliation and `simulate` add them to
 * what is still in memory.
 */
export class WindowArchive implements CheckpointParticipant {
  #waiting: ArchivedCell[] = [];
  #count = 0;

  add(cell: ArchivedCell): void {
    this.#waiting.push(cell);
  }

  restore(store: Pick<PartitionStore, "rows">): void {
    runWhole(this.restoreInSlices(store, new SliceBudget()));
  }

  *restoreInSlices(store: Pick<PartitionStore, "rows">, budget: SliceBudget): SlicedWork {
    for (const { key } of store.rows(ARCHIVE_SPACE)) {
      this.#count = key + 1;
      if (budget.spend(RESTORE_UNITS)) yield;
    }
  }

  collectChanges(rows: StateRow[], clearedSpaces: string[] = []): void {
    collectFrozen(this, rows, clearedSpaces);
  }

  freezeChanges(): Iterable<StateRow> {
    const cells = this.#waiting;
    const firstKey = this.#count;
    this.#waiting = [];
    this.#count += cells.length;
    return rowsOf(cells, firstKey);
  }
}

function* rowsOf(cells: readonly ArchivedCell[], firstKey: number): Generator<StateRow> {
  let key = firstKey;
  for (const cell of cells) {
    yield { space: ARCHIVE_SPACE, key, value: archivedRow(cell) };
    key++;
  }
}

/** An archived cell as it is stored. */
export function archivedRow({ series, startMs, value, events }: ArchivedCell): Uint8Array {
  const row: ArchiveRow = [series, startMs, value.toString(), events];
  return packr.pack(row);
}

/** All archived cells of a store, in the order in which they were let go. */
export function* archivedCells(store: Pick<PartitionStore, "rows">): Iterable<ArchivedCell> {
  for (const { value } of store.rows(ARCHIVE_SPACE)) {
    const row: ArchiveRow = packr.unpack(value);
    const [series, startMs, text, events] = row;
    yield { series, startMs, value: BigInt(text), events };
  }
}
