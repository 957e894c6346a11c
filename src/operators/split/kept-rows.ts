import type { PartitionStore, StateRow } from "../../model/store.ts";
import type { RowCodec } from "../rate/keyed-rows.ts";

/** Reads the rows of a state that is divided. */
export type RowSource = Pick<PartitionStore, "rows">;

/**
 * Rows of `KeyedRows` that are kept, numbered anew without holes in their order, as they were stored.
 * @param onKept told the old and the new number of each that is kept
 */
export function* keptEntries<Entry>(
  source: RowSource,
  space: string,
  { decode }: Pick<RowCodec<Entry>, "decode">,
  keeps: (entry: Entry) => boolean,
  onKept: (from: number, to: number, entry: Entry) => void = () => undefined,
): Generator<StateRow> {
  let next = 0;
  for (const { key, value } of source.rows(space)) {
    const entry = decode(value);
    if (!keeps(entry)) continue;
    onKept(key, next, entry);
    yield { space, key: next, value };
    next += 1;
  }
}

/** Rows that are kept under the keys that they have: ordinals are given once, and others name them. */
export function* keptRows(
  source: RowSource,
  space: string,
  keeps: (key: number, value: Uint8Array) => boolean,
): Generator<StateRow> {
  for (const { key, value } of source.rows(space)) if (keeps(key, value)) yield { space, key, value };
}
