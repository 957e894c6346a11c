import type { UnbilledTotal } from "../operators/rate/rate-operator.ts";
import { CellPhase } from "../operators/window/window-cells.ts";
import type { PartitionEngine } from "./partition-engine.ts";

/** How much of the work is one slice: about a millisecond each. */
export interface SliceSizes {
  /** Cells looked at; a multiple of 32, as the cell table counts. */
  readonly cells: number;
  /** Windows charged, some microseconds each. A price period with more is charged in one go all the same. */
  readonly windows: number;
}

const SLICES: SliceSizes = { cells: 2_048, windows: 256 };

/** Slots of the windows of one price period: mostly one. */
type Slots = number | number[];

/**
 * Goes once through a partition's open windows and returns, by currency, the accrued value: what is rated and not
 * invoiced, and what the open windows would come to by the code that will rate them. Works in slices: each step of the
 * generator is one, and usage may be processed in between.
 *
 * Each price period counts once, with what it has come to at one moment of the rotation; usage that comes in behind that
 * moment is in the next rotation. `inspect value` is exact as of one position. Two differences by design: a level
 * (`time_weighted`) counts up to the last hour that it has reached, and what is due only when a period ends is not in it.
 */
export function* rotateAccrued(
  engine: PartitionEngine,
  slices = SLICES,
): Generator<void, ReadonlyMap<string, UnbilledTotal>> {
  const { rater } = engine;
  const previewed = new Set<string>();
  /** What open windows add, by currency. */
  const open = new Map<string, UnbilledTotal>();
  // A window that is rated behind its preview is in the rated value then, and must not count twice.
  rater.listenToCharges((key, currency, delta) => {
    const total = open.get(currency);
    if (total !== undefined && previewed.has(key)) total.minorUnits -= delta;
  });
  try {
    const windows = yield* openWindows(engine, slices.cells);
    let charged = 0;
    for (const [key, slots] of windows) {
      const list = (typeof slots === "number" ? [slots] : slots).filter((slot) => isOpen(engine, slot, key));
      charged += 1 + list.length;
      if (list.length > 0) {
        const { currency, exponent, minorUnits } = rater.preview(
          list.map((slot) => engine.windows.due.openFiring(slot)),
        );
        add(open, currency, exponent, minorUnits - (rater.billedOf(key) ?? 0n));
        previewed.add(key);
      }
      if (charged < slices.windows) continue;
      charged = 0;
      yield;
    }
    const totals = new Map<string, UnbilledTotal>();
    for (const part of [rater.unbilledTotals(), open])
      for (const [currency, { exponent, minorUnits }] of part) add(totals, currency, exponent, minorUnits);
    return totals;
  } finally {
    rater.listenToCharges(undefined);
  }
}

/** Windows that have not been rated as they are, by the key of their price period. */
function* openWindows(
  engine: PartitionEngine,
  cellsPerSlice: number,
): Generator<void, ReadonlyMap<string, Slots>> {
  const found = new Map<string, Slots>();
  for (let first = 0; first < engine.cells.slotLimit; first += cellsPerSlice) {
    for (const slot of engine.cells.slotsBetween(first, cellsPerSlice)) {
      if (!isUnrated(engine, slot)) continue;
      const key = keyOf(engine, slot);
      const known = found.get(key);
      if (known === undefined) found.set(key, slot);
      else if (typeof known === "number") found.set(key, [known, slot]);
      else known.push(slot);
    }
    yield;
  }
  return found;
}

/** Whether a slot holds a window of the price period to be rated: it may have been let go, and given to another. */
function isOpen(engine: PartitionEngine, slot: number, key: string): boolean {
  return engine.cells.isInUse(slot) && isUnrated(engine, slot) && keyOf(engine, slot) === key;
}

function isUnrated({ cells }: PartitionEngine, slot: number): boolean {
  return cells.phaseOf(slot) === CellPhase.open || cells.isTouched(slot);
}

function keyOf({ rater, windows, cells }: PartitionEngine, slot: number): string {
  return rater.priceKeyOf(windows.due.seriesAt(slot), cells.startOf(slot));
}

function add(
  totals: Map<string, UnbilledTotal>,
  currency: string,
  exponent: number,
  minorUnits: bigint,
): void {
  const total = totals.get(currency);
  if (total === undefined) totals.set(currency, { exponent, minorUnits });
  else total.minorUnits += minorUnits;
}
