import { UnsupportedKind } from "./window-case.ts";

interface Entry {
  readonly value: unknown;
  readonly timeMs: number;
  readonly deleted: boolean;
}

/** What the values of one window come to. */
export type Aggregate = (entries: readonly Entry[]) => unknown;

function sum(entries: readonly Entry[]): number {
  return entries.reduce((total, { value }) => total + Number(value), 0);
}

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  sum,
  reduce: sum,
  count: (entries) => entries.length,
  list: (entries) => entries.map(({ value }) => value),
  ordered_list: (entries) => entries.toSorted((a, b) => a.timeMs - b.timeMs).map(({ value }) => value),
  min: (entries) => Math.min(...entries.map(({ value }) => Number(value))),
  max: (entries) => Math.max(...entries.map(({ value }) => Number(value))),
  none: () => null,
  last: (entries) => entries.at(-1)?.value,
};

export function aggregateOf(name: string): Aggregate {
  const found = AGGREGATES[name];
  if (found === undefined) throw new UnsupportedKind(`aggregate ${name}`);
  return found;
}

/** Contents of one cell: all that came, and how much of it was emitted already. */
export class Contents {
  readonly entries: Entry[] = [];
  maxTimeMs = -Infinity;
  emittedEntries = 0;
  panes = 0;

  add(value: unknown, timeMs: number, deleted: boolean): void {
    this.entries.push({ value, timeMs, deleted });
    this.maxTimeMs = Math.max(this.maxTimeMs, timeMs);
  }
  /** Entries since the last emission. */
  get delta(): readonly Entry[] {
    return this.entries.slice(this.emittedEntries);
  }
  clone(): Contents {
    const copy = new Contents();
    copy.entries.push(...this.entries);
    copy.maxTimeMs = this.maxTimeMs;
    copy.emittedEntries = this.emittedEntries;
    copy.panes = this.panes;
    return copy;
  }
}
