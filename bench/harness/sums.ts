import { totalsHash, type CellTotal, type ExpectedTotals } from "../../src/load/expected-totals.ts";
import type { Measurement } from "./measurement.ts";

export const HOUR_MS = 3_600_000;

/** A contender's totals are not those of the load: no speed is worth telling then. */
export class WrongResult extends Error {}

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

/** Throws WrongResult where a contender's totals are not those of the load; one without totals only counts. */
export function requireEqualTotals(
  contender: string,
  result: Measurement["result"],
  expected: Pick<ExpectedTotals, "counts" | "hash">,
): void {
  if (result === undefined) return;
  const { counts, hash } = result;
  for (const count of ["read", "accepted", "duplicate"] as const)
    if (counts[count] !== expected.counts[count])
      throw new WrongResult(
        `${contender}: ${count} ${counts[count]}, the load has ${expected.counts[count]}`,
      );
  if (hash !== expected.hash)
    throw new WrongResult(`${contender}: its sums have the hash ${hash}, those of the load ${expected.hash}`);
}
