import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";

/** Items sorted in one go: about a millisecond. */
const RUN_LENGTH = 1_024;
/** Of an item, by `SliceBudget`: ten comparisons within its run, and one in each merge. Texts are compared as well. */
const SORT_UNITS = 10;
const MERGE_UNITS = 2;

/** The items in order, as a stable sort gives it, however many there are: runs are sorted and merged in slices. */
export function* sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  budget: SliceBudget,
): SlicedWork<readonly Item[]> {
  let runs: Item[][] = [];
  for (let from = 0; from < items.length; from += RUN_LENGTH) {
    const run = items.slice(from, from + RUN_LENGTH).sort(compare);
    runs.push(run);
    if (budget.spend(run.length * SORT_UNITS)) yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare, budget));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<Item>(
  left: Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
  budget: SliceBudget,
): SlicedWork<Item[]> {
  if (right.length === 0) return left;
  const merged: Item[] = [];
  let at = 0;
  for (const item of left) {
    for (let next = right[at]; next !== undefined && compare(next, item) < 0; next = right[at]) {
      merged.push(next);
      at += 1;
      if (budget.spend(MERGE_UNITS)) yield;
    }
    merged.push(item);
    if (budget.spend(MERGE_UNITS)) yield;
  }
  for (; at < right.length; at += 1) {
    merged.push(right[at]!);
    if (budget.spend(MERGE_UNITS)) yield;
  }
  return merged;
}
