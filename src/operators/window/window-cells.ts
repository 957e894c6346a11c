/**
 * What the window lifecycle needs of the state behind it. A cell is one (series, window); a slot is its place.
 * `CellTable` implements it with typed arrays.
 */

/** Life of a cell. Codes are stored: never renumber one. */
export const CellPhase = {
  /** The watermark has not passed the window's end. */
  open: 0,
  /** The window is complete and was emitted; late events refine it. */
  complete: 1,
  /** Its period is closed; late events are adjustments. */
  closed: 2,
} as const;
export type CellPhase = (typeof CellPhase)[keyof typeof CellPhase];

export interface WindowCells {
  /** Slot of a cell, −1 where there is none. */
  find(series: number, startMs: number): number;
  /** Makes an empty cell in phase open; it must not exist. */
  create(series: number, startMs: number): number;
  /** Frees a slot (the cell's state is gone). */
  remove(slot: number): void;
  seriesOf(slot: number): number;
  startOf(slot: number): number;
  phaseOf(slot: number): CellPhase;
  setPhase(slot: number, phase: CellPhase): void;
  /** Whether the cell changed since it was last emitted although its window was complete (a late event came). */
  isTouched(slot: number): boolean;
  setTouched(slot: number, touched: boolean): void;
  /** Every live slot, in slot order. Cells may be removed meanwhile, not created. */
  slots(): Iterable<number>;
}
