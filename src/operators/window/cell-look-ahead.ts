import type { EventBatch } from "../../model/event-batch.ts";
import type { MeterTargets } from "../stage.ts";
import type { CellTable } from "./cell-table.ts";
import { floorModulo } from "./safe-time.ts";

/** Entries whose cells are looked up in one short loop: the processor waits for many of them at once. */
const LOOK_AHEAD = 512;

/** Finds the cells of a batch's entries ahead of their turn. */
export class CellLookAhead {
  readonly #cells: CellTable;
  /** Slots of the cells of entries [#from, #to), −1 where there was none. */
  readonly #slots = new Int32Array(LOOK_AHEAD);
  readonly #starts = new Float64Array(LOOK_AHEAD);
  readonly #series = new Uint32Array(LOOK_AHEAD);
  #from = 0;
  #to = 0;
  #cellMs = 1;
  #lastStartMs = Infinity;
  #lastEndMs = -Infinity;

  constructor(cells: CellTable) {
    this.#cells = cells;
  }

  setCellMs(cellMs: number): void {
    this.#cellMs = cellMs;
    this.#lastStartMs = Infinity;
  }

  /** Begins a batch: nothing is known of its entries. */
  begin(): void {
    this.#from = 0;
    this.#to = 0;
  }

  /**
   * Adds the value of an entry to its cell by `OpenSums.add`; false where that has not done it. Entries are asked for
   * in their order.
   */
  addToOpenSum(batch: EventBatch, targets: MeterTargets, entry: number): boolean {
    if (entry >= this.#to) this.#look(batch, targets, entry);
    const at = entry - this.#from;
    return this.#cells.openSums.add(
      this.#slots[at]!,
      this.#series[at]!,
      this.#starts,
      at,
      targets.value,
      entry,
    );
  }

  /** Slot of an entry's cell; −1 where it has to be looked up or made. Entries are asked for in their order. */
  find(batch: EventBatch, targets: MeterTargets, entry: number): number {
    if (entry >= this.#to) this.#look(batch, targets, entry);
    const at = entry - this.#from;
    const slot = this.#slots[at]!;
    // What was found ahead may have been removed since, and what was missing may have been made.
    return slot >= 0 && this.#cells.holds(slot, targets.series[entry]!, this.#starts[at]!) ? slot : -1;
  }

  #look(batch: EventBatch, targets: MeterTargets, from: number): void {
    const count = Math.min(LOOK_AHEAD, targets.count - from);
    const { row: rows, series } = targets;
    const { timeMs } = batch;
    const starts = this.#starts;
    for (let i = 0; i < count; i++) starts[i] = this.#startOf(timeMs[rows[from + i]!]!);
    this.#series.set(series.subarray(from, from + count));
    this.#cells.findAll(this.#series, starts, count, this.#slots);
    this.#from = from;
    this.#to = from + count;
  }

  /** Start of the window that a time lies in; mostly that of the time before. */
  #startOf(timeMs: number): number {
    if (timeMs >= this.#lastStartMs && timeMs < this.#lastEndMs) return this.#lastStartMs;
    this.#lastStartMs = timeMs - floorModulo(timeMs, this.#cellMs);
    this.#lastEndMs = this.#lastStartMs + this.#cellMs;
    return this.#lastStartMs;
  }
}
