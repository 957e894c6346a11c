import { totalsHash, type CellTotal } from "../../src/load/expected-totals.ts";

const HOUR_MS = 3_600_000;

/** Sums by (account, meter, hour) as a contender keeps them, for the comparison of results. */
export function hashOfCells(cells: CellTotal[]): string {
  cells.sort((a, b) => a.account - b.account || a.meter - b.meter || a.startMs - b.startMs);
  return totalsHash(cells);
}

export function hourStart(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** The number in the name of a load's account, meter or event type: `account_12` → 12. */
export function numberIn(name: string): number {
  return Number(name.slice(name.lastIndexOf("_") + 1));
}
