import { describe, expect, it } from "vitest";
import { closeAfterGrace, type CloseTime } from "../../../src/operators/window/close-time.ts";
import { hopping, tumbling, type WindowAssigner } from "../../../src/operators/window/window-assigner.ts";
import { Placement, WindowLifecycle } from "../../../src/operators/window/window-lifecycle.ts";
import { PlainCells } from "../../oracle/windows/plain-cells.ts";

interface Setup {
  readonly assigner?: WindowAssigner;
  readonly closeAt?: CloseTime;
  readonly retainMs?: number;
  readonly lateFiring?: "immediate" | "next-boundary";
  readonly onFire?: (run: Run, slot: number) => void;
}

/** A lifecycle that writes down what it is told, as `what series@start`. */
class Run {
  readonly cells = new PlainCells();
  readonly told: string[] = [];
  readonly lifecycle: WindowLifecycle;
  readonly slots: Int32Array;

  constructor(setup: Setup = {}) {
    const assigner = setup.assigner ?? tumbling(10, 0);
    this.slots = new Int32Array(assigner.windowsPerEvent);
    const name = (slot: number): string => `${this.cells.seriesOf(slot)}@${this.cells.startOf(slot)}`;
    const say = (what: string, slots: readonly number[]): void => {
      this.told.push(`${what} ${slots.map(name).join(" ")}`);
    };
    this.lifecycle = new WindowLifecycle({
      assigner,
      cells: this.cells,
      closeAt: setup.closeAt ?? closeAfterGrace(20),
      retainMs: setup.retainMs ?? 0,
      lateFiring: setup.lateFiring ?? "next-boundary",
      listener: {
        fire: (slots, reason) => {
          say(reason, slots);
          for (const slot of slots) setup.onFire?.(this, slot);
        },
        close: (closeAtMs, slots) => {
          say(`close(${closeAtMs})`, slots);
        },
        evict: (slots) => {
          say("evict", slots);
        },
      },
    });
  }

  add(series: number, timeMs: number): number[] {
    const count = this.lifecycle.place(series, timeMs, this.slots);
    const slots = [...this.slots.subarray(0, count)];
    for (const slot of slots) this.lifecycle.updated(slot);
    return slots.map((_slot, i) => this.lifecycle.placements[i] ?? -1);
  }

  advance(watermarkMs: number): string[] {
    this.lifecycle.advanceTo(watermarkMs);
    return this.told.splice(0);
  }
}

describe("WindowLifecycle", () => {
  it("completes, closes and removes to the tick", () => {
    const run = new Run({ retainMs: 5 });
    expect(run.add(0, 3)).toEqual([Placement.onTime]);
    expect(run.lifecycle.nextDueMs).toBe(10);
    expect(run.advance(8)).toEqual([]);
    expect(run.advance(9)).toEqual(["complete 0@0"]);
    expect(run.advance(9)).toEqual([]);
    expect(run.advance(28)).toEqual([]);
    expect(run.advance(29)).toEqual(["close(30) 0@0"]);
    expect(run.advance(33)).toEqual([]);
    expect(run.advance(34)).toEqual(["evict 0@0"]);
    expect(run.cells.size).toBe(0);
    expect(run.lifecycle.nextDueMs).toBe(Infinity);
  });

  it("emits every non-empty window of a jump once, in window order, series by number", () => {
    const run = new Run({ closeAt: closeAfterGrace(Infinity) });
    for (const [series, timeMs] of [
      [2, 35],
      [1, 5],
      [0, 38],
      [0, 7],
      [2, 12],
    ] as const)
      run.add(series, timeMs);
    expect(run.advance(1_000)).toEqual(["complete 0@0 1@0", "complete 2@10", "complete 0@30 2@30"]);
  });

  it("gives a window without cell the place that the watermark says", () => {
    const run = new Run({ retainMs: 5 });
    run.advance(9);
    expect(run.add(0, 3)).toEqual([Placement.late]);
    run.advance(29);
    expect(run.add(1, 4)).toEqual([Placement.closed]);
    run.advance(34);
    expect(run.add(2, 5)).toEqual([]);
    expect([run.lifecycle.closedCount, run.lifecycle.closedStarts[0], run.slots[0]]).toEqual([1, 0, -1]);
  });

  it("takes an event for the open windows only, and tells when it is late for all", () => {
    const run = new Run({ assigner: hopping(20, 10, 0), closeAt: closeAfterGrace(0) });
    run.advance(19);
    expect(run.add(0, 15)).toEqual([Placement.onTime]);
    expect(run.lifecycle.closedCount).toBe(1);
    run.advance(29);
    expect(run.add(0, 15)).toEqual([]);
    expect(run.lifecycle.closedCount).toBe(2);
  });

  it("fires a late change at once, or with the next boundary and before what closes", () => {
    const immediate = new Run({ lateFiring: "immediate" });
    immediate.advance(9);
    immediate.add(0, 3);
    expect(immediate.told).toEqual(["refinement 0@0"]);

    const boundary = new Run({ closeAt: closeAfterGrace(15), retainMs: Infinity });
    boundary.add(1, 3);
    boundary.add(1, 13);
    expect(boundary.advance(12)).toEqual(["complete 1@0"]);
    boundary.add(1, 4);
    boundary.add(0, 4);
    boundary.add(1, 5);
    expect(boundary.lifecycle.nextDueMs).toBe(20);
    expect(boundary.advance(18)).toEqual([]);
    expect(boundary.advance(19)).toEqual(["refinement 0@0 1@0", "complete 1@10"]);
    boundary.add(0, 6);
    expect(boundary.advance(24)).toEqual(["refinement 0@0", "close(25) 0@0 1@0"]);
    boundary.add(1, 7);
    expect(boundary.advance(29)).toEqual(["adjustment 1@0"]);
  });

  it("fires an adjustment before its cell goes", () => {
    const run = new Run({ retainMs: 5 });
    run.add(0, 3);
    run.advance(30);
    run.told.length = 0;
    run.add(0, 3);
    expect(run.advance(100)).toEqual(["adjustment 0@0", "evict 0@0"]);
  });

  it("fires what a listener places during the same advance, in order", () => {
    const carried = new Run({
      closeAt: closeAfterGrace(Infinity),
      onFire: (run, slot) => {
        const next = run.cells.startOf(slot) + 10;
        if (next <= 30) run.add(run.cells.seriesOf(slot), next);
      },
    });
    carried.add(0, 5);
    carried.add(1, 25);
    expect(carried.advance(100)).toEqual([
      "complete 0@0",
      "complete 0@10",
      "complete 0@20 1@20",
      "complete 0@30 1@30",
    ]);
  });

  it("closes the windows of a period together, in window order", () => {
    const run = new Run({ closeAt: () => 40 });
    for (const [series, timeMs] of [
      [1, 35],
      [0, 35],
      [1, 5],
      [0, 15],
    ] as const)
      run.add(series, timeMs);
    run.advance(38);
    run.told.length = 0;
    expect(run.advance(39)).toEqual([
      "complete 0@30 1@30",
      "close(40) 1@0 0@10 0@30 1@30",
      "evict 1@0 0@10 0@30 1@30",
    ]);
  });

  it("fires late changes of what closes before completions of the same time", () => {
    // Windows end at 15, 25, …; boundaries of the grid are 10, 20, …: nothing but the close fires the change.
    const run = new Run({ assigner: hopping(15, 10, 0), closeAt: closeAfterGrace(10), retainMs: Infinity });
    run.add(0, 9);
    run.add(0, 17);
    run.advance(20);
    run.told.length = 0;
    run.add(0, 9);
    expect(run.advance(24)).toEqual(["refinement 0@0", "complete 0@10", "close(25) 0@0"]);
  });

  it("does not let a listener advance the watermark", () => {
    const run = new Run({
      onFire: ({ lifecycle }) => {
        lifecycle.advanceTo(500);
      },
    });
    run.add(0, 5);
    expect(() => run.advance(9)).toThrow("must not advance");
  });

  it("closes no window before it is complete, and saturates at the end of time", () => {
    const early = new Run({ closeAt: () => 2 });
    early.add(0, 5);
    expect(early.advance(8)).toEqual([]);
    expect(early.advance(9)).toEqual(["complete 0@0", "close(10) 0@0", "evict 0@0"]);
    const kept = new Run({ closeAt: () => 2, retainMs: 5 });
    kept.add(0, 5);
    expect(kept.advance(13)).toEqual(["complete 0@0", "close(10) 0@0"]);
    expect(kept.advance(14)).toEqual(["evict 0@0"]);

    const last = new Run({ closeAt: closeAfterGrace(2_000) });
    last.add(0, Number.MAX_SAFE_INTEGER - 100);
    expect(last.advance(Number.MAX_SAFE_INTEGER - 92)).toHaveLength(1);
    expect(last.advance(Infinity)).toHaveLength(2);
  });

  it("rejects what would lose events", () => {
    const run = new Run({ assigner: hopping(20, 10, 0) });
    expect(() => run.lifecycle.place(0, 5, new Int32Array(1))).toThrow(RangeError);
    expect(() => run.lifecycle.advanceTo(Number.NaN)).toThrow(RangeError);
    expect(() => new Run({ retainMs: -1 })).toThrow(RangeError);
    const broken = new Run({ closeAt: () => Number.NaN });
    broken.add(0, 5);
    expect(() => broken.advance(9)).toThrow("close time");
  });
});
