import { closeAfterGrace } from "../../../src/operators/window/close-time.ts";
import { WatermarkTracker } from "../../../src/operators/window/watermark.ts";
import type { WindowAssigner } from "../../../src/operators/window/window-assigner.ts";
import { WindowLifecycle, type FireReason } from "../../../src/operators/window/window-lifecycle.ts";
import { Contents, aggregateOf, type Aggregate } from "./aggregate.ts";
import { compareRows, expectAt, kindOf, requireWindowOrder } from "./compare-rows.ts";
import { CellTable } from "../../../src/operators/window/cell-table.ts";
import { savedAndRestored, type SavedRows } from "./copied-cells.ts";
import {
  Mismatch,
  UnsupportedKind,
  requireFields,
  toTime,
  type Row,
  type WindowCase,
} from "./window-case.ts";
import { assignerOf, givenStarts, setupOf, type WindowSetup } from "./window-setup.ts";

interface EmittedRow {
  readonly [field: string]: unknown;
  readonly after: number;
  is_last: boolean;
}

/** Windows of one length with their cells. */
interface Lane {
  readonly assigner: WindowAssigner;
  cells: CellTable;
  readonly saved: SavedRows;
  contents: Map<number, Contents>;
  lastRows: Map<number, EmittedRow>;
  lifecycle: WindowLifecycle;
}

const EVENT_KINDS = ["window", "ts", "watermark", "eof", "snapshot_restore", "system_time", "new_batch"];

/**
 * Runs one case on `WindowLifecycle`. Flink and Beam cases give watermarks; Kafka and Bytewax cases derive them from
 * the events, by `WatermarkTracker`.
 */
export class WindowDriver {
  readonly #case: WindowCase;
  readonly #setup: WindowSetup;
  readonly #aggregate: Aggregate;
  readonly #derived: boolean;
  readonly #lanes = new Map<number, Lane>();
  readonly #keys: string[] = [];
  readonly #rows: EmittedRow[] = [];
  readonly #lateRows: Row[] = [];
  readonly #latenessMs: number[] = [];
  #tracker = new WatermarkTracker();
  #watermarkMs = -Infinity;
  #step = 0;
  #systemTimeMs = 0;
  #nextEmitMs = 0;
  #lastEndMs = 0;

  constructor(windowCase: WindowCase) {
    this.#case = windowCase;
    this.#setup = setupOf(windowCase);
    this.#aggregate = aggregateOf(windowCase.agg ?? (this.#setup.given ? "last" : "list"));
    this.#derived = windowCase.model === "kafka" || windowCase.model === "bytewax";
    this.#configure(this.#tracker);
    if (!this.#setup.given) {
      const assigner = assignerOf(windowCase);
      this.#lanes.set(assigner.sizeMs, this.#createLane(assigner));
    }
  }

  run(): void {
    const {
      events,
      expected,
      correct_extra: extra = [],
      derived_drops: drops = [],
      model,
      metrics,
    } = this.#case;
    for (const [step, event] of events.entries()) {
      this.#step = step;
      this.#handle(event);
      expectAt(expected, "state_size", step, this.#stateSize());
    }
    if (this.#setup.silent && !expected.every((row) => "state_size" in row)) {
      throw new UnsupportedKind(`trigger ${this.#case.trigger ?? ""}`);
    }
    const isDrop = (row: Row): boolean => "late" in row || "dropped" in row;
    if (!this.#setup.silent) {
      const wanted = [...expected, ...extra].filter((row) => !isDrop(row) && !("state_size" in row));
      if (wanted.length > 0 || !expected.some((row) => "state_size" in row)) {
        compareRows(wanted, this.#rows, model !== "beam");
        requireWindowOrder(this.#rows);
      }
    }
    // Sources that don't look at late events name none.
    const late = [...expected.filter(isDrop), ...drops];
    if (late.length > 0) compareRows(late, this.#lateRows, true);
    if (metrics !== undefined) this.#compareMetrics(metrics);
  }

  #handle(event: Row): void {
    switch (kindOf(event, EVENT_KINDS)) {
      case "window":
      case "ts":
        this.#add(event);
        return;
      case "watermark":
        requireFields("event field", event, ["watermark"]);
        this.#advance(this.#inclusive(event["watermark"]));
        return;
      case "eof":
        this.#tracker.advanceTo(Number.MAX_SAFE_INTEGER);
        this.#advance(this.#tracker.watermark);
        return;
      case "snapshot_restore":
        this.#snapshotAndRestore();
        return;
      case "system_time":
        this.#systemTimeMs = toTime(event["system_time"]);
        return;
      default:
    }
  }

  /** Watermarks are inclusive here ("nothing at or before W"), exclusive in Beam. */
  #inclusive(value: unknown): number {
    if (value === "window.maxTimestamp") return this.#lastEndMs - 1;
    return this.#case.model === "beam" ? toTime(value) - 1 : toTime(value);
  }

  #add(event: Row): void {
    requireFields("event field", event, ["key", "ts", "value", "window", "tombstone"]);
    const timeMs = toTime(event["ts"]);
    const { lane, placeMs } = this.#laneOf(event, timeMs);
    const { lifecycle, contents, assigner } = lane;
    const key = String(event["key"]);
    let series = this.#keys.indexOf(key);
    if (series < 0) series = this.#keys.push(key) - 1;
    const slots = new Int32Array(assigner.windowsPerEvent);
    const count = lifecycle.place(series, placeMs, slots);
    const gone = [...lifecycle.closedStarts.subarray(0, lifecycle.closedCount)];
    for (const slot of slots.subarray(0, count)) {
      let content = contents.get(slot);
      if (content === undefined) contents.set(slot, (content = new Contents()));
      content.add(event["value"], timeMs, event["tombstone"] === true);
      this.#lastEndMs = lane.cells.startOf(slot) + assigner.sizeMs;
      lifecycle.updated(slot);
      if (this.#setup.emission === "update") this.#emit(lane, slot, "complete");
    }
    if (this.#derived) {
      this.#tracker.observe(0, timeMs);
      this.#latenessMs.push(this.#tracker.watermark + 1 - timeMs);
    }
    this.#noteLate(event, key, timeMs, count, gone, assigner.sizeMs);
    if (this.#derived) this.#advanceThrottled();
  }

  #laneOf(event: Row, timeMs: number): { lane: Lane; placeMs: number } {
    const given = event["window"];
    if (!this.#setup.given) {
      const lane = [...this.#lanes.values()][0];
      if (lane === undefined || given !== undefined) throw new UnsupportedKind("event with a window");
      return { lane, placeMs: timeMs };
    }
    if (!Array.isArray(given)) throw new UnsupportedKind("event without a given window");
    const [startMs, endMs] = given.map(toTime);
    if (startMs === undefined || endMs === undefined)
      throw new UnsupportedKind("event without a given window");
    let lane = this.#lanes.get(endMs - startMs);
    if (lane === undefined) {
      lane = this.#createLane(givenStarts(endMs - startMs));
      lane.lifecycle.advanceTo(this.#watermarkMs);
      this.#lanes.set(endMs - startMs, lane);
    }
    return { lane, placeMs: startMs };
  }

  /** Kafka counts each window that an event came too late for; the others an event that is too late for all. */
  #noteLate(
    event: Row,
    key: string,
    ts: number,
    count: number,
    gone: readonly number[],
    sizeMs: number,
  ): void {
    if (this.#case.model === "kafka") {
      const streamTime = this.#tracker.watermark + 1;
      for (const start of gone) {
        this.#lateRows.push({
          after: this.#step,
          dropped: true,
          key,
          ts,
          window: [start, start + sizeMs],
          stream_time: streamTime,
          close_time: streamTime - this.#graceMs,
        });
      }
    } else if (count === 0 && gone.length > 0) {
      this.#lateRows.push({ after: this.#step, late: true, key, ts, value: event["value"] });
    }
  }

  /** With an interval, Kafka looks for closed windows at most once in it. */
  #advanceThrottled(): void {
    const intervalMs = this.#case.emit_interval;
    if (intervalMs !== undefined) {
      if (this.#systemTimeMs < this.#nextEmitMs) return;
      this.#nextEmitMs = this.#systemTimeMs + intervalMs;
    }
    this.#advance(this.#tracker.watermark);
  }

  #advance(watermarkMs: number): void {
    this.#watermarkMs = watermarkMs;
    for (const lane of this.#lanes.values()) lane.lifecycle.advanceTo(watermarkMs);
  }

  #snapshotAndRestore(): void {
    const tracker = new WatermarkTracker();
    tracker.restore(this.#tracker.snapshot());
    this.#configure(tracker);
    this.#tracker = tracker;
    for (const lane of this.#lanes.values()) {
      const { watermark } = lane.lifecycle;
      lane.cells = savedAndRestored(lane.cells, lane.saved, lane.assigner.sizeMs);
      lane.contents = new Map([...lane.contents].map(([slot, content]) => [slot, content.clone()]));
      lane.lifecycle = this.#createLifecycle(lane.assigner, lane.cells, () => lane);
      lane.lifecycle.restore(watermark);
    }
  }

  #configure(tracker: WatermarkTracker): void {
    tracker.configure(["all"], toTime(this.#case.wait_ms ?? 0));
  }

  #createLane(assigner: WindowAssigner): Lane {
    const cells = new CellTable({ windowMs: assigner.sizeMs });
    const lifecycle = this.#createLifecycle(assigner, cells, () => lane);
    const lane: Lane = {
      assigner,
      cells,
      saved: new Map(),
      contents: new Map(),
      lastRows: new Map(),
      lifecycle,
    };
    return lane;
  }

  get #graceMs(): number {
    return toTime(this.#case.lateness ?? 0);
  }

  #createLifecycle(assigner: WindowAssigner, cells: CellTable, laneOf: () => Lane): WindowLifecycle {
    return new WindowLifecycle({
      assigner,
      cells,
      closeAt: closeAfterGrace(this.#graceMs),
      retainMs: 0,
      lateFiring: "immediate",
      listener: {
        fire: (slots, reason) => {
          if (this.#setup.emission === "close" || this.#setup.emission === "update") return;
          for (const slot of slots) this.#emit(laneOf(), slot, reason);
        },
        close: (_closeAtMs, slots) => {
          for (const slot of slots) this.#close(laneOf(), slot);
        },
        evict: (slots) => {
          for (const slot of slots) {
            laneOf().contents.delete(slot);
            laneOf().lastRows.delete(slot);
          }
        },
      },
    });
  }

  #close(lane: Lane, slot: number): void {
    const content = lane.contents.get(slot);
    const firedNow = lane.lastRows.get(slot)?.after === this.#step;
    const { emission, atClose } = this.#setup;
    if (emission === "close") this.#emit(lane, slot, "complete");
    else if (atClose === "final-pane" && !firedNow) this.#emit(lane, slot, "refinement");
    else if (atClose === "remainder" && (content?.delta.length ?? 0) > 0) this.#emit(lane, slot, "complete");
    const last = lane.lastRows.get(slot);
    if (last?.after === this.#step) last.is_last = true;
  }

  #emit(lane: Lane, slot: number, reason: FireReason): void {
    const content = lane.contents.get(slot);
    if (content === undefined) throw new Mismatch("emission of an empty window");
    const { emission, given } = this.#setup;
    const value = this.#aggregate(emission === "discarding" ? content.delta : content.entries);
    const tombstone = given && content.entries.at(-1)?.deleted === true;
    // A final result that is deleted was never out.
    if (tombstone && emission === "close") return;
    const start = lane.cells.startOf(slot);
    const row: EmittedRow = {
      after: this.#step,
      key: this.#keys[lane.cells.seriesOf(slot)],
      start,
      end: start + lane.assigner.sizeMs,
      value,
      // Kafka stamps a result with its latest event, Flink and Beam with the window's last instant.
      ts: this.#case.model === "kafka" ? content.maxTimeMs : start + lane.assigner.sizeMs - 1,
      window_id: (start - lane.assigner.offsetMs) / lane.assigner.slideMs,
      timing: reason === "complete" ? "ON_TIME" : "LATE",
      is_first: content.panes === 0,
      is_last: false,
      pane_index: content.panes,
      non_speculative_index: content.panes,
      ...(reason === "refinement" ? { kind: "late_firing" } : {}),
      ...(tombstone ? { tombstone: true } : {}),
    };
    content.emittedEntries = content.entries.length;
    content.panes++;
    lane.lastRows.set(slot, row);
    this.#rows.push(row);
  }

  #stateSize(): number {
    let size = 0;
    for (const lane of this.#lanes.values()) {
      // A firing that discards leaves nothing behind.
      if (this.#setup.emission !== "discarding") size += lane.cells.size;
      else for (const content of lane.contents.values()) if (content.delta.length > 0) size++;
    }
    return size;
  }

  #compareMetrics(metrics: Row): void {
    const actual: Row = {
      dropped_records_total: this.#lateRows.length,
      record_lateness_max: Math.max(...this.#latenessMs),
      record_lateness_avg: this.#latenessMs.reduce((a, b) => a + b, 0) / this.#latenessMs.length,
    };
    for (const [name, value] of Object.entries(metrics)) {
      if (!(name in actual)) throw new UnsupportedKind(`metric ${name}`);
      if (actual[name] !== value)
        throw new Mismatch(`${name} is ${String(actual[name])}, expected ${String(value)}`);
    }
  }
}
