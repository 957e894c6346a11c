import { CellPhase, type WindowCells } from "../../../src/operators/window/window-cells.ts";

interface Cell {
  readonly series: number;
  readonly startMs: number;
  phase: CellPhase;
  touched: boolean;
}

/** Cells in plain objects; freed slots are given out again at once. */
export class PlainCells implements WindowCells {
  readonly #cells: (Cell | undefined)[] = [];
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.size;
  }
  find(series: number, startMs: number): number {
    return this.#slots.get(`${series}@${startMs}`) ?? -1;
  }
  create(series: number, startMs: number): number {
    if (this.find(series, startMs) >= 0) throw new Error(`cell ${series}@${startMs} exists`);
    const slot = this.#free.pop() ?? this.#cells.length;
    this.#cells[slot] = { series, startMs, phase: CellPhase.open, touched: false };
    this.#slots.set(`${series}@${startMs}`, slot);
    return slot;
  }
  remove(slot: number): void {
    const { series, startMs } = this.#cell(slot);
    this.#slots.delete(`${series}@${startMs}`);
    this.#cells[slot] = undefined;
    this.#free.push(slot);
  }
  seriesOf(slot: number): number {
    return this.#cell(slot).series;
  }
  startOf(slot: number): number {
    return this.#cell(slot).startMs;
  }
  phaseOf(slot: number): CellPhase {
    return this.#cell(slot).phase;
  }
  setPhase(slot: number, phase: CellPhase): void {
    this.#cell(slot).phase = phase;
  }
  isTouched(slot: number): boolean {
    return this.#cell(slot).touched;
  }
  setTouched(slot: number, touched: boolean): void {
    this.#cell(slot).touched = touched;
  }
  *slots(): Generator<number> {
    for (const [slot, cell] of this.#cells.entries()) if (cell !== undefined) yield slot;
  }
  /** A copy as a store would give it back: same slots, nothing shared. */
  clone(): PlainCells {
    const copy = new PlainCells();
    this.#cells.forEach((cell, slot) => {
      copy.#cells[slot] = cell === undefined ? undefined : { ...cell };
    });
    for (const [key, slot] of this.#slots) copy.#slots.set(key, slot);
    copy.#free.push(...this.#free);
    return copy;
  }
  #cell(slot: number): Cell {
    const cell = this.#cells[slot];
    if (cell === undefined) throw new Error(`no cell in slot ${slot}`);
    return cell;
  }
}
