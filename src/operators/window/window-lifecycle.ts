import { runWhole, SliceBudget, type SlicedWork } from "../../model/sliced-work.ts";
import { sortInSlices } from "../slices/sort-in-slices.ts";
import type { CloseTime } from "./close-time.ts";
import { DueSlots } from "./due-slots.ts";
import { MIN_TIME_MS, addTime, floorModulo, saturate } from "./safe-time.ts";
import type { WindowAssigner } from "./window-assigner.ts";
import { CellPhase, type WindowCells } from "./window-cells.ts";

/** `complete`: first emission. `refinement`: changed by a late event. `adjustment`: changed after its period closed. */
export type FireReason = "complete" | "refinement" | "adjustment";

/**
 * Told what is due, in order. It may place values and call `updated` while it is told. Slots are sorted by (start, series).
 * What takes long is returned as work, which is done before anything else is told.
 */
export interface WindowListener {
  fire(slots: readonly number[], reason: FireReason): SlicedWork | void;
  /** The period of these windows closed at `closeAtMs`; nothing is emitted for that. */
  close(closeAtMs: number, slots: readonly number[]): SlicedWork | void;
  /** The cells are removed after the call. */
  evict(slots: readonly number[]): SlicedWork | void;
}

export interface WindowLifecycleOptions {
  readonly assigner: WindowAssigner;
  readonly cells: WindowCells;
  /** A window never closes before it is complete. Where answers change for existing cells, `restore` must be called. */
  readonly closeAt: CloseTime;
  /** How long after closing a cell's state is kept, milliseconds; 0 removes it at the close, Infinity never. */
  readonly retainMs: number;
  /** When late changes are emitted: with each event, or together at the next boundary of the slide grid. */
  readonly lateFiring: "immediate" | "next-boundary";
  readonly listener: WindowListener;
  /** Of the slices in which `advance` and `restore` work. */
  readonly budget?: SliceBudget;
}

/** Looking at a slot or changing its flags; finding out when a slot is due next. */
const LOOK_UNITS = 1;
const SCHEDULE_UNITS = 6;

/** How an event stands to a window. */
export const Placement = { onTime: 0, late: 1, closed: 2 } as const;

/**
 * Life of the cells of one partition: open → complete (W ≥ end − 1) → closed (W ≥ closeAt − 1) → gone
 * (W ≥ closeAt + retain − 1). Times that are due are processed in ascending order, so a jump of the watermark gives the
 * same emissions as small steps; at one time late changes come first, then completions, closings, removals.
 *
 * The watermark must be passed on whenever it moves (`if (W > lifecycle.watermark) lifecycle.advanceTo(W)`): whether
 * an event is late for a window without a cell follows from it alone.
 */
export class WindowLifecycle {
  readonly #assigner: WindowAssigner;
  readonly #cells: WindowCells;
  readonly #closeAt: CloseTime;
  readonly #retainMs: number;
  readonly #immediate: boolean;
  readonly #listener: WindowListener;
  readonly #budget: SliceBudget;
  readonly #due = new DueSlots();
  readonly #touched = new Set<number>();
  readonly #starts: Float64Array;
  #boundaryMs = Infinity;
  #watermarkMs = -Infinity;
  #telling = false;
  #advancing = false;

  /** Of the last placed event, parallel to its slots: a code of `Placement`. */
  readonly placements: Uint8Array;
  /** Starts of the windows of the last placed event that are gone; `closedCount` of them. */
  readonly closedStarts: Float64Array;
  /** Windows of the last placed event that are closed and gave no slot. An event without any slot is late for all. */
  closedCount = 0;

  /** RangeError unless retainMs ≥ 0. */
  constructor(options: WindowLifecycleOptions) {
    if (!(options.retainMs >= 0)) {
      throw new RangeError(`retainMs must be 0 or more milliseconds; got ${String(options.retainMs)}`);
    }
    this.#assigner = options.assigner;
    this.#cells = options.cells;
    this.#closeAt = options.closeAt;
    this.#retainMs = options.retainMs;
    this.#immediate = options.lateFiring === "immediate";
    this.#listener = options.listener;
    this.#budget = options.budget ?? new SliceBudget();
    this.#starts = new Float64Array(options.assigner.windowsPerEvent);
    this.placements = new Uint8Array(options.assigner.windowsPerEvent);
    this.closedStarts = new Float64Array(options.assigner.windowsPerEvent);
  }

  /** The watermark as last passed on; inside a listener's call, the time that is being processed. */
  get watermark(): number {
    return this.#watermarkMs;
  }

  /** The next time T at which something is due: it is processed at W ≥ T − 1. Infinity where nothing is. */
  get nextDueMs(): number {
    return Math.min(this.#due.nextMs, this.#boundaryMs);
  }

  /**
   * Writes the slots of the event's windows to `out` in window order, makes cells as needed, and returns how many
   * they are. A window that is gone gives no slot (see `closedCount`); −1 follows the last slot where there is room.
   * RangeError where `out` is shorter than the assigner's windowsPerEvent.
   */
  place(series: number, timeMs: number, out: Int32Array): number {
    const starts = this.#starts;
    if (out.length < starts.length) {
      throw new RangeError(`place needs room for ${String(starts.length)} slots; got ${String(out.length)}`);
    }
    const windows = this.#assigner.assign(timeMs, starts);
    let count = 0;
    this.closedCount = 0;
    for (let i = 0; i < windows; i++) {
      const startMs = starts[i] ?? 0;
      let slot = this.#cells.find(series, startMs);
      if (slot < 0) slot = this.#create(series, startMs);
      if (slot < 0) {
        this.closedStarts[this.closedCount++] = startMs;
        continue;
      }
      this.placements[count] = this.#cells.phaseOf(slot);
      out[count++] = slot;
    }
    if (count < out.length) out[count] = -1;
    return count;
  }

  /** The caller added a value to a cell. */
  updated(slot: number): void {
    if (this.#cells.phaseOf(slot) === CellPhase.open) return;
    this.#touch(slot);
    if (!this.#immediate || this.#telling) return;
    runWhole(this.#fireTouched(), this.#budget);
  }

  /** Whether something is due at a watermark: then it has to be passed on by `advance`. */
  isDue(watermarkMs: number): boolean {
    return this.nextDueMs - 1 <= watermarkMs;
  }

  /** Processes what is due up to a watermark; one that doesn't advance changes nothing. RangeError for NaN. */
  advanceTo(watermarkMs: number): void {
    runWhole(this.advance(watermarkMs), this.#budget);
  }

  /** The same in slices. Until they are done nothing but the listener may place or update anything. */
  *advance(watermarkMs: number): SlicedWork {
    if (Number.isNaN(watermarkMs)) throw new RangeError("a watermark must be a number");
    if (this.#telling || this.#advancing)
      throw new Error("a listener must not advance the watermark that it is told about");
    const target = saturate(watermarkMs);
    if (watermarkMs === -Infinity || target <= this.#watermarkMs) return;
    this.#advancing = true;
    for (let dueMs = this.nextDueMs; dueMs - 1 <= target; dueMs = this.nextDueMs) {
      if (dueMs - 1 > this.#watermarkMs) this.#watermarkMs = dueMs - 1;
      yield* this.#process(dueMs);
    }
    this.#watermarkMs = target;
    this.#advancing = false;
  }

  /** Takes up cells and a watermark that were restored: what was emitted is not emitted again, what is due still is. */
  restore(watermarkMs: number): void {
    runWhole(this.takeUp(watermarkMs), this.#budget);
  }

  /** The same in slices. */
  *takeUp(watermarkMs: number): SlicedWork {
    this.#due.clear();
    this.#touched.clear();
    this.#boundaryMs = Infinity;
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
    for (const slot of this.#cells.slots()) {
      this.#schedule(slot);
      if (this.#cells.isTouched(slot)) this.#touch(slot);
      if (this.#budget.spend(SCHEDULE_UNITS)) yield;
    }
  }

  /** A cell in the phase that its window is in; −1 where the window is gone. */
  #create(series: number, startMs: number): number {
    const watermarkMs = this.#watermarkMs;
    const endMs = addTime(startMs, this.#assigner.sizeMs);
    if (watermarkMs < endMs - 1) {
      const slot = this.#cells.create(series, startMs);
      this.#due.add(endMs, slot);
      return slot;
    }
    const closeAtMs = this.#closeOf(series, startMs);
    const closed = watermarkMs >= closeAtMs - 1;
    if (closed && watermarkMs >= addTime(closeAtMs, this.#retainMs) - 1) return -1;
    const slot = this.#cells.create(series, startMs);
    this.#cells.setPhase(slot, closed ? CellPhase.closed : CellPhase.complete);
    this.#schedule(slot);
    return slot;
  }

  #closeOf(series: number, startMs: number): number {
    const endMs = addTime(startMs, this.#assigner.sizeMs);
    const closeAtMs = this.#closeAt(series, startMs, endMs);
    if (Number.isNaN(closeAtMs)) throw new RangeError("a close time must be a number");
    return Math.max(endMs, addTime(closeAtMs, 0));
  }

  #dueOf(slot: number): number {
    const startMs = this.#cells.startOf(slot);
    const phase = this.#cells.phaseOf(slot);
    if (phase === CellPhase.open) return addTime(startMs, this.#assigner.sizeMs);
    const closeAtMs = this.#closeOf(this.#cells.seriesOf(slot), startMs);
    return phase === CellPhase.complete ? closeAtMs : addTime(closeAtMs, this.#retainMs);
  }

  #schedule(slot: number): void {
    const dueMs = this.#dueOf(slot);
    if (dueMs !== Infinity) this.#due.add(dueMs, slot);
  }

  #touch(slot: number): void {
    this.#cells.setTouched(slot, true);
    this.#touched.add(slot);
    if (this.#boundaryMs === Infinity) this.#boundaryMs = this.#nextBoundary();
  }

  /** The first boundary of the slide grid that the watermark has not crossed. */
  #nextBoundary(): number {
    const { slideMs, offsetMs } = this.#assigner;
    if (this.#watermarkMs === -Infinity) return MIN_TIME_MS;
    const nextMs = this.#watermarkMs + 1;
    const sinceBoundary = floorModulo(floorModulo(nextMs, slideMs) - offsetMs, slideMs);
    return addTime(nextMs, slideMs - sinceBoundary);
  }

  *#process(dueMs: number): SlicedWork {
    if (dueMs === this.#boundaryMs) yield* this.#fireTouched();
    const [completing, closing, evicting] = yield* this.#byPhase(this.#due.take(dueMs));
    // Late changes of windows that are about to close or go belong to the time before.
    yield* this.#fireTouchedAmong(closing, evicting);

    yield* this.#enter(CellPhase.complete, completing, dueMs, closing);
    yield* this.#fire(completing, "complete");

    yield* this.#fireTouchedAmong(closing);
    yield* this.#enter(CellPhase.closed, closing, dueMs, evicting);
    if (closing.length > 0) {
      const slots = yield* this.#sort(closing);
      yield* this.#tell(() => this.#listener.close(dueMs, slots));
    }

    yield* this.#fireTouchedAmong(evicting);
    if (evicting.length > 0) {
      const slots = yield* this.#sort(evicting);
      yield* this.#tell(() => this.#listener.evict(slots));
      for (const slot of evicting) {
        this.#touched.delete(slot);
        this.#cells.remove(slot);
        if (this.#budget.spend(LOOK_UNITS)) yield;
      }
    }
    if (this.#immediate) yield* this.#fireTouched();
  }

  *#byPhase(
    slots: readonly number[],
  ): SlicedWork<readonly [open: number[], complete: number[], closed: number[]]> {
    const byPhase: [number[], number[], number[]] = [[], [], []];
    for (const slot of slots) {
      byPhase[this.#cells.phaseOf(slot)].push(slot);
      if (this.#budget.spend(LOOK_UNITS)) yield;
    }
    return byPhase;
  }

  /** Lets slots go on to their next phase, and puts each where it is due next: now as well (into `next`), or later. */
  *#enter(phase: CellPhase, slots: readonly number[], nowMs: number, next: number[]): SlicedWork {
    for (const slot of slots) {
      this.#cells.setPhase(slot, phase);
      const dueMs = this.#dueOf(slot);
      if (dueMs <= nowMs) next.push(slot);
      else if (dueMs !== Infinity) this.#due.add(dueMs, slot);
      if (this.#budget.spend(SCHEDULE_UNITS)) yield;
    }
  }

  *#fireTouched(): SlicedWork {
    do {
      const slots = [...this.#touched];
      this.#touched.clear();
      this.#boundaryMs = Infinity;
      yield* this.#fireLate(slots);
      // The listener may touch more; with "immediate" that is fired too.
    } while (this.#immediate && this.#touched.size > 0);
  }

  *#fireTouchedAmong(...candidates: readonly (readonly number[])[]): SlicedWork {
    while (this.#touched.size > 0) {
      const slots: number[] = [];
      for (const list of candidates) {
        for (const slot of list) {
          if (this.#touched.delete(slot)) slots.push(slot);
          if (this.#budget.spend(LOOK_UNITS)) yield;
        }
      }
      if (slots.length === 0) return;
      if (this.#touched.size === 0) this.#boundaryMs = Infinity;
      yield* this.#fireLate(slots);
    }
  }

  *#fireLate(slots: readonly number[]): SlicedWork {
    const complete: number[] = [];
    const closed: number[] = [];
    for (const slot of slots) {
      (this.#cells.phaseOf(slot) === CellPhase.closed ? closed : complete).push(slot);
      if (this.#budget.spend(LOOK_UNITS)) yield;
    }
    yield* this.#fire(complete, "refinement");
    yield* this.#fire(closed, "adjustment");
  }

  *#fire(slots: readonly number[], reason: FireReason): SlicedWork {
    if (slots.length === 0) return;
    for (const slot of slots) {
      this.#cells.setTouched(slot, false);
      if (this.#budget.spend(LOOK_UNITS)) yield;
    }
    const sorted = yield* this.#sort(slots);
    yield* this.#tell(() => this.#listener.fire(sorted, reason));
  }

  *#tell(call: () => SlicedWork | void): SlicedWork {
    this.#telling = true;
    try {
      const work = call();
      if (work !== undefined) yield* work;
    } finally {
      this.#telling = false;
    }
  }

  #sort(slots: readonly number[]): SlicedWork<readonly number[]> {
    const cells = this.#cells;
    return sortInSlices(
      slots,
      (a, b) => cells.startOf(a) - cells.startOf(b) || cells.seriesOf(a) - cells.seriesOf(b),
      this.#budget,
    );
  }
}
