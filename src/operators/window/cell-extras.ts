import { TributaryError } from "../../model/errors.ts";
import type { PartitionStore, StateRow } from "../../model/store.ts";
import { Aggregation } from "../stage.ts";
import type { AggregationCode } from "./aggregates/aggregate.ts";
import { ChangePoints } from "./aggregates/time-weighted.ts";
import { MemberSet, MEMBERS_PER_BLOCK } from "./aggregates/unique.ts";

export const CELL_EXTRAS_SPACE = "cell-extras";

/**
 * A row's key is slot × 2^20 + block: below 2^53 for every slot of 32 bits, and more blocks than a set can fill
 * (2^24 members / 256).
 */
const BLOCKS_PER_SLOT = 2 ** 20;

/** Aggregations of cells that keep points: levels, or the values of a retractable meter's events. */
const HAS_POINTS: ReadonlySet<AggregationCode> = new Set([
  Aggregation.time_weighted,
  Aggregation.min,
  Aggregation.max,
  Aggregation.latest,
]);

/** Slot of the cell that a stored row is of. */
export function slotOfExtra(key: number): number {
  return Math.floor(key / BLOCKS_PER_SLOT);
}

/** State of `unique` and `time_weighted` cells, and of cells of retractable meters, that does not fit into their records. */
export class CellExtras {
  readonly #members = new Map<number, MemberSet>();
  readonly #points = new Map<number, ChangePoints>();
  /** Slots whose state changed since the last checkpoint (it may be gone by now). */
  #dirty = new Set<number>();
  /** Slots of the frozen checkpoint whose state is as it was then; their rows are not made yet. */
  #frozen = new Set<number>();
  /** Rows of the frozen checkpoint made before their slot changed again. */
  #frozenRows: StateRow[] = [];
  /** Members of a slot's set that are saved. */
  readonly #savedMembers = new Map<number, number>();
  /** Slots whose change points are saved. */
  readonly #savedPoints = new Set<number>();
  /** Keys of saved rows whose state is gone. */
  #goneKeys = new Set<number>();

  members(slot: number): MemberSet | undefined {
    return this.#members.get(slot);
  }

  points(slot: number): ChangePoints | undefined {
    return this.#points.get(slot);
  }

  /** The set of a slot, made where there is none. The caller adds a member to it. */
  membersForAdd(slot: number): MemberSet {
    return this.#forChange(this.#members, slot, () => new MemberSet());
  }

  /** The change points of a slot, made where there are none. The caller changes them. */
  pointsForChange(slot: number): ChangePoints {
    return this.#forChange(this.#points, slot, () => new ChangePoints());
  }

  remove(slot: number): void {
    this.#thaw(slot);
    const savedMembers = this.#savedMembers.get(slot) ?? 0;
    const savedBlocks = this.#savedPoints.has(slot) ? 1 : Math.ceil(savedMembers / MEMBERS_PER_BLOCK);
    for (let block = 0; block < savedBlocks; block += 1) this.#goneKeys.add(slot * BLOCKS_PER_SLOT + block);
    this.#members.delete(slot);
    this.#points.delete(slot);
    this.#savedMembers.delete(slot);
    this.#savedPoints.delete(slot);
  }

  /** `aggregationOf` gives the aggregation of the cell in a slot, undefined where there is no cell. */
  restore(
    store: Pick<PartitionStore, "rows">,
    aggregationOf: (slot: number) => AggregationCode | undefined,
  ): void {
    for (const { key, value } of store.rows(CELL_EXTRAS_SPACE)) {
      const slot = slotOfExtra(key);
      const aggregation = aggregationOf(slot);
      if (aggregation !== undefined && HAS_POINTS.has(aggregation)) {
        const points = ChangePoints.from(value);
        if (points === undefined) throw corruptRow(key);
        this.#points.set(slot, points);
        this.#savedPoints.add(slot);
      } else {
        const members = this.#members.get(slot) ?? new MemberSet();
        if (aggregation !== Aggregation.unique || !loadBlock(members, value)) throw corruptRow(key);
        this.#members.set(slot, members);
        this.#savedMembers.set(slot, members.seen);
      }
    }
  }

  /** See `CheckpointParticipant.freezeChanges`. */
  freezeChanges(): Iterable<StateRow> {
    if (this.#frozen.size > 0 || this.#frozenRows.length > 0)
      throw new TributaryError("internal-fault", "A checkpoint of cell state began inside another one.");
    this.#frozen = this.#dirty;
    this.#dirty = new Set();
    const gone = this.#goneKeys;
    this.#goneKeys = new Set();
    return this.#readFrozen(gone);
  }

  /** Removals come first: a slot that was taken again since has its rows behind them. */
  *#readFrozen(gone: ReadonlySet<number>): Generator<StateRow> {
    for (const key of gone) yield { space: CELL_EXTRAS_SPACE, key, value: null };
    for (;;) {
      const made = this.#frozenRows;
      this.#frozenRows = [];
      yield* made;
      const next = this.#frozen.values().next();
      if (next.done === true && this.#frozenRows.length === 0) return;
      if (next.done !== true) this.#thaw(next.value);
    }
  }

  /** Makes the rows that a slot has in the frozen checkpoint, where that is still to be done. */
  #thaw(slot: number): void {
    if (!this.#frozen.delete(slot)) return;
    const points = this.#points.get(slot);
    if (points !== undefined) {
      this.#frozenRows.push({
        space: CELL_EXTRAS_SPACE,
        key: slot * BLOCKS_PER_SLOT,
        value: points.toBytes(),
      });
      this.#savedPoints.add(slot);
    }
    const members = this.#members.get(slot);
    if (members !== undefined) this.#collectMembers(slot, members, this.#frozenRows);
  }

  #collectMembers(slot: number, members: MemberSet, changed: StateRow[]): void {
    // The order only grows: the last saved block may have been filled up, those before it change by their counts alone.
    const first = Math.floor((this.#savedMembers.get(slot) ?? 0) / MEMBERS_PER_BLOCK);
    const blocks = members.takeChangedBlocks().filter((block) => block < first);
    for (let block = first; block < members.blockCount; block += 1) blocks.push(block);
    for (const block of blocks)
      changed.push({
        space: CELL_EXTRAS_SPACE,
        key: slot * BLOCKS_PER_SLOT + block,
        value: members.block(block),
      });
    this.#savedMembers.set(slot, members.seen);
  }

  #forChange<T>(extras: Map<number, T>, slot: number, make: () => T): T {
    this.#thaw(slot);
    this.#dirty.add(slot);
    let extra = extras.get(slot);
    if (extra === undefined) {
      extra = make();
      extras.set(slot, extra);
    }
    return extra;
  }
}

function loadBlock(members: MemberSet, value: Uint8Array): boolean {
  try {
    return members.loadBlock(value);
  } catch {
    return false;
  }
}

function corruptRow(key: number): TributaryError {
  return new TributaryError("state-corrupt", "A row of cell state can't be read.", {
    details: { space: CELL_EXTRAS_SPACE, key },
  });
}
