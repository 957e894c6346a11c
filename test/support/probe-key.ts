import { KEY_WORDS } from "../../src/model/key-segments.ts";
import type { KeyTable, KeyVerdict } from "../../src/operators/deduplicate/key-table.ts";

/** One event of a message by itself: looks for its key (four words of `keys` from `offset`) and adds it where it is new. */
export function probeKey(
  table: KeyTable,
  keys: Uint32Array,
  offset: number,
  checksumLow: number,
  checksumHigh: number,
  arrivalMs: number,
  sequence: number,
  index: number,
): KeyVerdict {
  table.beginMessage(arrivalMs, sequence);
  const isRow = offset % KEY_WORDS === 0;
  const row = isRow ? offset / KEY_WORDS : 0;
  const checksums = new Uint32Array(2 * row + 2);
  checksums.set([checksumLow, checksumHigh], 2 * row);
  const column = isRow ? keys : keys.slice(offset, offset + KEY_WORDS);
  return table.probeAndInsert(column, checksums, row, index);
}
