import type { StateRow } from "../../../src/model/store.ts";
import { CellTable } from "../../../src/operators/window/cell-table.ts";

/** What a table has saved so far, as a store would hold it. */
export type SavedRows = Map<string, StateRow>;

/** Saves a table and restores another one from all that it and its predecessors have saved. */
export function savedAndRestored(cells: CellTable, saved: SavedRows, windowMs: number): CellTable {
  const changes: StateRow[] = [];
  cells.collectChanges(changes);
  for (const row of changes) saved.set(`${row.space} ${row.key}`, row);
  const copy = new CellTable({ windowMs });
  copy.restore({
    *rows(space) {
      const rows = [...saved.values()].filter((row) => row.space === space).sort((a, b) => a.key - b.key);
      for (const { key, value } of rows) if (value !== null) yield { key, value };
    },
  });
  return copy;
}
